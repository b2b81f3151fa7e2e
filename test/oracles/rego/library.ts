import { objectOf, objectsIn, textOf, type JsonObject } from '../../../src/core/text/json/json.ts';
import { reviewOfObject } from '../../../src/languages/gatekeeper/review.ts';
import { librarySuites, type LibrarySuite } from '../gatekeeper/library.ts';
import type { RegoQuestion } from './ask-opa.ts';

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

const questionOf = ({ tests: [test] }: LibrarySuite): RegoQuestion => {
  const { template, constraint, objects } = test!;
  const [target = {}] = objectsIn(objectOf(template['spec'])['targets']);
  const rego = objectsIn(target['code']).find(({ engine }) => engine === 'Rego');
  const source = objectOf(rego?.['source'] ?? target);
  const { libs } = source;
  return {
    rego: textOf(source['rego']),
    libs: Array.isArray(libs) ? libs.map(textOf) : [],
    version: 'v0',
    parameters: JSON.stringify(objectOf(constraint['spec'])['parameters'] ?? {}),
    reviews: objects.slice(0, 2).map((object) => JSON.stringify(reviewOf(object))),
  };
};

/** The templates of a checkout of Gatekeeper's library, each with the first objects and the constraint of its suite. */
export const libraryQuestions = (folder: string): readonly RegoQuestion[] =>
  librarySuites(folder).map(questionOf);
