import type { CandidateForm } from '../../../core/facts/claim.ts';

/** What the signed bytes are. Nothing in them is believed before a signature over them holds. */
export type SignedPayload =
  | { readonly kind: 'simple-signing'; readonly bytes: Uint8Array }
  | { readonly kind: 'dsse'; readonly type: string; readonly bytes: Uint8Array }
  /** A message signature: the signed bytes are those of the manifest. */
  | { readonly kind: 'manifest' };

/** What a layer holds, whatever its form: read strictly, not yet believed. */
export interface SignedMaterial {
  readonly form: CandidateForm;
  readonly payload: SignedPayload;
  /** The bytes that the signatures sign. */
  readonly message: Uint8Array;
  /** One; only an envelope in a layer may hold several, each of which counts by itself. */
  readonly signatures: readonly Uint8Array[];
}
