import { fail, ok, type Result } from '../../../core/result.ts';
import {
  isJsonObject,
  objectOf,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import { groupOf } from '../../../core/workload/kinds/kinds.ts';
import { requestFields, reviewOfObject, reviewOfRequest, type ConstraintReview } from '../review.ts';

const reviewFields = new Set(['apiVersion', 'kind', 'request', 'response']);

const unknownIn = (object: JsonObject, known: ReadonlySet<string>): string | undefined =>
  Object.keys(object).find((field) => !known.has(field));

const isSet = (value: JsonValue | undefined): boolean => value !== undefined && value !== null;

const reviewOfAdmission = (document: JsonObject): Result<ConstraintReview, string> => {
  const { request } = document;
  const unknown = unknownIn(document, reviewFields) ?? unknownIn(objectOf(request), requestFields);
  if (unknown !== undefined)
    return fail(`not a valid AdmissionReview object: unknown field ${JSON.stringify(unknown)}`);
  if (!isJsonObject(request)) return fail('missing an AdmissionRequest object: `request` is not there');
  const objects = [request['object'], request['oldObject']].filter(isSet);
  if (objects.length === 0) return fail('no object or oldObject found to review');
  if (objects.some((object) => textOf(objectOf(object)['kind']) === ''))
    return fail("object or oldObject cannot be unmarshalled: Object 'Kind' is missing");
  return reviewOfRequest(request);
};

/** The review of an object as gator makes one, of an AdmissionReview its own. */
export const reviewOfDocument = (document: JsonObject): Result<ConstraintReview, string> =>
  document['kind'] === 'AdmissionReview' && groupOf(textOf(document['apiVersion'])) === 'admission.k8s.io'
    ? reviewOfAdmission(document)
    : ok(reviewOfObject(document));
