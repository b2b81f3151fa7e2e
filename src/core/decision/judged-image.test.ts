import { describe, expect, test } from 'vitest';
import { policySet } from '../../../test/fakes/policy-set.ts';
import {
  evidenceOf,
  imageDigest,
  imageFacts,
  otherDigest,
  platformImage,
} from '../../../test/fakes/image-facts.ts';
import { ours, pinned } from '../../../test/fakes/verdict.ts';
import { judgedImage } from './judged-image.ts';

const good = imageFacts(platformImage('linux/amd64'));

describe('the record', () => {
  const use = { path: 'spec.containers[0].image', given: ours, place: 'p' };
  const { images } = policySet({});
  test('holds the digest that was judged and the credentials that were tried', () => {
    const evidence = evidenceOf(good, { tried: ['anonymous: used'], staleFor: 5 });
    expect(judgedImage({ use, fresh: true, image: images.read(ours), evidence })).toEqual({
      path: use.path,
      given: ours,
      reference: ours,
      digest: imageDigest,
      evidence: { tried: ['anonymous: used'], staleFor: 5 },
    });
  });
  test('keeps the digest of the text', () => {
    const evidence = evidenceOf({ ...good, digest: otherDigest });
    expect(judgedImage({ use, fresh: true, image: images.read(pinned), evidence }).digest).toBe(imageDigest);
  });
  test('is as before where nobody looked', () => {
    expect(judgedImage({ use, fresh: true, image: images.read(ours) })).toEqual({
      path: use.path,
      given: ours,
      reference: ours,
    });
  });
  test('keeps a few short words of each credential (B37)', () => {
    const tried = Array.from(
      { length: 100 },
      (_, at) => `pull secret shop/${String(at)}${'\u001b'.repeat(500)}`,
    );
    const trail = judgedImage({
      use,
      fresh: true,
      image: images.read(ours),
      evidence: evidenceOf(good, { tried }),
    }).evidence;
    expect(JSON.stringify(trail).length).toBeLessThan(1200);
    expect(JSON.stringify(trail)).not.toContain('\\u001b');
  });
});
