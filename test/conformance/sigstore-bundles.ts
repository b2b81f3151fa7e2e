/**
 * The layout of sigstore-conformance, `test/assets/bundle-verify`: a folder a case, whose name ends with `_fail` where the
 * bundle has to be refused.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const bundleFile = 'bundle.sigstore.json';
const defaultIdentity =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const defaultIssuer = 'https://token.actions.githubusercontent.com';

export const isSigstoreBundle = (folder: string): boolean => existsSync(join(folder, bundleFile));

interface BundleCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly isValid: boolean;
}

/** Each folder is two cases: the artifact as a file, and as its digest. */
export const casesOf = (folder: string): readonly BundleCase[] => {
  const optional = (name: string): string | undefined => {
    const path = join(folder, name);
    return existsSync(path) ? path : undefined;
  };
  const text = (name: string): string | undefined => {
    const path = optional(name);
    return path && readFileSync(path, 'utf8').trim();
  };
  const artifact = optional('artifact') ?? join(folder, '..', 'a.txt');
  const key = optional('key.pub');
  const root = optional('trusted_root.json');
  const signer =
    key === undefined
      ? {
          '--certificate-identity': text('identity') ?? defaultIdentity,
          '--certificate-oidc-issuer': text('issuer') ?? defaultIssuer,
        }
      : { '--key': key };
  const flags = { '--bundle': join(folder, bundleFile), ...signer, ...(root && { '--trusted-root': root }) };
  const argv = ['verify-bundle', ...Object.entries(flags).flat()];
  const digest = `sha256:${createHash('sha256').update(readFileSync(artifact)).digest('hex')}`;
  const isValid = !folder.endsWith('_fail');
  return [
    { name: 'PATH', argv: [...argv, artifact], isValid },
    { name: 'DIGEST', argv: [...argv, digest], isValid },
  ];
};
