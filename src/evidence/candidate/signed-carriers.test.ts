import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { openClaimEvidence, type ClaimEvidence } from '../../../test/fakes/evidence/claim-evidence.ts';
import { eachPlatform, verdictOn } from '../../../test/fakes/evidence/claim-verdict.ts';
import { artifact, image, index, type FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { status } from '../../../test/fakes/registry/registry-faults.ts';
import { delayed, silence } from '../../../test/fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { now } from '../../../test/fakes/signature/sigstore-instance.ts';
import {
  buildkitAttestations,
  buildkitEntry,
  buildkitIndex,
  bundleSignature,
  candidateOf,
  junk,
  simpleSignature,
  statementLayer,
  statementManifest,
  tagFor,
} from '../../../test/fakes/signature/signed-candidates.ts';
import { dsseLayer, ecKey, statement } from '../../../test/fakes/signature/signed-layers.ts';
import type { Specs } from '../../../test/fakes/verdict.ts';
import type { Digest } from '../../core/image/digest.ts';
import { verifyCandidate } from '../verify/verify-candidate.ts';

/** What policies make of bare statements, by who signed what holds them: from a registry to the verdict. */

const repository = 'shop/web';
const platformed = (architecture: string): FakeManifest =>
  image({ user: architecture, platform: { os: 'linux', architecture } });
const web = platformed('amd64');
const arm64 = platformed('arm64');
const key = ecKey();
const stranger = ecKey();
const slsa = 'https://slsa.dev/provenance/v1';
const spdx = 'https://spdx.dev/Document';
const pem = `-----BEGIN PUBLIC KEY-----\n${key.spki}\n-----END PUBLIC KEY-----\n`;
const byKey = { predicateType: slsa, authorities: [{ name: 'builder', key: { pem } }] };

const open = (options: Parameters<typeof openClaimEvidence>[0] = {}): ClaimEvidence =>
  openClaimEvidence({ now, ...options });

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  gate = open();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

type Stage = readonly [FakeRegistry, ClaimEvidence];
const judgedBy = (specs: Specs, named: FakeManifest, [at, by]: Stage = [registry, gate]) =>
  verdictOn(specs, `${at.host}/${repository}@${named.digest}`, by, now);
/** What a policy that judges each image behind an index says of a workload that names this digest. */
const judged = (attestation: object, ...of: readonly [FakeManifest, Stage?]) =>
  judgedBy(eachPlatform({ attestation }), ...of);

const push = (...manifests: readonly FakeManifest[]) => {
  for (const one of manifests) registry.push(repository, one);
};
const built = (about: FakeManifest) => buildkitAttestations(about, { [slsa]: {}, [spdx]: {} });
const held = built(web);
const standing = statementManifest(web, slsa);

describe('S2: what is added beside a bare statement, and what is lost', () => {
  /** Entries that somebody adds to the index before it is signed, or that its builder writes so. */
  const entries = [
    buildkitEntry(held, arm64),
    buildkitEntry(standing, arm64),
    { ...held.descriptor, platform: { os: 'unknown', architecture: 'unknown' } },
    buildkitEntry(built(arm64), web),
    buildkitEntry(junk(web, 1), web),
    buildkitEntry(index([arm64]), web),
    { ...buildkitEntry(held, web), digest: `sha256:${'0'.repeat(64)}` as Digest },
    buildkitEntry(candidateOf([statementLayer(web, 'https://sigstore.dev/cosign/sign/v1')]), web),
  ];
  const indexOf = (added: readonly (typeof entries)[number][], isFirst: boolean): FakeManifest => {
    const own = [web.descriptor, buildkitEntry(held, web)];
    return index([web], { descriptors: isFirst ? [...added, ...own] : [...own, ...added] });
  };
  /** Manifests and tags that somebody with push rights adds. */
  const manifests: readonly ((list: FakeManifest) => readonly [FakeManifest, string?])[] = [
    (list) => [bundleSignature(list, stranger.sign)],
    (list) => [bundleSignature(list, key.sign, { predicateType: slsa })],
    (list) => [junk(list, 2)],
    (list) => [index([arm64]), tagFor(list, 'sig')],
    (list) => [artifact(), tagFor(list, 'sig')],
    () => [bundleSignature(standing, stranger.sign)],
    () => [bundleSignature(held, stranger.sign)],
    () => [simpleSignature(standing, stranger.sign), tagFor(standing, 'sig')],
    () => [statementManifest(web, slsa, web, { n: '1' })],
    () => [statementManifest(arm64, slsa, web)],
    () => [built(web), tagFor(web, 'att')],
    () => [
      index([], { descriptors: [buildkitEntry(standing, arm64), buildkitEntry(held, arm64)] }),
      web.digest.replace(':', '-'),
    ],
  ];
  const ways = fc.constantFrom('index', 'manifest', 'held manifest', 'nobody');
  const signaturesOf = (list: FakeManifest, way: string): readonly FakeManifest[] => {
    const signed = { index: list, manifest: standing, 'held manifest': held }[way];
    return signed === undefined ? [] : [bundleSignature(signed, key.sign)];
  };
  const staged = async <T>(
    all: readonly (readonly [FakeManifest, string?])[],
    use: (...stage: Stage) => Promise<T>,
  ): Promise<T> => {
    const own = await startFakeRegistry();
    const evidence = open();
    for (const [manifest, tag] of all) own.push(repository, manifest, ...(tag === undefined ? [] : [tag]));
    try {
      return await use(own, evidence);
    } finally {
      await evidence.close();
      await own.close();
    }
  };
  const base: readonly FakeManifest[] = [
    web,
    arm64,
    held,
    standing,
    built(arm64),
    junk(web, 1),
    index([arm64]),
  ];
  const world = fc.record({
    way: ways,
    added: fc.subarray(entries),
    isFirst: fc.boolean(),
    more: fc.subarray([...manifests]),
  });

  test('entries of the index, manifests and tags change neither a pass nor a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ way, added, isFirst, more }) => {
        const list = indexOf(added, isFirst);
        const all = [...base, list, ...signaturesOf(list, way)].map((one) => [one] as const);
        const verdict = await staged([...all, ...more.map((make) => make(list))], (...stage) =>
          judged(byKey, list, stage),
        );
        expect([verdict.allowed, verdict.codes]).toEqual(
          way === 'nobody' ? [false, [expect.stringMatching(/^(signature|attestation)-/)]] : [true, []],
        );
        expect(verdict.codes).not.toContain('signature-unavailable');
      }),
      { numRuns: 40 },
    );
  });

  test('what is lost never turns a refusal into a pass, and a pass only into "nobody could look"', async () => {
    /** All that is asked for of carriers and of the image, the images of the index and itself aside: those have to be read. */
    const pathsOf = (list: FakeManifest): readonly string[] => [
      ...[web, list, standing, held].flatMap(({ digest }) => [
        `/referrers/${digest}`,
        `/manifests/${digest.replace(':', '-')}`,
      ]),
      ...[standing, held].flatMap(({ digest, blobs }) => [
        `/manifests/${digest}`,
        ...blobs.map((one) => `/blobs/${one.digest}`),
      ]),
    ];
    const places = fc.uniqueArray(fc.nat({ max: 14 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(world, places, async ({ way, added, isFirst }, lost) => {
        const list = indexOf(added, isFirst);
        const all = [...base, list, ...signaturesOf(list, way)].map((one) => [one] as const);
        const paths = pathsOf(list);
        const verdict = await staged(all, (own, evidence) => {
          for (const at of lost) own.fault({ path: paths[at] ?? 'nowhere' }, status(503));
          return judged(byKey, list, [own, evidence]);
        });
        if (way === 'nobody') expect(verdict.allowed).toBe(false);
        else if (!verdict.allowed) expect(verdict.codes).toEqual(['signature-unavailable']);
      }),
      { numRuns: 40 },
    );
  });

  test('a false entry beside the true one does not put the signature of the manifest off', async () => {
    for (const entries of [
      [buildkitEntry(held, web), buildkitEntry(held, arm64)],
      [buildkitEntry(held, arm64), buildkitEntry(held, web)],
    ]) {
      const list = index([web], { descriptors: [web.descriptor, ...entries] });
      push(web, held, list, bundleSignature(held, key.sign));
      expect(await judged(byKey, list)).toMatchObject({ allowed: true });
    }
  });

  test('a list that names the signature for another reason comes before its tag', async () => {
    const signature = simpleSignature(standing, key.sign);
    const fallback = index([], { descriptors: [signature.descriptor] });
    push(web, standing);
    registry.push(repository, fallback, standing.digest.replace(':', '-'));
    registry.push(repository, signature, tagFor(standing, 'sig'));
    registry.fault({ path: tagFor(standing, 'sig') }, delayed(1200));
    expect(await judged(byKey, web)).toMatchObject({ allowed: true });
  });

  test('S3: entries beyond what is looked at of an index are a limit', async () => {
    await gate.close();
    gate = open({ limits: { indexCandidates: 1 } });
    const list = index([web], {
      descriptors: [web.descriptor, buildkitEntry(built(arm64), web), buildkitEntry(held, web)],
    });
    push(web, held, built(arm64), list, bundleSignature(list, key.sign));
    expect(await judged(byKey, list)).toMatchObject({ allowed: false, codes: ['signature-limit'] });
  });

  test('a policy that judges what is named waits for what is said of that', async () => {
    const list = buildkitIndex([[web, held]]);
    const about = statement({ digest: list.digest, predicateType: slsa });
    push(web, held, list, bundleSignature(list, key.sign));
    registry.push(repository, candidateOf([dsseLayer([key.sign], about)]), tagFor(list, 'att'));
    registry.fault({ path: tagFor(list, 'att') }, delayed(400));
    const specs = { ...eachPlatform({ attestation: byKey }), q: { checks: [{ attestation: byKey }] } };
    expect(await judgedBy(specs, list)).toMatchObject({ allowed: true });
  });

  describe('what is slow to read or to verify does not keep the good one waiting', () => {
    const list = buildkitIndex([[web, held]]);
    /** Candidates beside this one that nobody comes to the end of. */
    const slowAt = async (...at: readonly FakeManifest[]): Promise<void> => {
      await gate.close();
      const slow = at.flatMap((carrier) =>
        Array.from({ length: 12 }, (_, n) =>
          bundleSignature(carrier, stranger.sign, { annotations: { n: String(n) } }),
        ),
      );
      const silent = at.map((carrier) =>
        bundleSignature(carrier, key.sign, { annotations: { n: 'silent' } }),
      );
      push(web, held, standing, list, ...slow, ...silent);
      for (const { digest } of silent) registry.fault({ path: digest }, silence());
      gate = open({
        verifier: {
          verify: (verification) =>
            slow.some(({ digest }) => digest === verification.candidate)
              ? new Promise(() => {})
              : Promise.resolve(verifyCandidate(verification)),
        },
      });
    };

    test('beside the manifest that holds a statement', async () => {
      await slowAt(standing);
      registry.push(repository, simpleSignature(standing, key.sign), tagFor(standing, 'sig'));
      expect(await judged(byKey, web)).toMatchObject({ allowed: true });
    });

    test('beside the index that lists it', async () => {
      await slowAt(list);
      registry.push(repository, simpleSignature(list, key.sign), tagFor(list, 'sig'));
      expect(await judged(byKey, list)).toMatchObject({ allowed: true });
    });

    test('beside the index, where the manifest that holds the statement is signed', async () => {
      await slowAt(list);
      registry.push(repository, simpleSignature(held, key.sign), tagFor(held, 'sig'));
      expect(await judged(byKey, list)).toMatchObject({ allowed: true });
    });

    const signed = { signature: { authorities: byKey.authorities } };
    test.each([
      ['beside the index, where each image is signed', list, web],
      ['beside an image, where the index is signed', web, list],
    ])('%s', async (_title, at, good) => {
      await slowAt(at);
      registry.push(repository, simpleSignature(good, key.sign), tagFor(good, 'sig'));
      expect(await judgedBy(eachPlatform(signed), list)).toMatchObject({ allowed: true });
    });
  });
});

describe('what is kept of the signatures of what holds a statement', () => {
  test('their lists count for a minute where they are enough, as those of the image do', async () => {
    const list = buildkitIndex([[web, held]]);
    push(web, held, list, bundleSignature(list, key.sign));
    expect(await judged(byKey, list)).toMatchObject({ allowed: true });
    const tags = () => registry.requests.filter(({ path }) => path.endsWith(tagFor(list, 'sig'))).length;
    expect(tags()).toBe(1);
    gate.advance(40_000);
    expect(await judged(byKey, list)).toMatchObject({ allowed: true });
    expect(tags()).toBe(1);
    gate.advance(21_000);
    expect(await judged(byKey, list)).toMatchObject({ allowed: true });
    expect(tags()).toBe(2);
  });

  test.each([
    ['the index', () => buildkitIndex([[web, held]]), [web, held]],
    ['the manifest', () => standing, [web]],
  ])('and where every candidate has to fit as well: %s', async (_title, make, more) => {
    const carrier = make();
    push(...more, carrier, bundleSignature(carrier, key.sign));
    const named = carrier === standing ? web : carrier;
    const tags = () => registry.requests.filter(({ path }) => path.endsWith(tagFor(carrier, 'sig'))).length;
    for (const [wait, times] of [
      [0, 1],
      [11_000, 1],
      [38_000, 1],
      [12_000, 2],
    ] as const) {
      gate.advance(wait);
      expect(await judged({ ...byKey, select: 'All' }, named)).toMatchObject({ allowed: true });
      expect(tags()).toBe(times);
    }
  });

  test('"nobody signed it" counts for 10 s', async () => {
    push(web, standing, bundleSignature(standing, stranger.sign));
    expect(await judged({ ...byKey, select: 'All' }, web)).toMatchObject({ allowed: false });
    push(bundleSignature(standing, key.sign));
    gate.advance(10_001);
    expect(await judged({ ...byKey, select: 'All' }, web)).toMatchObject({ allowed: true });
  });

  test('while the registry is down they stand in for a day', async () => {
    const list = buildkitIndex([[web, held]]);
    push(web, held, list, standing, bundleSignature(list, key.sign));
    expect(await judged(byKey, list)).toMatchObject({ allowed: true });
    registry.fault({ path: '/' }, status(503));
    gate.advance(23 * 3_600_000);
    expect(await judged(byKey, list)).toMatchObject({ allowed: true });
  });

  test('each statement and each one that nobody signed is counted', async () => {
    push(web, standing, statementManifest(web, spdx), bundleSignature(standing, key.sign));
    await judged({ ...byKey, select: 'All' }, web);
    expect(gate.counted.filter((one) => one.startsWith('statement')).sort()).toEqual([
      'statement claim',
      'statement unsigned',
    ]);
  });
});
