import * as z from 'zod';
import { findForbiddenKeys, problemsOf, type PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { valueOfJson } from '../rego/values/json-value.ts';
import type { RegoValue } from '../rego/values/value.ts';
import { matchFields, type ConstraintMatch } from './constraint-match.ts';
import { constraintSchema } from './schema/constraint-schema.ts';
import type { ConstraintTemplate } from './constraint-template.ts';
import { enforcementFields, type Enforcement } from './enforcement.ts';
import { withDefaults } from './schema/defaults.ts';
import { depthProblems } from './schema/depth-problems.ts';
import { duplicateProblems } from './schema/duplicate-problems.ts';
import { knownPart } from './schema/known-fields.ts';
import { withoutNulls } from './schema/nulls.ts';
import { ruleFindings } from './schema/rule-findings.ts';
import { valueProblems } from './schema/value-problems.ts';

export const constraintGroup = 'constraints.gatekeeper.sh';

/** What a constraint speaks of, and what follows from a violation. */
interface ConstraintHead {
  readonly kind: string;
  readonly name: string;
  readonly enforcement: Enforcement;
  /** `undefined`: it speaks of everything. */
  readonly match: ConstraintMatch | undefined;
}

/** A constraint of which no revision can be asked. */
export interface UnusableConstraint extends ConstraintHead {
  readonly why: string;
}

/** A constraint, with the template that it asks. */
export interface Constraint extends ConstraintHead {
  /** `input.parameters`. */
  readonly parameters: RegoValue;
  /** The same as JSON. */
  readonly written: JsonValue;
  readonly template: ConstraintTemplate;
}

const constraint = z.looseObject({
  apiVersion: z.enum(['v1', 'v1beta1', 'v1alpha1'].map((version) => `${constraintGroup}/${version}`)),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1) }),
  spec: z
    .strictObject({
      ...enforcementFields,
      match: matchFields.exactOptional(),
      parameters: z.custom<JsonValue>().exactOptional(),
    })
    .exactOptional(),
});

const parametersPath = ['spec', 'parameters'];

/**
 * Parameters as the API server would store them: without unknown fields, with defaults, and of the form of the schema.
 * Where the template has no schema for them, there are none (`undefined`).
 */
const parametersOf = (
  schema: JsonObject | undefined,
  given: JsonValue | undefined,
): Result<JsonValue | undefined, readonly PolicyProblem[]> => {
  if (schema === undefined) return ok(undefined);
  const known = given === undefined ? undefined : knownPart(schema, given).value;
  const parameters = withDefaults(schema, known);
  if (parameters === undefined) return ok(undefined);
  const problems = valueProblems(schema, parameters, parametersPath);
  return problems.length === 0 ? ok(parameters) : fail(problems);
};

/** Parameters as templates see them. */
export const valueOfParameters = (written: JsonValue): RegoValue => valueOfJson(written, 'int64');

interface ReadParts {
  readonly constraint: Constraint;
  /** As JSON; `undefined`: the constraint has none. */
  readonly parameters: JsonValue | undefined;
}

const readParts = (
  value: unknown,
  template: ConstraintTemplate,
): Result<ReadParts, readonly PolicyProblem[]> => {
  const deep = depthProblems(value);
  if (deep.length > 0) return fail(deep);
  const path = ['spec', 'match'];
  const forbidden = findForbiddenKeys(objectOf(objectOf(value)['spec'])['match'], path);
  if (forbidden.length > 0) return fail(forbidden);
  const stored = isJsonObject(value) ? withoutNulls(constraintSchema(template.parameters), value) : value;
  const parsed = constraint.safeParse(stored);
  if (!parsed.success) return fail(problemsOf(parsed.error, value, constraint));
  const { kind, metadata, spec } = parsed.data;
  if (kind !== template.kind)
    return fail([
      {
        path: ['kind'],
        message: `the template ${template.name} makes constraints of the kind ${template.kind}`,
      },
    ]);
  const { match, parameters: given, ...enforcement } = spec ?? {};
  // Without `spec` there is no field that a default could stand in.
  const parameters = spec === undefined ? ok(undefined) : parametersOf(template.parameters, given);
  if (!parameters.ok) return parameters;
  const written = parameters.value ?? {};
  return ok({
    constraint: {
      kind,
      name: metadata.name,
      enforcement,
      match,
      parameters: valueOfParameters(written),
      written,
      template,
    },
    parameters: parameters.value,
  });
};

/** Reads a constraint that a cluster has stored, or says everything that is wrong with it. */
export const readConstraint = (
  value: unknown,
  template: ConstraintTemplate,
): Result<Constraint, readonly PolicyProblem[]> => {
  const read = readParts(value, template);
  return read.ok ? ok(read.value.constraint) : read;
};

/** A constraint of a file. */
export interface WrittenConstraint {
  readonly constraint: Constraint;
  /** What the API server would ask of it, and nobody can ask here. */
  readonly remarks: readonly PolicyProblem[];
}

/**
 * Reads a constraint that no API server has seen: what one asks of an object when it is written, and never again, is asked
 * here. A cluster holds constraints that were written before a rule was.
 */
export const readWrittenConstraint = (
  value: unknown,
  template: ConstraintTemplate,
): Result<WrittenConstraint, readonly PolicyProblem[]> => {
  const read = readParts(value, template);
  if (!read.ok) return read;
  const { constraint: found, parameters } = read.value;
  if (template.parameters === undefined || parameters === undefined)
    return ok({ constraint: found, remarks: [] });
  const duplicates = duplicateProblems(template.parameters, parameters, parametersPath);
  const { problems, remarks } = ruleFindings(template.parameters, parameters, parametersPath);
  const wrong = [...duplicates, ...problems];
  return wrong.length > 0 ? fail(wrong) : ok({ constraint: found, remarks });
};

/** What can be read of a match, each part by itself: one that cannot be read narrows nothing. */
const readablePart = (match: JsonObject): ConstraintMatch => {
  const parts = Object.entries(match).flatMap(([field, given]): readonly ConstraintMatch[] => {
    const one = matchFields.safeParse({ [field]: given });
    return one.success && findForbiddenKeys(given, []).length === 0 ? [one.data] : [];
  });
  return Object.assign({}, ...parts) as ConstraintMatch;
};

/**
 * What can be read of a constraint that cannot be asked. What its `match` does not say, it speaks of; without a readable
 * action it denies: a constraint that breaks must not open what it closed.
 */
export const readUnusable = (
  value: JsonObject,
  { kind, name, why }: Pick<UnusableConstraint, 'kind' | 'name' | 'why'>,
): UnusableConstraint => {
  const spec = objectOf(value['spec']);
  const enforcement = z.looseObject(enforcementFields).safeParse(spec);
  return {
    kind,
    name,
    why,
    match: readablePart(objectOf(spec['match'])),
    enforcement: enforcement.success ? enforcement.data : {},
  };
};
