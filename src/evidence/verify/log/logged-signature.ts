import type { Message } from '../signature/message.ts';

/** What a log entry has to be about: the key, the signature and the digest of this very candidate (S6). */
export interface LoggedSignature {
  readonly signature: Uint8Array;
  readonly message: Message;
  /** The payload of an envelope, which some kinds of entries name instead of what was signed. */
  readonly payload?: Uint8Array;
  /** The whole envelope, signature and all, as it was written: what the oldest kind of entries names. */
  readonly envelope?: Uint8Array;
  /** DER of the certificate of the signer, or of its key where it has none. */
  readonly verifier: { readonly kind: 'certificate' | 'key'; readonly der: Uint8Array };
}
