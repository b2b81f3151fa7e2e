import type { Digest } from '../../core/image/digest.ts';
import type { Fact } from '../../core/facts/fact.ts';

/** The keys, certificate authorities and logs that one `TrustRoot` names, as they are at one moment. */
export type TrustRootSnapshot = {
  readonly name: string;
  /** sha256 of the content: equal for equal roots, so it names the snapshot in caches and records. */
  readonly id: Digest;
} & (
  | { readonly kind: 'sigstore'; /** The text of a `trusted_root.json`. */ readonly trustedRoot: string }
  | { readonly kind: 'x509'; /** PEM certificates. */ readonly roots: string }
);

/** The trust roots in force. A root is replaced as a whole, so a snapshot never changes. */
export interface TrustRoots {
  /**
   * @returns `absent`: no object has this name. `unavailable`: the roots of the cluster are not loaded yet, or the object
   * cannot be used
   */
  get(name: string): Fact<TrustRootSnapshot>;
}
