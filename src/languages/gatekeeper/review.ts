import { fail, ok, type Result } from '../../core/result.ts';
import { isJsonObject, textOf, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { groupOf, versionIn } from '../../core/workload/kinds/kinds.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import { recordedValueOfJson } from '../rego/values/json-value.ts';
import type { RegoValue } from '../rego/values/value.ts';

/** What constraints are asked about. */
export interface ConstraintReview {
  /** As templates see it, without the namespace. */
  readonly request: JsonObject;
  /** The namespace of the object; `undefined`: it has none, or nobody knows it. */
  readonly namespace: JsonObject | undefined;
  /** `Generated`: an object that another one would make. */
  readonly source: 'Original' | 'Generated';
  /** `input.review` as JSON. */
  readonly document: JsonObject;
  /** `input.review`; reads of it are recorded. */
  readonly value: RegoValue;
}

/** Fields of an AdmissionRequest that Go always writes, and those that it leaves out when they are empty. */
const always = [
  'uid',
  'kind',
  'resource',
  'operation',
  'userInfo',
  'object',
  'oldObject',
  'options',
] as const;
const unlessEmpty = [
  'subResource',
  'requestKind',
  'requestResource',
  'requestSubResource',
  'name',
  'namespace',
  'dryRun',
] as const;
/** All of them. */
export const requestFields: ReadonlySet<string> = new Set([...always, ...unlessEmpty]);
const empty: JsonObject = {
  uid: '',
  kind: { group: '', version: '', kind: '' },
  resource: { group: '', version: '', resource: '' },
  operation: '',
  userInfo: {},
  object: null,
  oldObject: null,
  options: null,
};

const reviewOf = (
  given: JsonObject,
  namespace: JsonObject | undefined,
  source: ConstraintReview['source'],
): ConstraintReview => {
  const request: { [field: string]: JsonValue | undefined } = { ...empty };
  for (const field of always) request[field] = given[field] ?? request[field] ?? null;
  for (const field of unlessEmpty) {
    const value = given[field] ?? '';
    if (value !== '') request[field] = value;
  }
  let document: JsonObject | undefined;
  let value: RegoValue | undefined;
  return {
    request,
    namespace,
    source,
    get document() {
      return (document ??= { ...request, namespaceObject: namespace ?? null });
    },
    // Most requests are looked at by no template, and a large one takes long to be made a value.
    get value() {
      return (value ??= recordedValueOfJson(this.document));
    },
  };
};

/** The review of an AdmissionRequest. Of a deletion, the object is the one that goes. */
export const reviewOfRequest = (
  request: JsonObject,
  namespace?: JsonObject,
): Result<ConstraintReview, string> => {
  if (request['operation'] !== 'DELETE') return ok(reviewOf(request, namespace, 'Original'));
  const { oldObject } = request;
  return isJsonObject(oldObject)
    ? ok(reviewOf({ ...request, object: oldObject }, namespace, 'Original'))
    : fail('oldObject cannot be nil for DELETE operations');
};

/** The review of an object that nobody sends: it has no operation and no user. */
export const reviewOfObject = (
  object: JsonObject,
  source: ConstraintReview['source'] = 'Original',
): ConstraintReview => {
  const apiVersion = textOf(object['apiVersion']);
  const { name = '', namespace = '' } = metadataOf(object);
  const kind = {
    group: groupOf(apiVersion),
    version: versionIn(apiVersion),
    kind: textOf(object['kind']),
  };
  return reviewOf({ kind, name, namespace, object }, undefined, source);
};
