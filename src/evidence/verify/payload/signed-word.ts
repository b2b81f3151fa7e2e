import type { AttestationClaim, SignatureClaim } from '../../../core/facts/claim.ts';

/** What signed bytes say, whoever signed them. */
export type SignedWord =
  | Pick<SignatureClaim, 'says' | 'name' | 'annotations'>
  | Pick<AttestationClaim, 'says' | 'predicateType' | 'provenance' | 'expressions'>;
