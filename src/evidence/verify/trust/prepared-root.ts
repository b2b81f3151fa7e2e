import { createLruCache } from '../../../concurrency/cache/lru-cache.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { TrustRootSnapshot } from '../../trust/trust-root.ts';
import { readTrustedRoot, type TrustedAuthority, type TrustedLog } from '../../trust/trusted-root.ts';
import { readX509Roots } from '../../trust/x509-roots.ts';
import { readCertificate, type Certificate } from '../certificate/certificate.ts';

/** An authority of a trust root, its certificates taken apart: between the leaf and the last one, which is the anchor. */
export interface PreparedAuthority {
  readonly authority: TrustedAuthority;
  readonly certificates: readonly Certificate[];
}

type NamedRoot = Pick<TrustRootSnapshot, 'name' | 'writtenAt'>;

export interface SigstoreRoot extends NamedRoot {
  readonly kind: 'sigstore';
  readonly certificateAuthorities: readonly PreparedAuthority[];
  readonly timestampAuthorities: readonly PreparedAuthority[];
  readonly tlogs: readonly TrustedLog[];
  readonly ctlogs: readonly TrustedLog[];
}
/** A plain certificate authority: it has neither logs nor timestamps. */
export interface X509Root extends NamedRoot {
  readonly kind: 'x509';
  readonly anchors: readonly Certificate[];
}
export type PreparedRoot = SigstoreRoot | X509Root;

const prepareAuthorities = (
  authorities: readonly TrustedAuthority[],
): Result<readonly PreparedAuthority[], string> => {
  const prepared: PreparedAuthority[] = [];
  for (const authority of authorities) {
    const certificates = authority.certificates.map(({ raw }) => readCertificate(new Uint8Array(raw)));
    const readable = certificates.filter((one) => one !== undefined);
    if (readable.length < certificates.length) return fail('has a certificate that cannot be read');
    prepared.push({ authority, certificates: readable });
  }
  return ok(prepared);
};

const prepareSigstore = (named: NamedRoot, text: string): Result<PreparedRoot, string> => {
  const root = readTrustedRoot(text);
  if (!root.ok) return fail(root.error[0] ?? 'cannot be read');
  const certificateAuthorities = prepareAuthorities(root.value.certificateAuthorities);
  if (!certificateAuthorities.ok) return certificateAuthorities;
  const timestampAuthorities = prepareAuthorities(root.value.timestampAuthorities);
  if (!timestampAuthorities.ok) return timestampAuthorities;
  return ok({
    kind: 'sigstore',
    ...named,
    certificateAuthorities: certificateAuthorities.value,
    timestampAuthorities: timestampAuthorities.value,
    tlogs: root.value.tlogs,
    ctlogs: root.value.ctlogs,
  });
};

const prepareX509 = (named: NamedRoot, pem: string): Result<PreparedRoot, string> => {
  const roots = readX509Roots(pem);
  if (!roots.ok) return fail(roots.error[0] ?? 'cannot be read');
  const anchors = roots.value.map(({ raw }) => readCertificate(new Uint8Array(raw)));
  const readable = anchors.filter((one) => one !== undefined);
  return readable.length < anchors.length
    ? fail('has a certificate that cannot be read')
    : ok({ kind: 'x509', ...named, anchors: readable });
};

/** Reading a root costs as much as verifying a signature, and a thread sees the same few again and again. */
const maxPrepared = 16;
const prepared = createLruCache<Result<PreparedRoot, string>>({ entries: maxPrepared });

/** @returns why the root cannot be used, in words that follow its name */
export const prepareRoot = (snapshot: TrustRootSnapshot): Result<PreparedRoot, string> => {
  const { kind, id, name, writtenAt } = snapshot;
  const key = `${kind} ${id} ${writtenAt ?? ''} ${name}`;
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const named = { name, ...(writtenAt === undefined ? {} : { writtenAt }) };
  const root =
    snapshot.kind === 'sigstore'
      ? prepareSigstore(named, snapshot.trustedRoot)
      : prepareX509(named, snapshot.roots);
  prepared.set(key, root);
  return root;
};
