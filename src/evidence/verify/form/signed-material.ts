import type { CandidateForm } from '../../../core/facts/claim.ts';
import type { LogEntry } from '../log/log-entry.ts';
import type { Message } from '../signature/message.ts';

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
  /** What the signatures sign. */
  readonly message: Message;
  /** One; only an envelope in a layer may hold several, each of which counts by itself. */
  readonly signatures: readonly Uint8Array[];
  /** DER; that of the signer first. Empty where it signed with a bare key. */
  readonly certificates: readonly Uint8Array[];
  readonly entries: readonly LogEntry[];
  /** What an entry must have to be one of this form. */
  readonly entriesNeed: 'promise' | 'proof';
  /** Responses of timestamp authorities. */
  readonly timestamps: readonly Uint8Array[];
  /** What they stamp: the signature, if absent. Of an envelope in a layer it is the envelope. */
  readonly stamped?: Uint8Array;
}
