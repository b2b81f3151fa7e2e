import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { openClaimEvidence, type ClaimEvidence } from '../../../test/fakes/evidence/claim-evidence.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { artifact, image, index, type FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { status } from '../../../test/fakes/registry/registry-faults.ts';
import { silence } from '../../../test/fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { keylessBundle, type KeylessOptions } from '../../../test/fakes/signature/keyless.ts';
import {
  createSigstore,
  day,
  identity,
  issuerUrl,
  now,
} from '../../../test/fakes/signature/sigstore-instance.ts';
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
import {
  bundleLayer,
  bundleMediaType,
  ecKey,
  statement,
} from '../../../test/fakes/signature/signed-layers.ts';
import { judge } from '../../../test/fakes/verdict.ts';
import { absent, known } from '../../core/facts/fact.ts';
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
const acme = createSigstore();
const pem = `-----BEGIN PUBLIC KEY-----\n${key.spki}\n-----END PUBLIC KEY-----\n`;
const byKey = { predicateType: slsa, authorities: [{ name: 'builder', key: { pem } }] };

const open = (options: Parameters<typeof openClaimEvidence>[0] = {}): ClaimEvidence =>
  openClaimEvidence({
    now,
    trustRoots: { get: (name) => (name === 'acme' ? known(acme.snapshot()) : absent) },
    ...options,
  });

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
/** What a policy with this check says of a workload that names this digest. */
const judgedBy = async (check: object, named: FakeManifest, [at, by]: Stage = [registry, gate]) => {
  const specs = { p: { multiArch: { mode: 'each-platform' }, checks: [check] } };
  const [needs] = policySet(specs)
    .forNamespace('shop')
    .policies.map(({ needs: wanted }) => wanted);
  const text = `${at.host}/${repository}@${named.digest}`;
  const { signature, attestation } = await by.ask(text, needs ?? {});
  const evidence = {
    pinned: known(named.digest),
    facts: { signature, attestation },
    tried: ['anonymous: used'],
  };
  const verdict = judge(specs, text, { evidence, situation: { now } });
  return { ...verdict, codes: verdict.findings.map(({ code }) => code) };
};
const judged = (attestation: object, ...of: readonly [FakeManifest, Stage?]) =>
  judgedBy({ attestation }, ...of);

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
      { numRuns: 60 },
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
      { numRuns: 60 },
    );
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

    const signed = { signature: { authorities: byKey.authorities } };
    test.each([
      ['beside the index, where each image is signed', list, web],
      ['beside an image, where the index is signed', web, list],
    ])('%s', async (_title, at, good) => {
      await slowAt(at);
      registry.push(repository, simpleSignature(good, key.sign), tagFor(good, 'sig'));
      expect(await judgedBy(signed, list)).toMatchObject({ allowed: true });
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

describe('without a key, by trusted times of the signature', () => {
  const minutes = 60_000;
  /** A signature of this manifest without a key: `stamped` at a time. */
  const keyless = (carrier: FakeManifest, at: number, options: KeylessOptions = {}): FakeManifest =>
    candidateOf(
      [
        bundleLayer(
          keylessBundle(acme, {
            payload: statement({ digest: carrier.digest }),
            at,
            stamped: true,
            leaf: { from: at - 5 * minutes, until: at + 5 * minutes },
            ...options,
          }),
        ),
      ],
      { subject: carrier, artifactType: bundleMediaType },
    );
  const check = (more: object = {}) => ({
    predicateType: slsa,
    authorities: [
      {
        name: 'ci',
        keyless: { trustRoot: 'acme', identities: [{ issuer: issuerUrl, subject: identity }] },
        require: { logs: 1, timestamps: 1, sct: 1 },
      },
    ],
    ...more,
  });
  const ago = (days: number): number => now - days * day;

  test.each([
    ['the manifest that holds it', standing, web, [] as readonly FakeManifest[]],
    ['the index', buildkitIndex([[web, held]]), undefined, [held]],
  ])('%s: young enough, and too old', async (_title, carrier, subject, more) => {
    push(web, carrier, ...more, keyless(carrier, ago(5)));
    const named = subject ?? carrier;
    expect(await judged(check({ maxAge: '6d' }), named)).toMatchObject({ allowed: true });
    expect(await judged(check({ maxAge: '4d' }), named)).toMatchObject({
      allowed: false,
      codes: ['signature-expired'],
    });
  });

  test('Newest: the statement whose carrier was signed last has to say what is asked', async () => {
    const [ours, theirs] = ['https://ci.example.com/ours', 'https://ci.example.com/theirs'].map((id) => {
      const predicate = { runDetails: { builder: { id } } };
      const bytes = statement({ digest: web.digest, predicateType: slsa, predicate });
      return candidateOf([{ ...statementLayer(web, slsa), bytes }], { subject: web });
    }) as [FakeManifest, FakeManifest];
    push(web, ours, theirs, keyless(ours, ago(5)), keyless(theirs, ago(8)));
    const newest = check({ select: 'Newest', provenance: { builders: ['https://ci.example.com/ours'] } });
    expect(await judged(newest, web)).toMatchObject({ allowed: true });
    push(keyless(theirs, ago(2)));
    gate.advance(61_000);
    expect(await judged(newest, web)).toMatchObject({ allowed: false, codes: ['attestation-condition'] });
  });

  test.each([
    ['another identity', { leaf: { issuer: 'https://evil.io' } }],
    ['no entry in a log', { log: 'none' as const }],
    ['no timestamp', { stamped: false }],
  ])('%s: refused', async (_title, options) => {
    push(web, standing, keyless(standing, ago(5), options));
    expect(await judged(check(), web)).toMatchObject({ allowed: false });
  });
});
