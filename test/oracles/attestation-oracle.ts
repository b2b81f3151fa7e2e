import { join } from 'node:path';
import type { AttestedStatement, Cosign } from '../e2e/harness/cosign.ts';
import { cosignVersion } from '../e2e/harness/install-cosign.ts';
import { pushManifest } from '../e2e/harness/registry-push.ts';
import { image, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { attestationKeys, drawAttestationCases, type AttestationCase } from './attestation-cases.ts';
import { folderPolicy } from './imagegate-verdicts.ts';
import { candidatesOf, openRepository, packCandidate, readCandidate } from './live-repository.ts';
import type { Difference, Oracle, Registries } from './oracle.ts';
import { pushBeside } from './push-beside.ts';
import { sigstoreGoAccepts, sigstoreGoVersion } from './sigstore-go.ts';
import {
  identityFlags,
  keylessAuthority,
  named,
  sigstoreGoFlags,
  strangers,
  trustRootOf,
  type SigstoreInstances,
} from './sigstore-instances.ts';
import { makeKeys, signerOf } from './signature-stage.ts';
import { twistCandidate } from './twist.ts';

const scan = { type: 'https://example.com/scan/v1', predicate: { result: 'passed' } };
const other = { type: 'https://example.com/licences/v1', predicate: { result: 'passed' } };
const who = 'github';

const asScanned = (authorities: readonly object[]): object => ({
  attestation: { predicateType: scan.type, authorities },
});
/** The policies by which attestations are judged, from the PEM of each key and the trusted root. */
export const attestationPolicies = ({
  trustedRoot,
  ...keys
}: Readonly<Record<string, string>>): readonly object[] => [
  trustRootOf('attested', trustedRoot!),
  folderPolicy('attested-keyless', keylessAuthority(who, 'attested'), asScanned),
  ...Object.entries(keys).map(([name, pem]) => folderPolicy(`attested-${name}`, { key: { pem } }, asScanned)),
];

/** Where others and we may differ, and why. */
export const attestationDifferences: readonly Difference<AttestationCase>[] = [
  {
    why: 'both cosigns sign with Ed25519ph and verify it in no form; sigstore-go does',
    ways: ['cosign2', 'cosign2-bundle', 'cosign3'],
    accepted: false,
    applies: (one) => one.good && one.key === 'ed25519' && one.signer !== 'keyless-bundle',
  },
  {
    why: 'cosign 2 looks for attestations in bundles only when it is told',
    ways: ['cosign2'],
    accepted: false,
    applies: (one) => one.good && one.signer.endsWith('-bundle'),
  },
  {
    why: 'told to look for bundles, cosign 2 looks for nothing else, and sigstore-go knows bundles alone',
    ways: ['cosign2-bundle', 'sigstore-go'],
    accepted: false,
    applies: (one) => one.good && one.signer.endsWith('-tag'),
  },
];

/** Attestations, judged by both cosigns, and bundles by sigstore-go. */
export const attestationOracle = async (
  folder: string,
  registries: Registries,
  cosigns: Readonly<Record<2 | 3, Cosign>>,
  { current }: SigstoreInstances,
  seed: number,
): Promise<Oracle<AttestationCase>> => {
  const keys = await makeKeys(cosigns[3]);
  const emptyRoot = join(folder, 'empty-root.json');
  await cosigns[3].must(['trusted-root', 'create', '--out', emptyRoot]);

  const attest = async (
    { signer, key }: AttestationCase,
    reference: string,
    by: 'release' | 'stranger',
    statement: AttestedStatement,
  ): Promise<void> => {
    if (signer !== 'keyless-bundle') {
      const { major, form } = signerOf(signer);
      return cosigns[major].attest(reference, keys[key][by], form, statement);
    }
    const { issuer, claims } = (by === 'release' ? named : strangers)[who];
    return cosigns[3].attestKeyless(reference, current.issuers.token(issuer, claims), current, statement);
  };
  const sign = ({ signer, key }: AttestationCase, reference: string): Promise<void> => {
    if (signer === 'keyless-bundle') {
      const { issuer, claims } = named[who];
      return cosigns[3].signKeyless(reference, current.issuers.token(issuer, claims), current);
    }
    const { major, form } = signerOf(signer);
    return cosigns[major].sign(reference, keys[key].release, form);
  };
  /** A candidate that was made elsewhere and moved, so that the good one never lies beside the image. */
  const move = async (one: AttestationCase, signed: FakeManifest, made: FakeManifest): Promise<void> => {
    const registry = registries[one.registry];
    const elsewhere = `elsewhere/${one.id}`;
    await pushManifest(registry, elsewhere, signed);
    await attest(one, `${registry.host}/${elsewhere}@${signed.digest}`, 'release', scan);
    const source = openRepository(registry.url, elsewhere);
    for (const digest of await candidatesOf(source, signed.digest)) {
      const candidate = twistCandidate(await readCandidate(source, digest), one);
      const { manifest } = candidate;
      const moved = manifest.subject ? { ...manifest, subject: made.descriptor } : manifest;
      await pushBeside(
        registry,
        one.repository,
        made,
        packCandidate({ ...candidate, manifest: moved }),
        'att',
      );
    }
  };
  const layOut = async (one: AttestationCase): Promise<FakeManifest> => {
    const registry = registries[one.registry];
    const made = image({ labels: { case: one.id } });
    const reference = `${registry.host}/${one.repository}@${made.digest}`;
    await pushManifest(registry, one.repository, made);
    if (one.twist === 'signature') await sign(one, reference);
    else if (one.twist === 'other-signer') await attest(one, reference, 'stranger', scan);
    else if (one.twist === 'other-type') await attest(one, reference, 'release', other);
    else if (one.twist === 'other-image') await move(one, image({ labels: { case: `not ${one.id}` } }), made);
    else if (one.twist === 'junk-beside') {
      await attest(one, reference, 'stranger', scan);
      await attest(one, reference, 'release', scan);
    } else if (one.twist === 'honest') await attest(one, reference, 'release', scan);
    else await move(one, made, made);
    return made;
  };
  const cosignAccepts = async (
    major: 2 | 3,
    { signer, key }: AttestationCase,
    reference: string,
    ...more: readonly string[]
  ): Promise<boolean> => {
    const whom =
      signer === 'keyless-bundle'
        ? ['--trusted-root', current.trustedRootFile, ...identityFlags(who)]
        : ['--key', keys[key].release.pemFile, '--insecure-ignore-tlog=true'];
    const { code } = await cosigns[major].run([
      'verify-attestation',
      '--type',
      scan.type,
      ...whom,
      ...more,
      reference,
    ]);
    return code === 0;
  };
  return {
    name: 'attestations',
    cases: drawAttestationCases(seed),
    layOut,
    ways: {
      cosign2: (one, reference) => cosignAccepts(2, one, reference),
      // It verifies bundles only beside a root, even if nothing in it is needed.
      'cosign2-bundle': (one, reference) =>
        one.signer === 'keyless-bundle'
          ? cosignAccepts(2, one, reference, '--new-bundle-format', '--use-signed-timestamps')
          : cosignAccepts(2, one, reference, '--new-bundle-format', '--trusted-root', emptyRoot),
      cosign3: (one, reference) => cosignAccepts(3, one, reference),
      'sigstore-go': ({ signer, key }, reference) => {
        const whom =
          signer === 'keyless-bundle' ? sigstoreGoFlags(who, current) : ['-key', keys[key].release.pemFile];
        return Promise.resolve(sigstoreGoAccepts([...whom, '-type', scan.type], reference));
      },
    },
    differences: attestationDifferences,
    material: {
      trustedRoot: current.trustedRoot,
      ...Object.fromEntries(attestationKeys.map((key) => [key, keys[key].release.pem])),
    },
    policies: attestationPolicies,
    versions: {
      cosign2: cosignVersion(2),
      cosign3: cosignVersion(3),
      'sigstore-go': sigstoreGoVersion(),
    },
  };
};
