import type { Cosign } from '../e2e/harness/cosign.ts';
import { cosignVersion } from '../e2e/harness/install-cosign.ts';
import { pushManifest } from '../e2e/harness/registry-push.ts';
import type { Generation, RunningSigstore } from '../e2e/harness/sigstore.ts';
import { image, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { folderPolicy } from './imagegate-verdicts.ts';
import { drawKeylessCases, whos, type KeylessCase } from './keyless-cases.ts';
import { twistTagged } from './keyless-tag-twist.ts';
import { twistBundle } from './keyless-twist.ts';
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
  type Signer,
  type SigstoreInstances,
} from './sigstore-instances.ts';

const generations = ['current', 'former'] as const satisfies readonly Generation[];

/** The policies by which keyless signatures are judged, and the roots that they name. */
export const keylessPolicies = (roots: Readonly<Record<string, string>>): readonly object[] =>
  generations.flatMap((generation) => [
    trustRootOf(generation, roots[generation]!),
    ...whos.map((who) => folderPolicy(`${generation}-${who}`, keylessAuthority(who, generation))),
  ]);

const ways = ['cosign2', 'cosign2-bundle', 'cosign3', 'sigstore-go'];

/** Where cosign and we may differ, and why. */
export const keylessDifferences: readonly Difference<KeylessCase>[] = [
  {
    why: 'cosign and sigstore-go take any attestation in a bundle for a signature, even one that says that a scan has failed (S4)',
    ways,
    accepted: true,
    applies: (one) => one.twist === 'attestation',
  },
  {
    why: 'cosign and sigstore-go take the root of the tree from the checkpoint and do not compare it with the one that the proof names',
    ways,
    accepted: true,
    applies: (one) => one.twist === 'proof-flipped',
  },
  {
    why: 'cosign and sigstore-go are content with the time that Rekor 1 promises; the policy here wants that of an authority',
    ways: ['cosign2', 'cosign3', 'sigstore-go'],
    accepted: true,
    applies: (one) => one.generation === 'former' && one.twist.startsWith('timestamp-'),
  },
  {
    why: 'told to look for bundles, cosign 2 looks for nothing else, and sigstore-go knows bundles alone',
    ways: ['cosign2-bundle', 'sigstore-go'],
    accepted: false,
    applies: (one) => one.good && one.form === 'tag',
  },
];

/** Keyless signatures by private instances of Sigstore, judged by both cosigns and by sigstore-go. */
export const keylessOracle = (
  registries: Registries,
  cosigns: Readonly<Record<2 | 3, Cosign>>,
  instances: SigstoreInstances,
  seed: number,
): Oracle<KeylessCase> => {
  const cosign = cosigns[3];
  const referenceOf = ({ registry }: KeylessCase, name: string, { digest }: FakeManifest): string =>
    `${registries[registry].host}/${name}@${digest}`;
  const sign = (
    { form }: KeylessCase,
    reference: string,
    { issuer, claims }: Signer,
    by: RunningSigstore,
  ): Promise<void> => {
    const token = by.issuers.token(issuer, claims);
    return form === 'tag'
      ? cosigns[2].signKeylessTag(reference, token, by)
      : cosign.signKeyless(reference, token, by);
  };
  /** Signs an image of its own elsewhere. @returns what was signed, and its candidate */
  const signElsewhere = async (one: KeylessCase, signed: FakeManifest) => {
    const registry = registries[one.registry];
    const name = `elsewhere/${one.id}`;
    await pushManifest(registry, name, signed);
    await sign(one, referenceOf(one, name, signed), named[one.who], instances[one.generation]);
    const source = openRepository(registry.url, name);
    const [digest] = await candidatesOf(source, signed.digest);
    return readCandidate(source, digest!);
  };
  const layOut = async (one: KeylessCase): Promise<FakeManifest> => {
    const registry = registries[one.registry];
    const { theirs } = instances;
    const ours = instances[one.generation];
    const made = image({ labels: { case: one.id } });
    const other = image({ labels: { case: `not ${one.id}` } });
    const reference = referenceOf(one, one.repository, made);
    await pushManifest(registry, one.repository, made);
    const simple: Partial<Record<KeylessCase['twist'], () => Promise<void>>> = {
      honest: () => sign(one, reference, named[one.who], ours),
      'other-identity': () => sign(one, reference, strangers[one.who], ours),
      'other-instance': () => sign(one, reference, named[one.who], theirs),
      attestation: () => {
        const { issuer, claims } = named[one.who];
        const statement = { type: 'https://example.com/scan/v1', predicate: { result: 'FAILED' } };
        return cosign.attestKeyless(reference, ours.issuers.token(issuer, claims), ours, statement);
      },
      'junk-beside': async () => {
        await sign(one, reference, strangers[one.who], ours);
        await sign(one, reference, named[one.who], ours);
        if (one.form === 'bundle') await sign(one, reference, named[one.who], theirs);
      },
    };
    const done = simple[one.twist];
    if (done !== undefined) {
      await done();
      return made;
    }
    const second = await signElsewhere(one, other);
    const first = one.twist === 'other-image' ? second : await signElsewhere(one, made);
    const twisted =
      one.form === 'tag'
        ? twistTagged(first, second, one)
        : {
            ...first,
            manifest: { ...first.manifest, subject: made.descriptor },
            layers: [twistBundle(first.layers[0]!, second.layers[0]!, one)],
          };
    await pushBeside(registry, one.repository, made, packCandidate(twisted));
    return made;
  };
  const cosignAccepts = async (
    major: 2 | 3,
    { who, generation }: KeylessCase,
    reference: string,
    ...more: readonly string[]
  ): Promise<boolean> => {
    const flags = ['--trusted-root', instances[generation].trustedRootFile, ...identityFlags(who)];
    const { code } = await cosigns[major].run(['verify', ...flags, ...more, reference]);
    return code === 0;
  };
  return {
    name: 'keyless',
    cases: drawKeylessCases(seed),
    layOut,
    ways: {
      cosign2: (one, reference) => cosignAccepts(2, one, reference, '--use-signed-timestamps'),
      'cosign2-bundle': (one, reference) =>
        cosignAccepts(2, one, reference, '--use-signed-timestamps', '--new-bundle-format'),
      cosign3: (one, reference) => cosignAccepts(3, one, reference),
      'sigstore-go': ({ who, generation }, reference) =>
        Promise.resolve(sigstoreGoAccepts(sigstoreGoFlags(who, instances[generation]), reference)),
    },
    differences: keylessDifferences,
    material: Object.fromEntries(generations.map((one) => [one, instances[one].trustedRoot])),
    policies: keylessPolicies,
    versions: {
      cosign2: cosignVersion(2),
      cosign3: cosignVersion(3),
      'sigstore-go': sigstoreGoVersion(),
    },
  };
};
