import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cosign } from '../e2e/harness/cosign.ts';
import { cosignVersion } from '../e2e/harness/install-cosign.ts';
import {
  emailClaims,
  emailIssuer,
  githubClaims,
  githubIssuer,
  gitlabClaims,
  gitlabIssuer,
  type OidcIssuer,
} from '../e2e/harness/oidc-issuers.ts';
import { pushManifest } from '../e2e/harness/registry-push.ts';
import { startSigstore, type RunningSigstore } from '../e2e/harness/sigstore.ts';
import { image, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { folderPolicy } from './imagegate-verdicts.ts';
import { drawKeylessCases, type KeylessCase, type Who } from './keyless-cases.ts';
import { twistBundle } from './keyless-twist.ts';
import { candidatesOf, openRepository, packCandidate, readCandidate } from './live-repository.ts';
import type { Difference, Oracle, Registries } from './oracle.ts';
import { pushBeside } from './push-beside.ts';

interface Signer {
  readonly issuer: OidcIssuer;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}
const signers = (owner: string): Readonly<Record<Who, Signer>> => {
  const workflow = `${owner}/app/.github/workflows/release.yml@refs/tags/v1`;
  return {
    github: {
      issuer: githubIssuer,
      subject: `https://github.com/${workflow}`,
      claims: githubClaims({ repository: `${owner}/app`, ref: 'refs/tags/v1', jobWorkflow: workflow }),
    },
    gitlab: {
      issuer: gitlabIssuer,
      subject: `https://gitlab.com/${owner}/app//.gitlab-ci.yml@refs/tags/v1`,
      claims: gitlabClaims(`${owner}/app`, 'v1'),
    },
    email: {
      issuer: emailIssuer,
      subject: `release@${owner}.example`,
      claims: emailClaims(`release@${owner}.example`),
    },
  };
};
const named = signers('acme');
const strangers = signers('mallory');

/** The policies by which keyless signatures are judged, and the root that they name. */
export const keylessPolicies = ({ trustedRoot }: Readonly<Record<string, string>>): readonly object[] => [
  {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'TrustRoot',
    metadata: { name: 'acme' },
    spec: { sigstore: { trustedRoot } },
  },
  ...Object.entries(named).map(([who, { issuer, subject }]) =>
    folderPolicy(who, {
      keyless: { trustRoot: 'acme', identities: [{ issuer, subject }] },
      require: { logs: 1, timestamps: 1, sct: 1 },
    }),
  ),
];

/** Where cosign and we may differ, and why. */
export const keylessDifferences: readonly Difference<KeylessCase>[] = [
  {
    why: 'cosign takes any attestation in a bundle for a signature, even one that says that a scan has failed (S4)',
    ways: ['cosign3'],
    accepted: true,
    applies: (one) => one.twist === 'attestation',
  },
  {
    why: 'cosign takes the root of the tree from the checkpoint and does not compare it with the one that the proof names',
    ways: ['cosign3'],
    accepted: true,
    applies: (one) => one.twist === 'proof-flipped',
  },
];

/** Keyless signatures by a private instance of Sigstore, judged by cosign 3. */
export const keylessOracle = async (
  folder: string,
  registries: Registries,
  cosign: Cosign,
  seed: number,
): Promise<Oracle<KeylessCase> & { readonly stop: () => Promise<void> }> => {
  const start = (name: string): Promise<RunningSigstore> => {
    mkdirSync(join(folder, name));
    return startSigstore(join(folder, name), cosign);
  };
  const [ours, theirs] = [await start('ours'), await start('theirs')];
  const referenceOf = ({ registry }: KeylessCase, name: string, { digest }: FakeManifest): string =>
    `${registries[registry].host}/${name}@${digest}`;
  const sign = (reference: string, { issuer, claims }: Signer, by = ours): Promise<void> =>
    cosign.signKeyless(reference, by.issuers.token(issuer, claims), by);
  /** Signs an image of its own elsewhere. @returns what was signed, and its candidate */
  const signElsewhere = async (one: KeylessCase, signed: FakeManifest) => {
    const registry = registries[one.registry];
    const name = `elsewhere/${one.id}`;
    await pushManifest(registry, name, signed);
    await sign(referenceOf(one, name, signed), named[one.who]);
    const source = openRepository(registry.url, name);
    const [digest] = await candidatesOf(source, signed.digest);
    return readCandidate(source, digest!);
  };
  const layOut = async (one: KeylessCase): Promise<FakeManifest> => {
    const registry = registries[one.registry];
    const made = image({ labels: { case: one.id } });
    const other = image({ labels: { case: `not ${one.id}` } });
    const reference = referenceOf(one, one.repository, made);
    await pushManifest(registry, one.repository, made);
    const simple: Partial<Record<KeylessCase['twist'], () => Promise<void>>> = {
      honest: () => sign(reference, named[one.who]),
      'other-identity': () => sign(reference, strangers[one.who]),
      'other-instance': () => sign(reference, named[one.who], theirs),
      attestation: () => {
        const { issuer, claims } = named[one.who];
        const statement = { type: 'https://example.com/scan/v1', predicate: { result: 'FAILED' } };
        return cosign.attestKeyless(reference, ours.issuers.token(issuer, claims), ours, statement);
      },
      'junk-beside': async () => {
        await sign(reference, strangers[one.who]);
        await sign(reference, named[one.who]);
        await sign(reference, named[one.who], theirs);
      },
    };
    const done = simple[one.twist];
    if (done !== undefined) {
      await done();
      return made;
    }
    const second = await signElsewhere(one, other);
    const first = one.twist === 'other-image' ? second : await signElsewhere(one, made);
    const twisted = twistBundle(first.layers[0]!, second.layers[0]!, one);
    const manifest = { ...first.manifest, subject: made.descriptor };
    const packed = packCandidate({ ...first, manifest, layers: [twisted] });
    await pushBeside(registry, one.repository, made, packed);
    return made;
  };
  return {
    name: 'keyless',
    cases: drawKeylessCases(seed),
    layOut,
    ways: {
      cosign3: async ({ who }, reference) => {
        const { issuer, subject } = named[who];
        const { code } = await cosign.run(
          [
            ['verify', '--trusted-root', ours.trustedRootFile],
            ['--certificate-identity', subject, '--certificate-oidc-issuer', issuer],
            reference,
          ].flat(),
        );
        return code === 0;
      },
    },
    differences: keylessDifferences,
    material: { trustedRoot: ours.trustedRoot },
    policies: keylessPolicies,
    versions: { cosign3: cosignVersion(3) },
    stop: async () => {
      await Promise.all([ours.stop(), theirs.stop()]);
    },
  };
};
