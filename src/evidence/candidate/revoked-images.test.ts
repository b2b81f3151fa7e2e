import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClaimEvidence, type ClaimEvidence } from '../../../test/fakes/evidence/claim-evidence.ts';
import { verdictOn } from '../../../test/fakes/evidence/claim-verdict.ts';
import { image, index, type FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { candidateOf } from '../../../test/fakes/signature/signed-candidates.ts';
import {
  bundleLayer,
  bundleMediaType,
  ecKey,
  messageBundle,
} from '../../../test/fakes/signature/signed-layers.ts';
import type { Digest } from '../../core/image/digest.ts';

/**
 * A message signature signs the bytes of a manifest, whatever they are named by. Attack: an image is revoked, and the workload
 * names the same bytes by another algorithm.
 */

const repository = 'shop/web';
const key = ecKey();
const pem = `-----BEGIN PUBLIC KEY-----\n${key.spki}\n-----END PUBLIC KEY-----\n`;
const web = image({ user: '1000', platform: { os: 'linux', architecture: 'amd64' } });
const arm64 = image({ user: '1000', platform: { os: 'linux', architecture: 'arm64' } });

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  gate = openClaimEvidence();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

/** The same bytes, by another name. */
const named = (one: FakeManifest, algorithm: 'sha256' | 'sha384' | 'sha512'): FakeManifest => {
  const digest = `${algorithm}:${createHash(algorithm).update(one.bytes).digest('hex')}` as Digest;
  return { ...one, digest, descriptor: { ...one.descriptor, digest } };
};
const sign = (subject: FakeManifest) =>
  registry.push(
    repository,
    candidateOf([bundleLayer(messageBundle(key.sign, subject.bytes))], {
      subject,
      artifactType: bundleMediaType,
    }),
  );
const codes = async (of: FakeManifest, revoked: FakeManifest, mode = 'reference') => {
  const authorities = [{ name: 'release', key: { pem } }];
  const checks = [{ signature: { authorities, revoked: { images: [revoked.digest] } } }];
  const text = `${registry.host}/${repository}@${of.digest}`;
  return (await verdictOn({ p: { multiArch: { mode }, checks } }, text, gate, Date.now())).codes;
};

describe('B8: a revoked image is revoked by whichever name it is run', () => {
  test.each(['sha256', 'sha384', 'sha512'] as const)('an image by %s', async (algorithm) => {
    const one = named(web, algorithm);
    registry.push(repository, one);
    sign(one);
    expect(await codes(one, arm64)).toEqual([]);
    expect(await codes(one, web)).toEqual(['signature-revoked']);
  });

  test.each(['sha256', 'sha512'] as const)(
    'an image behind an index that names it by %s',
    async (algorithm) => {
      const child = named(web, algorithm);
      const list = index([child, arm64]);
      for (const one of [list, child, arm64]) registry.push(repository, one);
      for (const one of [list, child, arm64]) sign(one);
      expect(await codes(list, index([]), 'each-platform')).toEqual([]);
      expect(await codes(list, web, 'each-platform')).toEqual(['signature-revoked']);
    },
  );

  test('an index by sha512, of which each image is signed', async () => {
    const list = index([web, arm64]);
    const one = named(list, 'sha512');
    for (const each of [one, web, arm64]) registry.push(repository, each);
    for (const each of [web, arm64]) sign(each);
    expect(await codes(one, index([]), 'each-platform')).toEqual([]);
    expect(await codes(one, list, 'each-platform')).toEqual(['signature-revoked']);
  });
});
