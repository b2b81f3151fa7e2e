import { compareTexts } from '../../../core/decision/order.ts';
import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { isJsonObject, textOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';
import type { Surroundings } from '../../rego/evaluate/evaluation.ts';
import {
  readTemplate,
  ruleRemarks,
  type ConstraintTemplate,
  type TemplateProblem,
} from '../constraint-template.ts';
import { readWrittenConstraint, type Constraint, type WrittenConstraint } from '../constraint.ts';
import { constraintSchema } from '../schema/constraint-schema.ts';
import { inventoryOf } from '../inventory.ts';
import { judgeConstraint } from '../judge-constraint.ts';
import type { ConstraintReview } from '../review.ts';
import { knownPart } from '../schema/known-fields.ts';
import { valueProblems } from '../schema/value-problems.ts';
import { whyNotHeld } from './assertions.ts';
import type { SuiteFilter } from './suite-filter.ts';
import { reviewOfDocument } from './suite-object.ts';
import type { Suite, SuiteCase, SuiteTest } from './suite.ts';

/** What came of one case; of a test that has none to run, what came of the test. */
export interface SuiteOutcome {
  readonly test: string;
  readonly case?: string;
  /** `unreadable`: nobody knows whether it passes, since something that it names cannot be read or run here. */
  readonly status: 'passed' | 'failed' | 'skipped' | 'unreadable';
  /** Why it did not pass. */
  readonly message?: string;
  /** What nobody knows of the constraint here. */
  readonly remarks?: readonly string[];
}

export interface SuiteRun {
  readonly filter: SuiteFilter;
  readonly surroundings: Surroundings;
  /** The documents of a file that a suite names, or why they cannot be read. */
  readonly read: (path: string) => Result<readonly JsonValue[], string>;
}

/** Why a test or a case did not pass, without the names. */
type Unsuccessful = Pick<Required<SuiteOutcome>, 'message'> & { readonly status: 'failed' | 'unreadable' };
const failed = (message: string): Unsuccessful => ({ status: 'failed', message });
const unreadable = (message: string): Unsuccessful => ({ status: 'unreadable', message });

const explained = (problems: readonly PolicyProblem[]): string =>
  problems.map(describePolicyProblem).join('; ');

const placed = (problem: TemplateProblem): string =>
  `${describePolicyProblem(problem)}${problem.line === undefined ? '' : ` (line ${problem.line} of the text)`}`;

const objectsAt = (
  path: string | null | undefined,
  what: string,
  run: SuiteRun,
): Result<readonly JsonObject[], Unsuccessful> => {
  if (path === undefined || path === null || path === '') return fail(failed(`missing ${what}`));
  const read = run.read(path);
  if (!read.ok) return fail(unreadable(`${path}: ${read.error}`));
  const objects = read.value.filter(isJsonObject);
  return objects.length === 0 ? fail(failed(`${path}: defines no object`)) : ok(objects);
};

const objectAt = (
  path: string | null | undefined,
  what: string,
  run: SuiteRun,
): Result<JsonObject, Unsuccessful> => {
  const objects = objectsAt(path, what, run);
  if (!objects.ok) return objects;
  const [first, ...more] = objects.value;
  return first === undefined || more.length > 0
    ? fail(failed(`${path ?? ''}: defines ${more.length + 1} objects, and one is wanted`))
    : ok(first);
};

const templateOf = (test: SuiteTest, run: SuiteRun): Result<ConstraintTemplate, Unsuccessful> => {
  const object = objectAt(test.template, 'template', run);
  if (!object.ok) return object;
  const read = readTemplate(object.value, { hasInventory: true });
  if (read.ok) return read;
  const isUnsupported = read.error.every((problem) => problem.isUnsupported === true);
  const message = `the template is refused: ${read.error.map(placed).join('; ')}`;
  return fail(isUnsupported ? unreadable(message) : failed(message));
};

/** What gator says of a constraint: whether its schema refuses it, or something else does. */
interface Refused extends Unsuccessful {
  readonly bySchema: boolean;
}

const constraintOf = (
  test: SuiteTest,
  template: ConstraintTemplate,
  run: SuiteRun,
): Result<WrittenConstraint, Refused> => {
  const object = objectAt(test.constraint, 'constraint', run);
  if (!object.ok) return fail({ ...object.error, bySchema: false });
  const refuse = (problems: readonly PolicyProblem[], bySchema: boolean): Result<never, Refused> =>
    fail({ ...failed(`the constraint is refused: ${explained(problems)}`), bySchema });
  // Another kind is told by what reads constraints.
  if (object.value['kind'] === template.kind) {
    const schema = constraintSchema(template.parameters);
    const problems = valueProblems(schema, object.value);
    if (problems.length > 0) return refuse(problems, true);
    const { unknown } = knownPart(schema, { spec: object.value['spec'] ?? {} });
    if (unknown.length > 0)
      return refuse(
        unknown.map((path) => ({ path, message: 'unknown field' })),
        false,
      );
  }
  const read = readWrittenConstraint(object.value, template);
  return read.ok ? read : refuse(read.error, false);
};

/** Gator knows the namespaces that its inventory holds, for matches alone. */
const namespaceIn = (
  inventory: readonly JsonObject[],
  { request }: ConstraintReview,
): JsonObject | undefined =>
  inventory.find(
    (object) => object['kind'] === 'Namespace' && metadataOf(object)['name'] === request['namespace'],
  );

const inventoryAt = (
  paths: readonly string[],
  run: SuiteRun,
): Result<readonly JsonObject[], Unsuccessful> => {
  const all: JsonObject[] = [];
  for (const path of paths) {
    const objects = objectsAt(path, 'inventory', run);
    if (!objects.ok) return objects;
    all.push(...objects.value);
  }
  return ok(all);
};

/** What a constraint says about the object of a case. */
const messagesOf = (
  one: SuiteCase,
  constraint: Constraint,
  run: SuiteRun,
): Result<readonly string[], Unsuccessful> => {
  const object = objectAt(one.object, 'object', run);
  if (!object.ok) return object;
  const inventory = inventoryAt(one.inventory ?? [], run);
  if (!inventory.ok) return inventory;
  const review = reviewOfDocument(object.value);
  if (!review.ok) return fail(failed(review.error));
  const judgement = judgeConstraint(
    constraint,
    { ...review.value, namespace: namespaceIn(inventory.value, review.value) },
    {
      point: 'gator.gatekeeper.sh',
      surroundings: run.surroundings,
      inventory: inventoryOf(inventory.value),
    },
  );
  if (judgement === undefined) return ok([]);
  const { violations, error } = judgement;
  return ok(
    [...violations.map(({ msg }) => msg), ...(error === undefined ? [] : [error])].sort(compareTexts),
  );
};

const runCase = (
  one: SuiteCase,
  constraint: Constraint,
  run: SuiteRun,
): Unsuccessful | { readonly status: 'passed' } => {
  const assertions = one.assertions ?? [];
  if (assertions.length === 0) return failed('the case has no assertions');
  const messages = messagesOf(one, constraint, run);
  if (!messages.ok) return messages.error;
  for (const assertion of assertions) {
    const why = whyNotHeld(assertion, messages.value);
    if (why !== undefined) return failed(why);
  }
  return { status: 'passed' };
};

const nameOf = ({ name }: { readonly name?: string | null | undefined }): string => textOf(name);

const skipped = (test: SuiteTest): readonly SuiteOutcome[] => {
  const cases = test.cases ?? [];
  const one = { test: nameOf(test), status: 'skipped' } as const;
  return cases.length === 0 ? [one] : cases.map((each) => ({ ...one, case: nameOf(each) }));
};

const runCases = (test: SuiteTest, constraint: Constraint, run: SuiteRun): readonly SuiteOutcome[] =>
  (test.cases ?? []).map((one) => {
    const names = { test: nameOf(test), case: nameOf(one) };
    const isAsked = one.skip !== true && run.filter.case(names.test, names.case);
    return isAsked ? { ...names, ...runCase(one, constraint, run) } : { ...names, status: 'skipped' };
  });

const runTest = (test: SuiteTest, run: SuiteRun): readonly SuiteOutcome[] => {
  if (test.skip === true || !run.filter.test(test)) return skipped(test);
  const whole = (came: Unsuccessful | { readonly status: 'passed' }): readonly SuiteOutcome[] => [
    { test: nameOf(test), status: came.status, ...('message' in came ? { message: came.message } : {}) },
  ];
  if (textOf(test.expansion) !== '')
    return whole(unreadable('the test names an expansion, and nothing is expanded here: use gator verify'));
  const template = templateOf(test, run);
  if (!template.ok) return whole(template.error);
  const constraint = constraintOf(test, template.value, run);
  if (test.invalid === true) {
    if (constraint.ok) return whole(failed('the constraint should be refused by its schema, and is not'));
    return whole(constraint.error.bySchema ? { status: 'passed' } : constraint.error);
  }
  if (!constraint.ok) return whole(constraint.error);
  const remarks = [...ruleRemarks(template.value.parameters), ...constraint.value.remarks].map(
    describePolicyProblem,
  );
  return runCases(test, constraint.value.constraint, run).map((outcome) =>
    remarks.length === 0 ? outcome : { ...outcome, remarks },
  );
};

/** Runs the tests of a suite, as `gator verify` does. */
export const runSuite = ({ skip, tests }: Suite, run: SuiteRun): readonly SuiteOutcome[] =>
  (tests ?? []).flatMap((test) => (skip === true ? skipped(test) : runTest(test, run)));
