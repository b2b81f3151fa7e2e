import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { objectOf, textOf, type JsonObject, type JsonValue } from '../../../src/core/text/json/json.ts';
import { reviewOfObject } from '../../../src/languages/gatekeeper/review.ts';
import type { RegoQuestion } from './ask-opa.ts';

const read = (file: string): JsonObject => objectOf(parseDocument(readFileSync(file, 'utf8')).toJS());
const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** As the webhook of Gatekeeper hands an object to a template. */
const reviewOf = (object: JsonObject): JsonObject => {
  if (object['kind'] === 'AdmissionReview') return objectOf(object['request']);
  const { kind = null, name = '', namespace = '' } = reviewOfObject(object).request;
  return {
    uid: '',
    kind,
    operation: '',
    userInfo: {},
    name,
    namespace,
    object,
    oldObject: null,
    namespaceObject: null,
  };
};

const questionOf = (suite: string): RegoQuestion => {
  const at = (path: JsonValue | undefined): JsonObject => read(join(dirname(suite), textOf(path)));
  const [test] = list(read(suite)['tests']).map(objectOf);
  const [target] = list(objectOf(at(test!['template'])['spec'])['targets']).map(objectOf);
  const code = list(target!['code']).map(objectOf);
  const source = objectOf(code.find(({ engine }) => engine === 'Rego')?.['source'] ?? target);
  const parameters = objectOf(at(test!['constraint'])['spec'])['parameters'] ?? {};
  const reviews = list(test!['cases']).map((one) => reviewOf(at(objectOf(one)['object'])));
  return {
    rego: textOf(source['rego']),
    libs: list(source['libs']).map(textOf),
    version: 'v0',
    parameters: JSON.stringify(parameters),
    reviews: reviews.slice(0, 2).map((review) => JSON.stringify(review)),
  };
};

/** The templates of a checkout of Gatekeeper's library, each with the first objects and the constraint of its suite. */
export const libraryQuestions = (folder: string): readonly RegoQuestion[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => basename(file) === 'suite.yaml')
    .sort()
    .map((file) => questionOf(join(folder, file)));
