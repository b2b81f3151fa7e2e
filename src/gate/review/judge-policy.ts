import { formatPath } from '../../core/policy/load/problem-path.ts';
import { readPolicy } from '../../core/policy/schema/schema.ts';
import type { PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { compilePolicy } from '../../core/policy-set/compile.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { gateFinding, type Outcome } from './decision-builder.ts';

const problemFinding = (problem: PolicyProblem) =>
  gateFinding('policy-invalid', shown(`${formatPath(problem.path)}: ${problem.message}`), {
    path: shown(formatPath(problem.path)),
    remedy:
      problem.suggestion === undefined
        ? 'see docs/policy.md, or kubectl explain imagepolicy.spec --api-version=imagegate.dev/v1alpha1'
        : shown(`did you mean ${problem.suggestion}?`),
  });

/**
 * R9: a CustomResourceDefinition prunes or keeps unknown fields in silence, so a misspelt check would be stored
 * and never run. The gate judges its own policies on their way in and refuses what it could not run.
 */
export const judgePolicy = (object: JsonObject): Outcome => {
  const read = readPolicy(object);
  if (!read.ok) return { findings: read.error.map(problemFinding) };
  const compiled = compilePolicy(read.value);
  if (!compiled.ok) return { findings: [problemFinding({ path: ['spec'], message: compiled.error })] };
  return {};
};
