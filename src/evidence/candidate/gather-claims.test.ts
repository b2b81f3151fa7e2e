import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  everything,
  openClaimEvidence,
  attestationBy,
  signatureBy,
  signedBy,
  type ClaimEvidence,
} from '../../../test/fakes/evidence/claim-evidence.ts';
import {
  image,
  index,
  mediaTypes,
  type FakeManifest,
} from '../../../test/fakes/registry/registry-content.ts';
import { status } from '../../../test/fakes/registry/registry-faults.ts';
import { delayed, silence } from '../../../test/fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import {
  bundleSignature,
  candidateOf,
  junk,
  simpleSignature,
  tagFor,
} from '../../../test/fakes/signature/signed-candidates.ts';
import { bundleMediaType, dsseLayer, ecKey, statement } from '../../../test/fakes/signature/signed-layers.ts';
import type { ClaimFacts, Claim, CandidateSource } from '../../core/facts/claim.ts';
import type { Fact } from '../../core/facts/fact.ts';
import { verifyCandidate } from '../verify/verify-candidate.ts';

const repository = 'shop/web';
const web = image({ user: '1000' });
const key = ecKey();
const stranger = ecKey();
const slsa = 'https://slsa.dev/provenance/v1';

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  registry.push(repository, web, 'v1');
  gate = openClaimEvidence();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

const pushSig = (signature: FakeManifest) => registry.push(repository, signature, tagFor(web, 'sig'));
const pushBundle = (sign = key.sign, predicateType?: string) =>
  registry.push(repository, bundleSignature(web, sign, predicateType === undefined ? {} : { predicateType }));
const pinned = () => `${registry.host}/${repository}@${web.digest}`;
const claimsIn = <C extends Claim>(fact: Fact<ClaimFacts<C>>) => {
  if (fact.state !== 'known') throw new Error(`not known: ${JSON.stringify(fact)}`);
  return fact.value.named;
};
const signature = async (needs = signatureBy(key.spki)) =>
  claimsIn((await gate.ask(pinned(), needs)).signature);
const attestation = async (needs = attestationBy(key.spki, slsa)) =>
  claimsIn((await gate.ask(pinned(), needs)).attestation);
const stateOf = (found: Awaited<ReturnType<typeof signature>>): Partial<Record<CandidateSource, string>> =>
  Object.fromEntries(found.sources.map(({ source, state }) => [source, state]));

describe('a signature is found', () => {
  test('under the tag of cosign 2, with few requests', async () => {
    const made = pushSig(simpleSignature(web, key.sign));
    const { claims, rejected, left, sources } = await signature();
    expect(claims).toMatchObject([
      {
        says: 'signed',
        form: 'simple-signing',
        candidate: made.digest,
        sources: ['signature-tag'],
        location: `${registry.host}/${repository}`,
        about: web.digest,
        signer: { kind: 'key', spki: key.spki },
      },
    ]);
    expect([rejected, left]).toEqual([[], 0]);
    expect(sources.map(({ source, state }) => `${source} ${state}`)).toEqual([
      'signature-tag known',
      'referrers absent',
      'referrers-tag absent',
    ]);
    // The image; HEAD of two tags and the list; the manifest and the payload.
    expect(registry.counts()).toMatchObject({ total: 6, heads: 2, referrers: 1, blobs: 1 });
  });

  test.each(['referrers', 'referrers-tag'] as const)('as a bundle of cosign 3, by %s', async (source) => {
    registry.serveReferrers(source === 'referrers');
    const made = pushBundle();
    const { claims } = await signature();
    expect(claims).toMatchObject([{ form: 'bundle', candidate: made.digest, sources: [source] }]);
    expect(registry.counts().total).toBeLessThanOrEqual(8);
  });

  test('though the fallback tag calls it something else, as cosign 3 does', async () => {
    registry.serveReferrers(false);
    const made = pushBundle();
    const lie = { ...made.descriptor, artifactType: mediaTypes.ociEmpty };
    registry.push(repository, index([], { descriptors: [lie] }), web.digest.replace(':', '-'));
    expect((await signature()).claims).toMatchObject([{ candidate: made.digest }]);
  });

  test('once, where API and tag both name it', async () => {
    const made = pushBundle();
    registry.push(repository, index([], { descriptors: [made.descriptor] }), web.digest.replace(':', '-'));
    const { claims } = await signature();
    expect(claims).toMatchObject([{ sources: ['referrers', 'referrers-tag'] }]);
    expect(gate.verified).toHaveLength(1);
  });

  test('F3: among forms of strangers: one foreign bundle does not spoil a good tag (cosign 3.1.1 refuses it)', async () => {
    pushSig(simpleSignature(web, key.sign));
    pushBundle(stranger.sign);
    expect((await signature()).claims).toHaveLength(1);
  });

  test('by each of two keys, where both are asked for', async () => {
    pushSig(simpleSignature(web, key.sign, stranger.sign));
    pushBundle();
    const needs = signatureBy(key.spki, {
      keys: [key.spki, stranger.spki],
      demands: [signedBy(key.spki, 2), signedBy(stranger.spki)],
    });
    expect((await signature(needs)).claims.map(({ form }) => form).sort()).toEqual([
      'bundle',
      'simple-signing',
      'simple-signing',
    ]);
  });

  test('and the record says by whom', async () => {
    pushBundle();
    const { said } = await gate.ask(pinned(), signatureBy(key.spki));
    expect(said).toEqual([
      expect.stringMatching(/^signed by key sha256:[0-9a-f]{64} \(bundle, referrers\)$/),
    ]);
  });
});

describe('an attestation is found', () => {
  test('under the tag of cosign 2', async () => {
    const payload = statement({ digest: web.digest, predicateType: slsa });
    registry.push(repository, candidateOf([dsseLayer([key.sign], payload)]), tagFor(web, 'att'));
    expect((await attestation()).claims).toMatchObject([
      { says: 'attested', form: 'dsse', predicateType: slsa, sources: ['attestation-tag'] },
    ]);
    expect(registry.requests.some(({ reference }) => reference.endsWith('.sig'))).toBe(false);
  });

  test('as a bundle, and S4: it is no signature, nor a signature an attestation', async () => {
    const attested = pushBundle(key.sign, slsa);
    expect((await attestation()).claims).toMatchObject([{ candidate: attested.digest }]);
    const none = await signature();
    expect(none.claims).toEqual([]);
    expect(none.rejected).toMatchObject([{ candidate: attested.digest, fault: 'mismatch' }]);
    const signed = pushBundle();
    gate.advance(10_001);
    expect((await attestation(attestationBy(key.spki, slsa, { demands: [everything] }))).claims).toHaveLength(
      1,
    );
    expect((await signature()).claims).toMatchObject([{ candidate: signed.digest }]);
  });
});

describe('S2: each source is known, absent or unavailable by itself', () => {
  const faults = [
    ['signature-tag', '.sig'],
    ['referrers', '/referrers/'],
    ['referrers-tag', /manifests\/sha256-[0-9a-f]{64}$/],
  ] as const;
  test.each(faults)('%s fails: what the others name counts', async (source, path) => {
    registry.fault({ path }, status(500));
    if (source !== 'signature-tag') pushSig(simpleSignature(web, key.sign));
    else pushBundle();
    const found = await signature();
    expect(found.claims).toHaveLength(1);
    expect(stateOf(found)[source]).toBe('unavailable');
  });

  test('a source that does not answer delays nothing that another one names', async () => {
    registry.fault({ path: '/referrers/' }, silence());
    pushSig(simpleSignature(web, key.sign));
    const found = await signature();
    expect(found.claims).toHaveLength(1);
    expect(stateOf(found)).toEqual({ 'signature-tag': 'known', 'referrers-tag': 'absent' });
  });

  test('R25: content that does not come excuses nothing', async () => {
    pushBundle();
    registry.fault({ path: '/blobs/' }, status(500));
    const found = await signature();
    expect(found.sources).toMatchObject([{}, { source: 'referrers', state: 'unavailable' }, {}]);
    expect(JSON.stringify(found)).not.toContain('excusable');
  });

  const tags = /manifests\/sha256-/;
  const unavailable = { state: 'unavailable', why: { excusable: true } };
  test.each([
    ['nothing answers', [tags, '/referrers/'], [unavailable, unavailable, unavailable]],
    ['tags do not answer', [tags], [unavailable, { state: 'absent' }, unavailable]],
  ] as const)('R25: an outage of the lists is excusable: %s', async (_title, paths, want) => {
    for (const path of paths) registry.fault({ path }, status(500));
    expect(await signature()).toMatchObject({ sources: want });
  });

  test('R25: the Referrers API alone that fails is none: it may have too much to list', async () => {
    registry.fault({ path: '/referrers/' }, status(500));
    const found = await signature();
    expect(found.sources).toMatchObject([{}, { source: 'referrers', state: 'unavailable' }, {}]);
    expect(JSON.stringify(found)).not.toContain('excusable');
  });
});

describe('S3: what somebody with push rights can do is a bad candidate', () => {
  const good = simpleSignature(web, key.sign);
  const big = candidateOf([dsseLayer([key.sign], new Uint8Array(70 * 1024))]);
  const simple = 'application/vnd.dev.cosign.simplesigning.v1+json';
  const oversized = candidateOf([
    { form: 'simple-signing', mediaType: simple, annotations: {}, bytes: new Uint8Array(70 * 1024) },
  ]);
  const cases: readonly (readonly [string, () => void, string, RegExp])[] = [
    ['a tag that is an index', () => pushSig(index([web])), 'unreadable', /an index/],
    ['a tag that is an image', () => pushSig(image()), 'unreadable', /no layer of it/],
    ['a tag that is an attestation', () => pushSig(big), 'unreadable', /no layer of it/],
    [
      'a payload that is not there',
      () => {
        pushSig(good);
        registry.remove(repository, good.blobs[1]?.digest ?? '');
      },
      'unreadable',
      /not there/,
    ],
    ['a payload of 70 KiB', () => pushSig(oversized), 'limit', /71680 bytes/],
  ];
  test.each(cases)('%s', async (_title, push, fault, why) => {
    push();
    const found = await signature();
    expect(found.claims).toEqual([]);
    expect(found.rejected).toMatchObject([{ fault, why: expect.stringMatching(why), checks: [] }]);
    expect(Object.values(stateOf(found))).not.toContain('unavailable');
  });

  test('a referrer that refers to another image', async () => {
    const other = image({ user: '7' });
    const foreign = registry.push(repository, bundleSignature(other, key.sign));
    registry.push(repository, index([], { descriptors: [foreign.descriptor] }), web.digest.replace(':', '-'));
    expect(await signature()).toMatchObject({ claims: [], rejected: [{ fault: 'mismatch' }] });
  });

  test('a fallback tag that is no index is something that was not read', async () => {
    registry.push(repository, web, web.digest.replace(':', '-'));
    const found = await signature();
    expect(found).toMatchObject({ claims: [], left: 1 });
    const unread = expect.stringMatching(/the tag sha256-[0-9a-f]{64} is not an index$/);
    expect(found.sources).toContainEqual(
      expect.objectContaining({ source: 'referrers-tag', state: 'known', unread }),
    );
  });

  test('F5: one good signature among 300 things of another kind is found at once', async () => {
    pushBundle();
    for (let n = 0; n < 300; n++) registry.push(repository, junk(web, n));
    registry.forget();
    const began = performance.now();
    expect((await signature()).claims).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(5_000);
    // Four pages.
    expect(registry.counts()).toMatchObject({ referrers: 4, blobs: 1 });
  });

  test('F5, CVE-2023-33957, CVE-2023-33958: 300 that call themselves signatures are a limit, and 64 of them are read', async () => {
    for (let n = 0; n < 300; n++) registry.push(repository, junk(web, n, bundleMediaType));
    const found = await signature();
    expect(found).toMatchObject({ claims: [], left: 236 });
    expect(Object.values(stateOf(found))).not.toContain('unavailable');
    expect(registry.counts().manifests).toBe(64 + 1 + 2);
  });

  test.each([1, Number.MAX_SAFE_INTEGER])(
    'S2: another descriptor of a good candidate that names the size %d spoils nothing',
    async (size) => {
      const made = pushBundle();
      const tag = web.digest.replace(':', '-');
      registry.push(repository, index([], { descriptors: [{ ...made.descriptor, size }] }), tag);
      // Whichever list comes first.
      registry.fault({ path: '/referrers/' }, delayed(100));
      expect((await signature()).claims).toMatchObject([{ candidate: made.digest }]);
    },
  );

  test('what stands under the tag of cosign 2 comes first, whatever referrers say of themselves', async () => {
    const first = {
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
      'org.opencontainers.image.created': '2999-01-01T00:00:00Z',
    };
    for (let n = 0; n < 70; n++) {
      const annotations = { ...first, n: String(n) };
      registry.push(repository, bundleSignature(web, stranger.sign, { annotations }));
    }
    pushSig(good);
    expect((await signature()).claims).toMatchObject([{ form: 'simple-signing' }]);
    expect(gate.verified).toHaveLength(1);
  });

  test('R26: threads are shared between namespaces, for repositories of one tenant may be many', async () => {
    await gate.close();
    const owners: string[] = [];
    gate = openClaimEvidence({
      verifier: {
        verify: (verification, by) => {
          owners.push(...by());
          return Promise.resolve(verifyCandidate(verification));
        },
      },
    });
    pushSig(good);
    await gate.ask(pinned(), signatureBy(key.spki), { namespace: 'tenant' });
    expect(owners).toEqual(['tenant']);
  });

  test('one that waits for a thread keeps the next ones waiting: more of them would make the line longer', async () => {
    await gate.close();
    let verified = 0;
    gate = openClaimEvidence({
      verifier: {
        verify: async (verification, _owners, _signal, turn) => {
          verified += 1;
          turn?.waits();
          await setTimeout(900);
          turn?.comes();
          return verifyCandidate(verification);
        },
      },
    });
    pushSig(good);
    pushBundle();
    expect((await signature()).claims).toMatchObject([{ form: 'simple-signing' }]);
    expect(verified).toBe(1);
  });

  test('S2: a slow one in front of a good one does not turn a pass into a refusal', async () => {
    pushSig(good);
    const payload = good.blobs[1]?.digest ?? '';
    registry.fault({ path: `/blobs/${payload}` }, silence());
    pushBundle();
    expect((await signature()).claims).toMatchObject([{ form: 'bundle' }]);
  });
});

test('50 Pods of one new image at once: it is verified once, with few requests, and they share what was found', async () => {
  pushBundle();
  const asked = Array.from({ length: 50 }, (_, n) =>
    gate.ask(pinned(), signatureBy(key.spki), { namespace: `n${n % 5}` }),
  );
  const answers = await Promise.all(asked);
  for (const { signature } of answers) expect(claimsIn(signature).claims).toHaveLength(1);
  expect(gate.verified).toHaveLength(1);
  expect(registry.counts().total).toBeLessThanOrEqual(8);
  expect(new Set(answers.map(({ signature }) => signature)).size).toBe(1);
});
