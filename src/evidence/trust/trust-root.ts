import { absent, known, type Fact } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { ok, type Result } from '../../core/result.ts';
import type { TrustRoot } from '../../core/trust-root/schema.ts';
import { digestOf } from '../content-digest.ts';
import { readTrustedRoot } from './trusted-root.ts';
import { readX509Roots } from './x509-roots.ts';

/** What a trust root consists of, not looked into. */
export type TrustRootContent =
  | { readonly kind: 'sigstore'; /** The text of a `trusted_root.json`. */ readonly trustedRoot: string }
  | { readonly kind: 'x509'; /** PEM certificates. */ readonly roots: string };

/** What a document says, and where in it. */
interface PlacedContent {
  readonly path: readonly string[];
  /** Absent: it stands in a file. */
  readonly content?: TrustRootContent;
}

export const contentOf = ({ spec }: TrustRoot): PlacedContent => {
  if ('x509' in spec)
    return { path: ['spec', 'x509', 'roots'], content: { kind: 'x509', roots: spec.x509.roots } };
  if ('file' in spec.sigstore) return { path: ['spec', 'sigstore', 'file'] };
  const { trustedRoot } = spec.sigstore;
  return { path: ['spec', 'sigstore', 'trustedRoot'], content: { kind: 'sigstore', trustedRoot } };
};

/** The keys, certificate authorities and logs that one `TrustRoot` names, as they are at one moment. */
export type TrustRootSnapshot = {
  readonly name: string;
  /** sha256 of the content: equal for equal roots, so it names the snapshot in caches and records. */
  readonly id: Digest;
  /** When the content was written, as far as that is known, in milliseconds since 1970: its age counts from there. */
  readonly writtenAt?: number;
} & TrustRootContent;

/** The trust roots in force. A root is replaced as a whole, so a snapshot never changes. */
export interface TrustRoots {
  /**
   * @returns `absent`: no object has this name. `unavailable`: the roots of the cluster are not loaded yet, or the object
   * cannot be used
   */
  get(name: string): Fact<TrustRootSnapshot>;
}

const textOf = (content: TrustRootContent): string =>
  content.kind === 'sigstore' ? content.trustedRoot : content.roots;

/** Names a content that was looked into before: the root that is shipped. */
export const snapshotOf = (
  { name, writtenAt }: Pick<TrustRootSnapshot, 'name' | 'writtenAt'>,
  content: TrustRootContent,
): TrustRootSnapshot => {
  const id = digestOf(Buffer.from(`${content.kind}\n${textOf(content)}`), 'sha256');
  return { name, id, ...(writtenAt === undefined ? {} : { writtenAt }), ...content };
};

/**
 * Looks into the content of a trust root and names it.
 * @returns the snapshot, or everything that is wrong with the content
 */
export const takeSnapshot = (
  root: Pick<TrustRootSnapshot, 'name' | 'writtenAt'>,
  content: TrustRootContent,
): Result<TrustRootSnapshot, readonly string[]> => {
  const text = textOf(content);
  const read = content.kind === 'sigstore' ? readTrustedRoot(text) : readX509Roots(text);
  return read.ok ? ok(snapshotOf(root, content)) : read;
};

/** Trust roots by name; of two with one name the later one is in force. */
export const trustRootsOf = (snapshots: () => readonly TrustRootSnapshot[]): TrustRoots => ({
  get: (name) => {
    const found = snapshots().findLast((snapshot) => snapshot.name === name);
    return found === undefined ? absent : known(found);
  },
});
