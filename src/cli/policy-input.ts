import { createPolicyFiles, type LoadedPolicies } from '../adapters/policy-files/policy-files.ts';
import { compilePolicySet } from '../core/policy-set/compile.ts';
import { formatProblem } from '../core/policy/load/document.ts';
import type { PolicySet } from '../core/policy-set/policy-set.ts';
import { createReadConstraints } from '../serve/constraint-files.ts';
import { shippedRootNames } from '../serve/trust-roots.ts';
import { UsageError, valueOrUsage, type Terminal } from './terminal/terminal.ts';

/** Reads the policies that a command is given; broken or none is exit code 2, with every problem on a line. */
export const readPolicies = async (
  paths: readonly string[],
  { compileExpression }: Pick<Terminal, 'compileExpression'>,
): Promise<LoadedPolicies<PolicySet>> => {
  if (paths.length === 0) throw new UsageError(['no policies: name a folder or a file with --policies']);
  const files = createPolicyFiles<PolicySet>({
    paths,
    shippedRoots: shippedRootNames,
    compileExpression,
    readConstraints: createReadConstraints(),
    build: compilePolicySet,
    onChange: () => undefined,
    onProblem: () => undefined,
  });
  const loaded = await files.load();
  await files.close();
  return valueOrUsage(loaded, (problems) => problems.map(formatProblem));
};
