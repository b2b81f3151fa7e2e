import { createHash } from 'node:crypto';
import type { CertificateSigner } from '../core/facts/claim.ts';
import type { Digest } from '../core/image/digest.ts';
import { digestOf } from '../evidence/content-digest.ts';
import { verifyCandidate } from '../evidence/verify/verify-candidate.ts';
import type { Verification, VerifiedClaim } from '../evidence/verify/verification.ts';

/** Who has to have signed. */
export type BundleSigner =
  | { readonly kind: 'certificate'; readonly identity: string; readonly issuer: string }
  /** Base64 of a DER SubjectPublicKeyInfo. */
  | { readonly kind: 'key'; readonly spki: string };

export interface BundleInput {
  readonly bundle: Uint8Array;
  /** What was signed: all of it, or no more than its digest. */
  readonly subject: Verification['subject'];
  readonly signer: BundleSigner;
  /** The text of a `trusted_root.json`. */
  readonly trustedRoot: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const rootName = 'trusted root';

/** The media type is that of the layer in a registry; a file has none but what stands in it. */
const mediaTypeIn = (bundle: Uint8Array): string => {
  const text = Buffer.from(bundle).toString('latin1');
  return /"mediaType"\s{0,16}:\s{0,16}"([^"]{1,128})"/.exec(text)?.[1] ?? '';
};

const isIdentity = ({ names, issuer, certificateLogs }: CertificateSigner, wanted: BundleSigner): boolean =>
  wanted.kind === 'certificate' &&
  names[0]?.value === wanted.identity &&
  issuer === wanted.issuer &&
  certificateLogs.length > 0;

/** @returns why the claim is not enough */
const whyNot = ({ signer, logs }: VerifiedClaim, wanted: BundleSigner): string | undefined => {
  if (signer.kind === 'key') {
    if (wanted.kind !== 'key') return 'it was signed with a key';
  } else if (!isIdentity(signer, wanted)) {
    return 'it was signed by somebody else, or no log of certificates shows the certificate';
  }
  return logs.length > 0 ? undefined : 'no log of the trust root holds an entry about it';
};

const verify = (says: Verification['says'], input: BundleInput) =>
  verifyCandidate({
    candidate: digestOf(input.bundle, 'sha256'),
    says,
    subject: input.subject,
    layers: [{ form: 'bundle', mediaType: mediaTypeIn(input.bundle), annotations: {}, bytes: input.bundle }],
    keys: input.signer.kind === 'key' ? [input.signer.spki] : [],
    trustRoots: [
      {
        kind: 'sigstore',
        name: rootName,
        id: `sha256:${createHash('sha256').update(input.trustedRoot).digest('hex')}` as Digest,
        trustedRoot: input.trustedRoot,
      },
    ],
    expressions: [],
    now: input.now,
  });

/**
 * Verifies a bundle as the gate does, with a log entry and, for certificates, a log of certificates: what a policy asks for
 * that says nothing else.
 * @returns why it is not valid; `undefined`: it is
 */
export const whyNotValid = (input: BundleInput): string | undefined => {
  const results = (['signed', 'attested'] as const).map((says) => verify(says, input));
  const claims = results.flatMap((result) => result.claims);
  const whys = claims.map((claim) => whyNot(claim, input.signer));
  if (whys.includes(undefined)) return undefined;
  const rejected = results.flatMap((result) => result.rejected).filter(({ fault }) => fault !== 'mismatch');
  return whys[0] ?? rejected[0]?.why ?? 'it is about something else';
};
