import type { AttestationClaim, SignatureClaim } from '../../../core/facts/claim.ts';
import type { Statement } from './statement.ts';

/** What signed bytes say, whoever signed them. */
export type SignedWord =
  | Pick<SignatureClaim, 'says' | 'name' | 'annotations'>
  | (Pick<AttestationClaim, 'says' | 'predicateType' | 'provenance'> & {
      /** What expressions are evaluated over. */
      readonly statement: Statement;
    });
