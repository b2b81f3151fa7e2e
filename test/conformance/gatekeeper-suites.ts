import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RE2JS } from 're2js';
import { parseDocument } from 'yaml';
import {
  isJsonObject,
  objectOf,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../src/core/text/json/json.ts';
import type { PolicyProblem } from '../../src/core/policy/load/schema-problem.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { readTemplate } from '../../src/languages/gatekeeper/constraint-template.ts';
import { readConstraint } from '../../src/languages/gatekeeper/constraint.ts';
import { inventoryOf } from '../../src/languages/gatekeeper/inventory.ts';
import { judgeConstraint } from '../../src/languages/gatekeeper/judge-constraint.ts';
import {
  reviewOfObject,
  reviewOfRequest,
  type ConstraintReview,
} from '../../src/languages/gatekeeper/review.ts';

/** One case of a suite of gator: a template, a constraint, an object, and what must be said of it. */
export interface SuiteCase {
  readonly name: string;
  /** Why it failed; `undefined`: it did not. */
  readonly run: () => string | undefined;
}

const read = (file: string): JsonObject => objectOf(parseDocument(readFileSync(file, 'utf8')).toJS());
const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const objects = (value: JsonValue | undefined): readonly JsonObject[] => list(value).filter(isJsonObject);
const within = (value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((found, step) => objectOf(found)[step], value);

export const isSuite = (file: string): boolean =>
  basename(file) === 'suite.yaml' && read(file)['kind'] === 'Suite';

/** The review of an object as gator makes one, of an AdmissionReview its own. */
const reviewOf = (document: JsonObject): Result<ConstraintReview, string> =>
  document['kind'] === 'AdmissionReview'
    ? reviewOfRequest(objectOf(document['request']))
    : ok(reviewOfObject(document));

interface Given {
  readonly template: JsonObject;
  readonly constraint: JsonObject;
  readonly object: JsonObject;
  readonly inventory: readonly JsonObject[];
}

const explained = (problems: readonly PolicyProblem[]): string =>
  problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');

/** Gator knows the namespaces that its inventory holds, for matches alone. */
const namespaceIn = (
  inventory: readonly JsonObject[],
  { request }: ConstraintReview,
): JsonObject | undefined =>
  inventory.find(
    (one) => one['kind'] === 'Namespace' && within(one, 'metadata', 'name') === request['namespace'],
  );

/** The messages of a template about an object, or why there are none. */
const messagesOf = ({ template, constraint, object, inventory }: Given): readonly string[] | string => {
  const read = readTemplate(template, { hasInventory: true });
  if (!read.ok) return explained(read.error);
  const asked = readConstraint(constraint, read.value);
  if (!asked.ok) return explained(asked.error);
  const review = reviewOf(object);
  if (!review.ok) return review.error;
  const judgement = judgeConstraint(
    asked.value,
    { ...review.value, namespace: namespaceIn(inventory, review.value) },
    {
      point: 'gator.gatekeeper.sh',
      surroundings: { now: 0n, seed: 'suite' },
      inventory: inventoryOf(inventory),
    },
  );
  if (judgement === undefined) return [];
  const { violations, error } = judgement;
  return [...violations.map(({ msg }) => msg), ...(error === undefined ? [] : [error])];
};

const isRight = (assertion: JsonObject, messages: readonly string[]): boolean => {
  const pattern =
    assertion['message'] === undefined ? undefined : RE2JS.compile(textOf(assertion['message']));
  const count = messages.filter((message) => pattern?.matcher(message).find() ?? true).length;
  const wanted = assertion['violations'] ?? 'yes';
  if (typeof wanted === 'number') return count === wanted;
  return wanted === 'no' || wanted === false ? count === 0 : count > 0;
};

const judged = (given: Given, assertions: readonly JsonObject[]): string | undefined => {
  const messages = messagesOf(given);
  if (typeof messages === 'string') return messages;
  const wrong = assertions.find((assertion) => !isRight(assertion, messages));
  return wrong === undefined
    ? undefined
    : `${JSON.stringify(messages)}, where ${JSON.stringify(wrong)} is wanted`;
};

/** The cases of a suite, each by the names of its test and its own. */
export const suiteCasesOf = (file: string): readonly SuiteCase[] => {
  const at = (path: JsonValue | undefined): JsonObject => read(join(dirname(file), textOf(path)));
  return objects(read(file)['tests']).flatMap((test) =>
    objects(test['cases']).map((one) => ({
      name: `${textOf(test['name'])} ${textOf(one['name'])}`,
      run: () =>
        judged(
          {
            template: at(test['template']),
            constraint: at(test['constraint']),
            object: at(one['object']),
            inventory: list(one['inventory']).map(at),
          },
          objects(one['assertions']),
        ),
    })),
  );
};
