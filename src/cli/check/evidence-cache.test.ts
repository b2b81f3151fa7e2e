import { describe, expect, test } from 'vitest';
import {
  digestOf,
  evidenceOf,
  fakeEvidence,
  flippingEvidence,
} from '../../../test/fakes/evidence/evidence.ts';
import { unavailable } from '../../core/facts/fact.ts';
import { parseReference, type ImageReference } from '../../core/image/reference.ts';
import type { EvidenceRequest } from '../../evidence/gather.ts';
import { rememberEvidence } from './evidence-cache.ts';
import { digestOnly } from '../../core/facts/evidence-kind.ts';
import { imageNeed } from '../../core/facts/image-kind.ts';

const reference = (text: string): ImageReference => {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new Error(parsed.error.why);
  return parsed.value;
};
const digestNeeded = (text: string): EvidenceRequest => ({
  image: reference(text),
  needs: digestOnly,
});
const { signal } = new AbortController();

describe('the evidence of one command', () => {
  test('B1: asks about a tag once, however it is written and however many ask at the same time', async () => {
    const evidence = rememberEvidence(flippingEvidence());
    const texts = ['nginx', 'docker.io/library/nginx', 'nginx:latest'];
    const answers = await Promise.all(
      texts.map((text) => evidence.gather([digestNeeded(text), digestNeeded('redis')], undefined, signal)),
    );
    const digests = answers.map(([first]) => (first?.pinned.state === 'known' ? first.pinned.value : ''));
    expect(new Set(digests)).toEqual(new Set([digestOf('a')]));
  });

  test('answers in the order of the questions, the known and the new ones mixed', async () => {
    const asked = fakeEvidence((request) => evidenceOf(request, digestOf(request.image.repository)));
    const evidence = rememberEvidence(asked);
    await evidence.gather([digestNeeded('r.io/b')], undefined, signal);
    const answers = await evidence.gather(
      ['r.io/a', 'r.io/b', 'r.io/c'].map(digestNeeded),
      undefined,
      signal,
    );
    expect(answers.map(({ pinned }) => (pinned.state === 'known' ? pinned.value : undefined))).toEqual(
      ['a', 'b', 'c'].map(digestOf),
    );
    expect(asked.asked.map(({ references }) => references)).toEqual([
      ['r.io/b:latest'],
      ['r.io/a:latest', 'r.io/c:latest'],
    ]);
  });

  test('what needs more is asked again, and the latest answer is what is shown', async () => {
    const asked = fakeEvidence((request) =>
      request.needs.image === undefined
        ? { pinned: unavailable('r.io', 'down'), facts: {}, tried: [] }
        : evidenceOf(request, digestOf('a')),
    );
    const evidence = rememberEvidence(asked);
    const image = reference('r.io/a');
    expect(evidence.found(image)).toBeUndefined();
    await evidence.gather([digestNeeded('r.io/a')], undefined, signal);
    expect(evidence.found(image)?.pinned.state).toBe('unavailable');
    await evidence.gather([{ image, needs: { image: imageNeed('all') } }], undefined, signal);
    expect(evidence.found(image)?.pinned.state).toBe('known');
    expect(evidence.found(reference('r.io/other'))).toBeUndefined();
  });
});
