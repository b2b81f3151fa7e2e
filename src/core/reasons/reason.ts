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
  'signature-threshold',
  'signature-limit',
  'signature-unavailable',
  'bytes-not-pinned',
  'not-judged',
  'malformed-request',
  'too-large',
  'too-many-images',
  'overloaded',
  'policies-unavailable',
  'policy-invalid',
  'namespace-unavailable',
  'namespace-escape',
  'deadline-exceeded',
  'internal-error',
] as const;
export type FindingCode = (typeof findingCodes)[number];

/** Why a request was let through without judging every image. Closed, documented like the finding codes. */
export const skipCodes = ['unchanged', 'subresource', 'operation', 'not-judged', 'no-policy'] as const;
export type SkipCode = (typeof skipCodes)[number];
