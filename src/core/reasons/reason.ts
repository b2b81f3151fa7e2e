/** Every code that a finding can carry. Closed: each has an entry in `reasons.ts` and a heading in docs/reasons.md. */
export const findingCodes = [
  'invalid-reference',
  'unmatched',
  'registry-not-allowed',
  'registry-denied',
  'host-missing',
  'digest-missing',
  'tag-denied',
  'image-unavailable',
  'image-absent',
  'image-user-root',
  'image-too-old',
  'image-too-new',
  'image-time-unknown',
  'image-label',
  'image-platform',
  'image-too-large',
  'signature-missing',
  'signature-untrusted',
  'signature-invalid',
  'signature-mismatch',
  'signature-not-logged',
  'signature-expired',
  'signature-revoked',
  'signature-threshold',
  'signature-limit',
  'signature-unavailable',
  'attestation-missing',
  'attestation-condition',
  'attestation-error',
  'vulnerable',
  'vulnerability-score',
  'vulnerability-denied',
  'vulnerability-exploited',
  'malicious-package',
  'vulnerabilities-unscanned',
  'vulnerability-gap',
  'advisories-unavailable',
  'advisories-too-old',
  'bytes-not-pinned',
  'constraint-violated',
  'constraint-error',
  'constraint-unusable',
  'not-judged',
  'malformed-request',
  'too-large',
  'too-many-images',
  'overloaded',
  'policies-unavailable',
  'policy-invalid',
  'trust-root-invalid',
  'template-invalid',
  'constraint-invalid',
  'namespace-unavailable',
  'namespace-escape',
  'deadline-exceeded',
  'internal-error',
] as const;
export type FindingCode = (typeof findingCodes)[number];

/** Why a request was let through without judging every image. Closed, documented like the finding codes. */
export const skipCodes = [
  'unchanged',
  'subresource',
  'operation',
  'not-judged',
  'no-policy',
  'excluded',
] as const;
export type SkipCode = (typeof skipCodes)[number];

/** The meaning of a code for the person who sees it. Shown by `explain`, SARIF rules and docs/reasons.md. */
export interface Reason {
  readonly title: string;
  readonly meaning: string;
  /** What to do now. */
  readonly fix: string;
}
