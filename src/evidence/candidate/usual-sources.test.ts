import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  attestationBy,
  everything,
  openClaimEvidence,
  signatureBy,
  type ClaimEvidence,
} from '../../../test/fakes/evidence/claim-evidence.ts';
import { image, index, type FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { withHeaders } from '../../../test/fakes/registry/registry-faults.ts';
import { silence } from '../../../test/fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import {
  bundleSignature,
  junk,
  simpleSignature,
  tagFor,
} from '../../../test/fakes/signature/signed-candidates.ts';
import { bundleMediaType, ecKey } from '../../../test/fakes/signature/signed-layers.ts';
import type { ImageNeeds } from '../../core/facts/evidence-kind.ts';

const key = ecKey();
const slsa = 'https://slsa.dev/provenance/v1';

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  registry.serveReferrers(false);
  gate = openClaimEvidence();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

let pushed = 0;
/** An image of its own repository, with what stands beside it. */
const push = (beside: (made: FakeManifest) => readonly (readonly [FakeManifest, string])[]) => {
  const repository = `shop/web-${++pushed}`;
  const made = image({ user: String(pushed) });
  registry.push(repository, made, 'v1');
  for (const [manifest, tag] of beside(made)) registry.push(repository, manifest, tag);
  registry.forget();
  return `${registry.host}/${repository}@${made.digest}`;
};
const fallbackTag = ({ digest }: FakeManifest): string => digest.replace(':', '-');
const bundles = (made: FakeManifest, predicateType?: string) =>
  [
    index([bundleSignature(made, key.sign, predicateType === undefined ? {} : { predicateType })]),
    fallbackTag(made),
  ] as const;
const cosign2 = (made: FakeManifest) => [simpleSignature(made, key.sign), tagFor(made, 'sig')] as const;

const asked = (): readonly string[] =>
  registry.requests.map(({ path }) => {
    if (path.includes('/referrers/')) return 'referrers';
    if (path.endsWith('.sig')) return '.sig';
    return /manifests\/sha256-[0-9a-f]{64}$/.test(path) ? 'fallback tag' : 'content';
  });
const claims = async (text: string, needs: ImageNeeds = signatureBy(key.spki)): Promise<number> => {
  const { signature } = await gate.ask(text, needs);
  if (signature.state !== 'known') throw new Error(`not known: ${JSON.stringify(signature)}`);
  return signature.value.named.claims.length;
};

describe('where signatures of a host stand is asked first, and the rest only where that is not enough', () => {
  test('of a registry that nobody knows, everything is asked', async () => {
    expect(await claims(push((made) => [bundles(made)]))).toBe(1);
    expect(asked()).toEqual(expect.arrayContaining(['.sig', 'referrers', 'fallback tag']));
  });

  test('a registry without the Referrers API is asked for it once, not for each image', async () => {
    await claims(push((made) => [bundles(made)]));
    expect(await claims(push((made) => [bundles(made)]))).toBe(1);
    expect([...asked()].sort()).toEqual(['.sig', 'content', 'content', 'content', 'fallback tag']);
  });

  test('a new image, signed and attested, costs eight requests at most', async () => {
    const both = (made: FakeManifest) => {
      const beside = [
        bundleSignature(made, key.sign),
        bundleSignature(made, key.sign, { predicateType: slsa }),
      ];
      return [[index(beside), fallbackTag(made)] as const];
    };
    const needs = { ...signatureBy(key.spki), ...attestationBy(key.spki, slsa) };
    await gate.ask(push(both), needs);
    const { signature, attestation } = await gate.ask(push(both), needs);
    expect([signature.state, attestation.state]).toEqual(['known', 'known']);
    expect(registry.counts()).toMatchObject({ referrers: 0, blobs: 2 });
    expect(registry.counts().total).toBeLessThanOrEqual(8);
  });

  test('signatures under the tag of cosign 2 need no look at referrers', async () => {
    await claims(push((made) => [cosign2(made)]));
    expect(await claims(push((made) => [cosign2(made)]))).toBe(1);
    expect(asked()).not.toContain('referrers');
    expect(asked()).not.toContain('fallback tag');
  });

  test('S2: an image that is signed in another way than those before it is found all the same', async () => {
    await claims(push((made) => [cosign2(made)]));
    expect(await claims(push((made) => [bundles(made)]))).toBe(1);
    registry.serveReferrers(true);
    expect(await claims(push((made) => [[bundleSignature(made, key.sign), 'signature']]))).toBe(1);
  });

  test('S2: where everything is asked for, every source is looked at', async () => {
    await claims(push((made) => [cosign2(made)]));
    const both = push((made) => [cosign2(made), bundles(made)]);
    expect(await claims(both, signatureBy(key.spki, { demands: [everything] }))).toBe(2);
    expect(asked()).toEqual(expect.arrayContaining(['.sig', 'referrers', 'fallback tag']));
  });

  test('S2: the tag of cosign comes first, though signatures stood elsewhere and junk fills the limit there', async () => {
    await claims(push((made) => [bundles(made)]));
    const text = push((made) => [
      cosign2(made),
      [index(Array.from({ length: 70 }, (_, n) => junk(made, n, bundleMediaType))), fallbackTag(made)],
    ]);
    expect(await claims(text)).toBe(1);
  });

  test('S2: candidates that never come keep no other source from being looked at', async () => {
    await claims(push((made) => [bundles(made)]));
    registry.serveReferrers(true);
    const slow = push((made) => {
      const hanging = Array.from({ length: 8 }, (_, n) => junk(made, n, bundleMediaType));
      for (const { digest } of hanging) registry.fault({ path: `/manifests/${digest}` }, silence());
      return [
        [index(hanging), fallbackTag(made)],
        [bundleSignature(made, key.sign), 'signature'],
      ];
    });
    expect(await claims(slow)).toBe(1);
  });

  test('an image without a signature is refused after a look at everything', async () => {
    await claims(push((made) => [cosign2(made)]));
    expect(await claims(push(() => []))).toBe(0);
    expect(asked()).toEqual(expect.arrayContaining(['.sig', 'referrers', 'fallback tag']));
  });

  test('a fallback tag that is likely is read by GET, where the host counts pulls by HEAD and GET', async () => {
    await claims(push((made) => [bundles(made)]));
    await claims(push((made) => [bundles(made)]));
    expect(registry.counts().heads).toBe(1);
    registry.fault({ path: '/manifests/' }, withHeaders({ 'ratelimit-limit': '100;w=21600' }));
    for (const heads of [2, 2]) {
      await claims(push((made) => [bundles(made)]));
      expect(registry.counts().heads).toBe(heads);
    }
  });

  test('lists under a fallback tag that are read again cost no counted GET while they stay as they are', async () => {
    const text = push((made) => [bundles(made)]);
    expect(await claims(text)).toBe(1);
    for (const _ of [1, 2]) {
      registry.forget();
      gate.advance(60_001);
      expect(await claims(text)).toBe(1);
      expect(new Set(registry.requests.map(({ method }) => method))).toEqual(new Set(['HEAD']));
    }
  });

  test('a tag that was not there is asked for by HEAD from then on, for Docker Hub counts GETs', async () => {
    await claims(push((made) => [bundles(made)]));
    const unsigned = push(() => []);
    for (const heads of [1, 3, 5]) {
      expect(await claims(unsigned)).toBe(0);
      expect(registry.counts().heads).toBe(heads);
      gate.advance(10_001);
    }
  });
});
