import { compilePolicySet } from '../../core/policy-set/compile.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import { describePolicyProblem } from '../../core/policy/load/problem-path.ts';
import type { PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { policyApiVersion, policyKind, readPolicy } from '../../core/policy/schema/schema.ts';
import { shown } from '../../core/text/shown-text.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

/** Who has to have signed, as flags say it. */
export type FlagAuthority =
  | { readonly kind: 'key'; readonly file: string; readonly pem: string }
  | {
      readonly kind: 'keyless';
      readonly identity: string;
      readonly issuer: string;
      /** Name of a trust root. */
      readonly trustRoot: string;
    };

const authorityOf = (given: FlagAuthority): object =>
  given.kind === 'key'
    ? { name: 'key', key: { pem: given.pem } }
    : {
        name: 'identity',
        keyless: {
          trustRoot: given.trustRoot,
          identities: [{ issuer: given.issuer, subject: given.identity }],
        },
      };

/** Which flag a problem of the policy is about. */
const flagOf = (given: FlagAuthority, path: PolicyProblem['path']): string | undefined => {
  if (path.includes('predicateType')) return '--type';
  if (path.includes('pem') && given.kind === 'key') return `--key ${given.file}`;
  if (path.includes('issuer')) return '--certificate-oidc-issuer';
  return path.includes('subject') ? '--certificate-identity' : undefined;
};

const problemText = (given: FlagAuthority, problem: PolicyProblem): string => {
  const flag = flagOf(given, problem.path);
  return shown(
    flag === undefined
      ? describePolicyProblem(problem)
      : describePolicyProblem({ ...problem, path: [], message: `${flag}: ${problem.message}` }),
  );
};

/**
 * The policy that flags stand for: the same fields and the same checks as one of a file. What it cannot hold gives exit
 * code 2.
 */
export const policyOfFlags = (
  given: FlagAuthority,
  predicateType: string | undefined,
  { compileExpression }: Pick<Terminal, 'compileExpression'>,
): PolicySet => {
  const authorities = [authorityOf(given)];
  const check =
    predicateType === undefined
      ? { signature: { authorities } }
      : { attestation: { predicateType, authorities } };
  const policy = {
    apiVersion: policyApiVersion,
    kind: policyKind,
    metadata: { name: 'flags' },
    spec: { checks: [check] },
  };
  const read = readPolicy(policy, compileExpression);
  if (!read.ok) throw new UsageError(read.error.map((problem) => problemText(given, problem)));
  return compilePolicySet([read.value], 'flags');
};
