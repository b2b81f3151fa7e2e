import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cosign } from '../e2e/harness/cosign.ts';
import {
  emailClaims,
  emailIssuer,
  githubClaims,
  githubIssuer,
  gitlabClaims,
  gitlabIssuer,
  type OidcIssuer,
} from '../e2e/harness/oidc-issuers.ts';
import { startSigstore, type Generation, type RunningSigstore } from '../e2e/harness/sigstore.ts';
import type { Who } from './keyless-cases.ts';

/** Two instances that policies name, one of each generation, and one that nobody names. */
export interface SigstoreInstances extends Readonly<Record<Generation, RunningSigstore>> {
  readonly theirs: RunningSigstore;
  stop(): Promise<void>;
}

export const startInstances = async (folder: string, cosign: Cosign): Promise<SigstoreInstances> => {
  const start = (name: string, generation: Generation): Promise<RunningSigstore> => {
    mkdirSync(join(folder, name));
    return startSigstore(join(folder, name), cosign, generation);
  };
  const current = await start('current', 'current');
  const former = await start('former', 'former');
  const theirs = await start('theirs', 'current');
  return {
    current,
    former,
    theirs,
    stop: async () => {
      await Promise.all([current, former, theirs].map((one) => one.stop()));
    },
  };
};

export interface Signer {
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
/** Whom policies name, and others. */
export const named = signers('acme');
export const strangers = signers('mallory');

/** How cosign is told whom to look for. */
export const identityFlags = (who: Who): readonly string[] => [
  '--certificate-identity',
  named[who].subject,
  '--certificate-oidc-issuer',
  named[who].issuer,
];
export const sigstoreGoFlags = (who: Who, { trustedRootFile }: RunningSigstore): readonly string[] => [
  '-trusted-root',
  trustedRootFile,
  '-identity',
  named[who].subject,
  '-issuer',
  named[who].issuer,
];

/** The trust root of an instance, as an object. */
export const trustRootOf = (name: string, trustedRoot: string): object => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'TrustRoot',
  metadata: { name },
  spec: { sigstore: { trustedRoot } },
});
/** Who has to have signed, as an authority. */
export const keylessAuthority = (who: Who, trustRoot: string): object => ({
  keyless: { trustRoot, identities: [{ issuer: named[who].issuer, subject: named[who].subject }] },
  require: { logs: 1, timestamps: 1, sct: 1 },
});
