import type { PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { fail, type Result } from '../../core/result.ts';
import { readTrustRoot } from '../../core/trust-root/schema.ts';
import { contentOf, takeSnapshot, type TrustRootSnapshot } from './trust-root.ts';

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
