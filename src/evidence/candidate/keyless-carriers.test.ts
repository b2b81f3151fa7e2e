import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClaimEvidence, type ClaimEvidence } from '../../../test/fakes/evidence/claim-evidence.ts';
import { eachPlatform, verdictOn } from '../../../test/fakes/evidence/claim-verdict.ts';
import { image, type FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { keylessBundle, type KeylessOptions } from '../../../test/fakes/signature/keyless.ts';
import {
  buildkitAttestations,
  buildkitIndex,
  candidateOf,
  statementLayer,
  statementManifest,
} from '../../../test/fakes/signature/signed-candidates.ts';
import { bundleLayer, bundleMediaType, statement } from '../../../test/fakes/signature/signed-layers.ts';
import {
  createSigstore,
  day,
  identity,
  issuerUrl,
  minute,
  now,
} from '../../../test/fakes/signature/sigstore-instance.ts';
import { absent, known } from '../../core/facts/fact.ts';

/** What holds a bare statement, signed without a key: from a registry to the verdict. */

const repository = 'shop/web';
const slsa = 'https://slsa.dev/provenance/v1';
const web = image({ platform: { os: 'linux', architecture: 'amd64' } });
const standing = statementManifest(web, slsa);
const held = buildkitAttestations(web, { [slsa]: {} });
const acme = createSigstore();

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  gate = openClaimEvidence({
    now,
    trustRoots: { get: (name) => (name === 'acme' ? known(acme.snapshot()) : absent) },
  });
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

const push = (...manifests: readonly FakeManifest[]) => {
  for (const one of manifests) registry.push(repository, one);
};
const judged = (attestation: object, { digest }: FakeManifest) =>
  verdictOn(eachPlatform({ attestation }), `${registry.host}/${repository}@${digest}`, gate, now);

describe('without a key, by trusted times of the signature', () => {
  /** A signature of this manifest without a key: `stamped` at a time. */
  const keyless = (carrier: FakeManifest, at: number, options: KeylessOptions = {}): FakeManifest =>
    candidateOf(
      [
        bundleLayer(
          keylessBundle(acme, {
            payload: statement({ digest: carrier.digest }),
            at,
            stamped: true,
            leaf: { from: at - 5 * minute, until: at + 5 * minute },
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
