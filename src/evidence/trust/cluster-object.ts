import type { PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { fail, type Result } from '../../core/result.ts';
import { readTrustRoot, type TrustRoot } from '../../core/trust-root/schema.ts';
import { takeSnapshot, type TrustRootContent, type TrustRootSnapshot } from './trust-root.ts';

interface PlacedContent {
  readonly path: readonly string[];
  /** Absent: it stands in a file. */
  readonly content?: TrustRootContent;
}

const contentOf = ({ spec }: TrustRoot): PlacedContent => {
  if ('x509' in spec)
    return { path: ['spec', 'x509', 'roots'], content: { kind: 'x509', roots: spec.x509.roots } };
  if ('file' in spec.sigstore) return { path: ['spec', 'sigstore', 'file'] };
  const { trustedRoot } = spec.sigstore;
  return { path: ['spec', 'sigstore', 'trustedRoot'], content: { kind: 'sigstore', trustedRoot } };
};

/**
 * Reads a TrustRoot of a cluster, fields and content: what the webhook judges, and what comes into force.
 * @returns its snapshot, or every problem; never throws
 */
export const readClusterTrustRoot = (
  object: unknown,
  writtenAt?: number,
): Result<TrustRootSnapshot, readonly PolicyProblem[]> => {
  const read = readTrustRoot(object);
  if (!read.ok) return read;
  const { path, content } = contentOf(read.value);
  if (content === undefined)
    return fail([{ path, message: 'a cluster has no files: write the text of the file into trustedRoot' }]);
  const { name } = read.value;
  const taken = takeSnapshot({ name, ...(writtenAt === undefined ? {} : { writtenAt }) }, content);
  return taken.ok ? taken : fail(taken.error.map((message) => ({ path, message })));
};
