import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import {
  attestationBy,
  openClaimEvidence,
  signatureBy,
  type ClaimEvidence,
} from '../../../test/fakes/evidence/claim-evidence.ts';
import { image, index, type FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { status } from '../../../test/fakes/registry/registry-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import {
  buildkitAttestations,
  buildkitEntry,
  buildkitIndex,
  bundleSignature,
  candidateOf,
  simpleSignature,
  statementLayer,
  statementManifest,
  tagFor,
} from '../../../test/fakes/signature/signed-candidates.ts';
import { dsseLayer, ecKey, statement } from '../../../test/fakes/signature/signed-layers.ts';
import type { AttestationClaim, ClaimFacts } from '../../core/facts/claim.ts';
import type { Fact } from '../../core/facts/fact.ts';

const repository = 'shop/web';
const platformed = (architecture: string): FakeManifest =>
  image({ user: architecture, platform: { os: 'linux', architecture } });
const web = platformed('amd64');
const arm64 = platformed('arm64');
const key = ecKey();
const stranger = ecKey();
const slsa = 'https://slsa.dev/provenance/v1';
const spdx = 'https://spdx.dev/Document';

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  registry.serveReferrers(true);
  gate = openClaimEvidence();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

const push = (...manifests: readonly FakeManifest[]) => {
  for (const one of manifests) registry.push(repository, one);
};
/** Provenance and package list of one image. */
const built = (about: FakeManifest, types: readonly string[] = [slsa, spdx], subject?: FakeManifest) =>
  buildkitAttestations(about, Object.fromEntries(types.map((type) => [type, {}])), subject);
const factsOf = (fact: Fact<ClaimFacts<AttestationClaim>>): ClaimFacts<AttestationClaim> => {
  if (fact.state !== 'known') throw new Error(`not known: ${JSON.stringify(fact)}`);
  return fact.value;
};
const askFor = async (named: FakeManifest, more: Parameters<typeof attestationBy>[2] = {}) => {
  const needs = attestationBy(key.spki, slsa, more);
  const { attestation } = await gate.ask(`${registry.host}/${repository}@${named.digest}`, needs);
  return factsOf(attestation);
};
const everything = { demands: [{ key: 'everything', isMet: () => false, isFound: () => false }] };
const told = ({ claims }: { readonly claims: readonly AttestationClaim[] }) =>
  claims.map(({ predicateType, carrier }) => `${predicateType} ${carrier?.kind ?? 'itself'}`).sort();

describe('a bare statement in a manifest that refers to the image', () => {
  const held = statementManifest(web, slsa);

  test.each([
    ['cosign 3', () => push(bundleSignature(held, key.sign))],
    ['cosign 2', () => void registry.push(repository, simpleSignature(held, key.sign), tagFor(held, 'sig'))],
  ])('counts as signed by whoever signed that manifest with %s', async (_title, sign) => {
    push(web, held);
    sign();
    const { named } = await askFor(web);
    expect(named.claims).toMatchObject([
      {
        says: 'attested',
        form: 'statement',
        predicateType: slsa,
        candidate: held.digest,
        about: web.digest,
        carrier: { kind: 'manifest', digest: held.digest },
        signer: { kind: 'key', spki: key.spki },
      },
    ]);
    expect(named.rejected).toEqual([]);
  });

  test('is unsigned where nobody signed that manifest, and its bytes are not fetched', async () => {
    push(web, held);
    const { named } = await askFor(web);
    expect(named.claims).toEqual([]);
    expect(named.rejected).toMatchObject([{ candidate: held.digest, fault: 'unsigned', form: 'statement' }]);
    expect(registry.counts().blobs).toBe(0);
  });

  test('says nothing where a stranger signed that manifest', async () => {
    push(web, held, bundleSignature(held, stranger.sign));
    const { named } = await askFor(web);
    expect(named.claims).toEqual([]);
    expect(named.rejected.map(({ fault }) => fault)).toEqual(['untrusted']);
  });

  test.each([
    ['the image', web],
    ['another manifest', statementManifest(web, spdx)],
  ])('says nothing where %s is signed, and not what holds it', async (_title, signed) => {
    push(web, held, signed, bundleSignature(signed, key.sign));
    const { named } = await askFor(web);
    expect(named.claims.filter(({ predicateType }) => predicateType === slsa)).toEqual([]);
  });

  test('S1: says nothing where it is about another digest', async () => {
    const lie = statementManifest(arm64, slsa, web);
    push(web, lie, bundleSignature(lie, key.sign));
    const { named } = await askFor(web);
    expect(named.claims).toEqual([]);
    expect(named.rejected.map(({ fault }) => fault)).toContain('mismatch');
  });

  test('says nothing where its manifest refers to another image', async () => {
    const other = statementManifest(web, slsa, arm64);
    push(web, arm64, other, bundleSignature(other, key.sign));
    expect((await askFor(web)).named.claims).toEqual([]);
  });

  test('S4: an attestation about the manifest is no signature of it', async () => {
    push(web, held, bundleSignature(held, key.sign, { predicateType: slsa }));
    expect((await askFor(web)).named.claims).toEqual([]);
  });

  test('S4, B3: a bare statement is never a signature', async () => {
    const fake = statementManifest(web, 'https://sigstore.dev/cosign/sign/v1');
    push(web, fake, bundleSignature(fake, key.sign));
    expect((await askFor(web)).named.claims).toEqual([]);
    const { signature } = await gate.ask(
      `${registry.host}/${repository}@${web.digest}`,
      signatureBy(key.spki),
    );
    expect(signature.state === 'known' && signature.value.named.claims).toEqual([]);
  });

  test('one level: what holds it is not signed by way of another statement that is signed', async () => {
    const second = statementManifest(held, 'https://sigstore.dev/cosign/sign/v1');
    push(web, held, second, bundleSignature(second, key.sign));
    expect((await askFor(web)).named.claims).toEqual([]);
  });

  test('a blob with other bytes than the manifest names says nothing', async () => {
    const layer = statementLayer(web, slsa);
    const { blobs } = held;
    const swapped = blobs.map((blob) =>
      blob.mediaType === layer.mediaType
        ? {
            ...blob,
            bytes: Buffer.from(blob.bytes.toString().replace(slsa, 'https://slsa.dev/provenance/v2')),
          }
        : blob,
    );
    push(web, { ...held, blobs: swapped }, bundleSignature(held, key.sign));
    const { named } = await askFor(web);
    expect(named.claims).toEqual([]);
    expect(named.rejected.map(({ fault }) => fault)).toEqual(['unreadable']);
  });

  test('beside an envelope under the tag `.att` only the envelope counts', async () => {
    const mixed = candidateOf([
      statementLayer(web, slsa),
      dsseLayer([key.sign], statement({ digest: web.digest, predicateType: spdx })),
    ]);
    registry.push(repository, web);
    registry.push(repository, mixed, tagFor(web, 'att'));
    registry.push(repository, simpleSignature(mixed, key.sign), tagFor(mixed, 'sig'));
    expect(told((await askFor(web, everything)).named)).toEqual([`${spdx} itself`]);
  });

  test('S2: where its signatures cannot be looked up, that is known, and is no excuse (R25)', async () => {
    push(web, held, bundleSignature(held, key.sign));
    const hex = held.digest.slice('sha256:'.length);
    const paths = [`/referrers/${held.digest}`, `sha256-${hex}.sig`, `/manifests/sha256-${hex}`];
    for (const path of paths) registry.fault({ path }, status(503));
    const { named } = await askFor(web);
    expect(named.claims).toEqual([]);
    const lost = named.sources.flatMap((one) => (one.state === 'unavailable' ? [one.why] : []));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.filter(({ excusable }) => excusable === true)).toEqual([]);
  });

  test('is not asked for by a check of signatures', async () => {
    push(web, held);
    await gate.ask(`${registry.host}/${repository}@${web.digest}`, signatureBy(key.spki));
    const before = registry.counts().total;
    // The image, the list, HEAD of two tags, the manifest that turns out to be of another kind; both lists once more at most.
    expect(before).toBeLessThanOrEqual(8);
  });
});

describe("BuildKit's attestation manifest in an index", () => {
  test.each([
    ['old storage', undefined],
    ['new storage', web],
  ])(
    'counts as signed by whoever signed the index, each statement by itself: %s',
    async (_title, subject) => {
      const held = built(web, [slsa, spdx], subject);
      const list = buildkitIndex([[web, held]]);
      push(list, bundleSignature(list, key.sign));
      const { platforms } = await askFor(list, { platforms: 'all', ...everything });
      expect(platforms.map(told)).toEqual([[`${spdx} index`, `${slsa} index`].sort()]);
      expect(platforms[0]?.claims[0]).toMatchObject({
        about: web.digest,
        carrier: { kind: 'index', digest: list.digest },
        sources: expect.arrayContaining(['index']) as unknown,
      });
    },
  );

  test('says nothing where the index is not signed, though the image is', async () => {
    const held = built(web);
    const list = buildkitIndex([[web, held]]);
    push(list, bundleSignature(web, key.sign));
    const { platforms } = await askFor(list, { platforms: 'all' });
    expect(platforms.flatMap(({ claims }) => claims)).toEqual([]);
    expect(platforms[0]?.rejected.map(({ fault }) => fault)).toContain('unsigned');
  });

  test('says nothing where another index with it is signed', async () => {
    const held = built(web);
    const list = buildkitIndex([[web, held]]);
    const other = index([web, held], {
      descriptors: [web.descriptor, buildkitEntry(held, web)],
      annotations: { n: '1' },
    });
    push(list, other, bundleSignature(other, key.sign));
    expect((await askFor(list, { platforms: 'all' })).platforms.flatMap(({ claims }) => claims)).toEqual([]);
  });

  test('S1: one image is not vouched for by what is said of another, whatever the index says of it', async () => {
    const held = built(arm64);
    const list = index([web, arm64, held], {
      descriptors: [web.descriptor, arm64.descriptor, buildkitEntry(held, web)],
    });
    push(list, bundleSignature(list, key.sign));
    const { platforms } = await askFor(list, { platforms: 'all' });
    expect(platforms.map(({ claims }) => claims.length)).toEqual([0, 2]);
  });

  test('an image without one hears nothing of that of another image', async () => {
    const held = built(web);
    const list = index([web, arm64, held], {
      descriptors: [web.descriptor, arm64.descriptor, buildkitEntry(held, web)],
    });
    push(list, bundleSignature(list, key.sign));
    const { platforms } = await askFor(list, { platforms: 'all' });
    expect(platforms.map(({ claims, rejected }) => [claims.length, rejected.length])).toEqual([
      [2, 0],
      [0, 0],
    ]);
  });

  test('does not count for what is asked of the index itself', async () => {
    const held = built(web);
    const list = buildkitIndex([[web, held]]);
    push(list, bundleSignature(list, key.sign));
    expect((await askFor(list)).named.claims).toEqual([]);
  });

  test('costs few requests, and is verified once for a thousand Pods', async () => {
    const held = built(web);
    const list = buildkitIndex([[web, held]]);
    push(list, bundleSignature(list, key.sign));
    await Promise.all(Array.from({ length: 1000 }, () => askFor(list, { platforms: 'all' })));
    // Index and image; three sources of each, and the tag `.sig` of the index; the attestation manifest and its two statements;
    // the signature and its bundle.
    expect(registry.counts().total).toBeLessThanOrEqual(14);
    expect(gate.verified.filter(({ says }) => says === 'attested').length).toBeLessThanOrEqual(2);
  });
});

describe('limits and hostile crowds of bare statements', () => {
  test('what is read stays within the limits, and one that is signed by itself is still found', async () => {
    const crowd = Array.from({ length: 80 }, (_, n) => statementManifest(web, slsa, web, { n: String(n) }));
    push(
      web,
      ...crowd,
      bundleSignature(web, key.sign, {
        predicateType: slsa,
        annotations: { 'dev.sigstore.bundle.predicateType': slsa },
      }),
    );
    const { named } = await askFor(web);
    expect(told(named)).toEqual([`${slsa} itself`]);
  });

  test('a crowd beside nothing good leaves some, and asks the registry for no more than the limits', async () => {
    const crowd = Array.from({ length: 80 }, (_, n) => statementManifest(web, slsa, web, { n: String(n) }));
    push(web, ...crowd);
    const { named } = await askFor(web);
    expect(named.claims).toEqual([]);
    expect(named.left).toBeGreaterThan(0);
    expect(registry.counts().total).toBeLessThanOrEqual(4 + 64 * 4);
  });

  test('S2: one more manifest never takes a claim away, nor does a lost one add one', async () => {
    const good = statementManifest(web, slsa);
    const goodSignature = bundleSignature(good, key.sign);
    const others = [
      statementManifest(web, spdx),
      statementManifest(arm64, slsa, web),
      bundleSignature(good, stranger.sign),
      bundleSignature(good, key.sign, { predicateType: slsa }),
      bundleSignature(web, key.sign),
      candidateOf([statementLayer(good, slsa)], { subject: good }),
    ];
    await fc.assert(
      fc.asyncProperty(fc.subarray(others), fc.boolean(), async (more, hasSignature) => {
        const own = await startFakeRegistry();
        own.serveReferrers(true);
        const evidence = openClaimEvidence();
        for (const one of [web, good, ...more, ...(hasSignature ? [goodSignature] : [])])
          own.push(repository, one);
        const needs = attestationBy(key.spki, slsa);
        const { attestation } = await evidence.ask(`${own.host}/${repository}@${web.digest}`, needs);
        const claims = factsOf(attestation).named.claims.filter(
          ({ predicateType }) => predicateType === slsa,
        );
        await evidence.close();
        await own.close();
        expect(claims.length > 0).toBe(hasSignature);
      }),
      { numRuns: 25 },
    );
  });
});
