import * as z from 'zod';
import { problemsOf, type PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import { suggest } from '../../../core/policy/load/suggestion.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { quote } from '../../../core/text/cut-middle.ts';
import {
  isJsonObject,
  objectOf,
  objectsIn,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
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

/** Of one object: its fields that nobody knows. */
const unknownIn = (
  value: unknown,
  shape: object,
  path: PolicyProblem['path'],
  others: readonly string[] = [],
): readonly PolicyProblem[] => {
  const known = [...Object.keys(shape), ...others];
  return Object.keys(objectOf(value))
    .filter((name) => !known.includes(name))
    .map((name) => {
      const meant = suggest(name, known);
      const message = `the field ${quote(name)} is ignored, as gator does`;
      return { path, message, ...(meant === undefined ? {} : { suggestion: meant }) };
    });
};

/** A list of objects, each with its path. */
const each = (
  value: unknown,
  path: PolicyProblem['path'],
): readonly (readonly [JsonObject, PolicyProblem['path']])[] =>
  objectsIn(value).map((one, at) => [one, [...path, at]] as const);

/**
 * Fields of a suite that gator ignores, so they must not be an error. Somebody who wrote `violatons: 0` has a case that
 * passes with any violation.
 */
export const ignoredFields = (value: JsonValue): readonly PolicyProblem[] => [
  ...unknownIn(value, suite.shape, [], ['apiVersion', 'kind', 'metadata']),
  ...each(objectOf(value)['tests'], ['tests']).flatMap(([oneTest, testPath]) => [
    ...unknownIn(oneTest, suiteTest.shape, testPath),
    ...each(oneTest['cases'], [...testPath, 'cases']).flatMap(([oneCase, casePath]) => [
      ...unknownIn(oneCase, suiteCase.shape, casePath),
      ...each(oneCase['assertions'], [...casePath, 'assertions']).flatMap(([one, path]) =>
        unknownIn(one, assertion.shape, path),
      ),
    ]),
  ]),
];

/** Reads a suite, or says what is wrong with it. Fields that nobody knows are ignored, as gator does. */
export const readSuite = (value: JsonValue): Result<Suite, string> => {
  const parsed = suite.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return fail(problemsOf(parsed.error, value, suite).map(describePolicyProblem).join('; '));
};
