import { z } from 'zod';
import { problemsOf } from '../../../core/policy/load/schema-problem.ts';
import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { isJsonObject, textOf, type JsonValue } from '../../../core/text/json/json.ts';
import { groupOf } from '../../../core/workload/kinds/kinds.ts';

/** The group of suites: files without it are none. */
export const suiteGroup = 'test.gatekeeper.sh';

const text = z.string().nullish();
const flag = z.boolean().nullish();

const assertion = z.looseObject({
  // Readers of YAML disagree about `yes`: for gator it is text.
  violations: z.union([z.number(), z.string(), z.boolean()]).nullish(),
  message: text,
});
export type SuiteAssertion = z.output<typeof assertion>;

const suiteCase = z.looseObject({
  name: text,
  object: text,
  inventory: z.array(z.string()).nullish(),
  assertions: z.array(assertion).nullish(),
  skip: flag,
});
export type SuiteCase = z.output<typeof suiteCase>;

const suiteTest = z.looseObject({
  name: text,
  template: text,
  constraint: text,
  expansion: text,
  cases: z.array(suiteCase).nullish(),
  invalid: flag,
  skip: flag,
});
export type SuiteTest = z.output<typeof suiteTest>;

const suite = z.looseObject({ skip: flag, tests: z.array(suiteTest).nullish() });
/** Tests of templates and constraints, as gator reads them. Paths are relative to the file of the suite. */
export type Suite = z.output<typeof suite>;

/** Whether a document of a file is a suite. */
export const isSuite = (value: JsonValue): boolean =>
  isJsonObject(value) && value['kind'] === 'Suite' && groupOf(textOf(value['apiVersion'])) === suiteGroup;

/** Reads a suite, or says what is wrong with it. Fields that nobody knows are ignored, as gator does. */
export const readSuite = (value: JsonValue): Result<Suite, string> => {
  const parsed = suite.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return fail(problemsOf(parsed.error, value, suite).map(describePolicyProblem).join('; '));
};
