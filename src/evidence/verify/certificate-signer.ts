import type { CertificateSigner, ClaimCheckResult, TrustedTime } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { digestOf } from '../content-digest.ts';
import { checkCertificateLogs } from './certificate/certificate-log.ts';
import { readCertificate, type Certificate } from './certificate/certificate.ts';
import { chainsTo, validityOf, whyUnusable, type Chain } from './certificate/chain.ts';
import { fulcioNamesOf } from './certificate/fulcio.ts';
import { namesOf, distinguishedNameOf } from './certificate/names.ts';
import { respelledDigest } from './certificate/second-spelling.ts';
import { codeSigning } from './certificate/usage.ts';
import { reject, type Rejection } from './rejection.ts';
import type { PreparedRoot, SigstoreRoot, X509Root } from './trust/prepared-root.ts';
import { isWithin } from './trust/validity.ts';
import { rootText } from './trust/root-text.ts';
import { latestTime, type RootWitnesses } from './witnesses.ts';

/** Certificates that a candidate brings, that of the signer first. */
export interface SignerCertificates {
  readonly leaf: Certificate;
  readonly brought: readonly Certificate[];
}

/** One above the signer's that cannot be read is as good as none. */
export const readSignerCertificates = ([der, ...above]: readonly Uint8Array[]): Result<
  SignerCertificates,
  Rejection
> => {
  const leaf = der && readCertificate(der);
  const brought = above.map(readCertificate).filter((one) => one !== undefined);
  return leaf === undefined ? reject('unreadable', 'its certificate cannot be read') : ok({ leaf, brought });
};

const usable = (
  chains: readonly Chain[],
  root: PreparedRoot,
  now: number,
): Result<readonly Chain[], Rejection> => {
  if (chains.length === 0)
    return reject(
      'untrusted',
      `no certificate authority of ${rootText(root, now)} issued its certificate: a newer root may know the one that did`,
    );
  const good = chains.filter((chain) => whyUnusable(chain, codeSigning) === undefined);
  return good.length > 0
    ? ok(good)
    : reject('invalid', whyUnusable(chains[0] as Chain, codeSigning) ?? 'its certificate may not sign');
};

/**
 * A chain that is valid at each trusted time, by an authority that the root trusts at each of them (CVE-2026-24122). Attack:
 * bring the certificate of an intermediate CA whose key was stolen and that the root has retired, below an anchor that it
 * still names. So all above the leaf stands in the root.
 */
const chainAtTimes = (
  { leaf }: SignerCertificates,
  root: SigstoreRoot,
  times: readonly TrustedTime[],
  now: number,
): Result<Chain, Rejection> => {
  const chains = root.certificateAuthorities.map(({ authority, certificates }) => ({
    authority,
    chains: chainsTo(leaf, certificates.slice(0, -1), certificates.slice(-1)),
  }));
  const good = usable(
    chains.flatMap((one) => one.chains),
    root,
    now,
  );
  if (!good.ok) return good;
  const chain = chains
    .flatMap(({ authority, chains }) =>
      times.every(({ at }) => isWithin(at, authority.validFor))
        ? chains.filter((one) => good.value.includes(one))
        : [],
    )
    .find((one) => {
      const { from, until } = validityOf(one);
      return times.every(({ at }) => from <= at && at <= until);
    });
  return chain === undefined
    ? reject('invalid', 'its certificates were not all valid when it was signed')
    : ok(chain);
};

/** A chain to an anchor of a plain CA. Whether it is valid at the time that counts is for the policy to say. */
const chainToAnchor = (
  { leaf, brought }: SignerCertificates,
  root: X509Root,
  now: number,
): Result<Chain, Rejection> => {
  const good = usable(chainsTo(leaf, brought, root.anchors), root, now);
  if (!good.ok) return good;
  const isValidNow = (chain: Chain): boolean => {
    const { from, until } = validityOf(chain);
    return from <= now && now <= until;
  };
  return ok(good.value.find(isValidNow) ?? (good.value[0] as Chain));
};

/** Of what the candidate brought: the certificates of the root stand there in one spelling. */
const respelledIn = (chain: Chain, { kind }: PreparedRoot): readonly Digest[] => {
  const brought = kind === 'sigstore' ? chain.slice(0, 1) : chain.slice(0, -1);
  return brought.flatMap((one, at) => respelledDigest(one, chain[at + 1] as Certificate) ?? []);
};

/** Who holds the certificate, as far as its authority says so. */
const describe = (
  leaf: Certificate,
  chain: Chain,
  root: PreparedRoot,
): Result<Omit<CertificateSigner, 'certificateLogs'>, Rejection> => {
  const names = namesOf(leaf);
  const subject = distinguishedNameOf(leaf);
  if (names === undefined || subject === undefined)
    return reject('invalid', 'the names in its certificate cannot be read');
  // Fulcio writes one name. A second one would let a policy find the name that it looks for behind another (S5).
  if (root.kind === 'sigstore' && names.length !== 1)
    return reject('invalid', `its certificate has ${names.length} names, not one`);
  const fulcio = fulcioNamesOf(leaf);
  if (!fulcio.ok) return fulcio;
  const [certificate, ...issuers] = chain.map(({ der }) => digestOf(der, 'sha256'));
  const respelled = respelledIn(chain, root);
  return ok({
    kind: 'certificate',
    trustRoot: root.name,
    spki: Buffer.from(leaf.spki).toString('base64'),
    certificate: certificate as Digest,
    anchor: issuers.at(-1) ?? (certificate as Digest),
    issuers,
    ...(respelled.length > 0 && { respelled }),
    names,
    ...fulcio.value,
    subject,
    validity: validityOf(chain),
  });
};

export interface VerifiedSigner {
  readonly signer: CertificateSigner;
  readonly checks: readonly ClaimCheckResult[];
}

/** Why the certificate says nothing that counts. */
export interface SignerRejection extends Rejection {
  /** An authority of the root did issue it: this root is told about before one that knows nothing of it. */
  readonly isIssued?: true;
  /** Nothing else is wrong than that nobody dates it. */
  readonly isUndated?: true;
}

/** A log or a timestamp authority that the root does not know is nobody's forgery, where nothing else is wrong: the root may be too old. */
const whyUndated = (root: SigstoreRoot, { checks, unknown = [] }: RootWitnesses): SignerRejection => {
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  const wrong = failed.find(({ why = '' }) => !unknown.includes(why));
  const undated = { isIssued: true, isUndated: true } as const;
  if (wrong !== undefined)
    return { fault: 'invalid', why: `nobody says when it was signed: ${wrong.why ?? ''}`, ...undated };
  const why =
    failed[0]?.why ??
    `no log and no timestamp authority of the trust root '${root.name}' says when it was signed`;
  return { fault: 'untrusted', why, ...undated };
};

/**
 * The signer whose certificate a trust root stands behind.
 * @param dated the times by logs and timestamp authorities of this root, or of another that a policy asks instead, and how the
 *   checks of them went (G6: none is no time, and no crash)
 */
export const verifySigner = (
  certificates: SignerCertificates,
  root: PreparedRoot,
  dated: RootWitnesses,
  now: number,
): Result<VerifiedSigner, SignerRejection> => {
  const { leaf } = certificates;
  const chain =
    root.kind === 'sigstore'
      ? chainAtTimes(certificates, root, dated.times, now)
      : chainToAnchor(certificates, root, now);
  // First of all: what another instance of Sigstore made is nobody's forgery, even if this root knows none of its witnesses.
  if (!chain.ok) return chain;
  if (root.kind === 'sigstore' && dated.times.length === 0) return fail(whyUndated(root, dated));
  const signer = describe(leaf, chain.value, root);
  if (!signer.ok) return signer;
  const issuer = chain.value[1] as Certificate;
  const certificate: ClaimCheckResult = { check: 'certificate', outcome: 'passed' };
  if (root.kind === 'x509')
    return ok({ signer: { ...signer.value, certificateLogs: [] }, checks: [certificate] });
  const logs = checkCertificateLogs(leaf, issuer, { root, now, latest: latestTime(now) });
  return ok({ signer: { ...signer.value, certificateLogs: logs.names }, checks: [certificate, logs.check] });
};
