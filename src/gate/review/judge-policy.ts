import { formatPath } from '../../core/policy/load/problem-path.ts';
import { readPolicy, type CompileExpression } from '../../core/policy/schema/schema.ts';
import type { PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { compilePolicy } from '../../core/policy-set/compile.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { readClusterTrustRoot } from '../../evidence/trust/cluster-object.ts';
import type { ConstraintReader } from '../constraints.ts';
import { gateFinding, type Outcome } from './decision-builder.ts';

const problemFinding =
  (code: 'policy-invalid' | 'trust-root-invalid' | 'template-invalid' | 'constraint-invalid', help: string) =>
  ({ path, message, suggestion }: PolicyProblem): Finding =>
    gateFinding(code, shown(`${formatPath(path)}: ${message}`), {
      path: shown(formatPath(path)),
      remedy: suggestion === undefined ? help : shown(`did you mean ${suggestion}?`),
    });

const policyFinding = problemFinding(
  'policy-invalid',
  'see docs/policy.md, or kubectl explain imagepolicy.spec --api-version=imagegate.dev/v1alpha1',
);
const trustRootFinding = problemFinding(
  'trust-root-invalid',
  'see docs/trust-roots.md, or kubectl explain trustroot.spec --api-version=imagegate.dev/v1alpha1',
);

/**
 * R9: a CustomResourceDefinition prunes or keeps unknown fields in silence, so a misspelt check would be stored
 * and never run. The gate judges its own policies on their way in and refuses what it could not run.
 */
export const judgePolicy = (object: JsonObject, compileExpression: CompileExpression): Outcome => {
  const read = readPolicy(object, compileExpression);
  if (!read.ok) return { findings: read.error.map(policyFinding) };
  const compiled = compilePolicy(read.value);
  if (!compiled.ok) return { findings: [policyFinding({ path: ['spec'], message: compiled.error })] };
  return {};
};

/** At most this many problems are told: a root whose every entry is wrong would fill the answer. */
const maxProblems = 16;

/** The same for a TrustRoot, its certificates and keys included: a broken one would refuse at the next signature. */
export const judgeTrustRoot = (object: JsonObject): Outcome => {
  const read = readClusterTrustRoot(object);
  return read.ok ? {} : { findings: read.error.slice(0, maxProblems).map(trustRootFinding) };
};

const templateFinding = problemFinding(
  'template-invalid',
  'correct the template; imagegate policy explain-template finds the same before it reaches the cluster',
);
const constraintFinding = problemFinding('constraint-invalid', 'correct the field');

/** Gatekeeper's kinds on their way in. `undefined`: it is none of them. */
export const judgeConstraintObject = (
  { group, kind }: { readonly group: string; readonly kind: string },
  object: JsonObject,
  reader: ConstraintReader,
): Outcome | undefined => {
  if (group === 'templates.gatekeeper.sh' && kind === 'ConstraintTemplate')
    return { findings: reader.template(object).slice(0, maxProblems).map(templateFinding) };
  return group === 'constraints.gatekeeper.sh'
    ? { findings: reader.constraint(object).slice(0, maxProblems).map(constraintFinding) }
    : undefined;
};
