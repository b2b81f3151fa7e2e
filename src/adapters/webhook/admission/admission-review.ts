import type { Operation } from '../../../core/decision/decision.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type {
  AdmissionRequest,
  GroupVersionKind,
  GroupVersionResource,
} from '../../../gate/admission-request.ts';

/** A review that cannot be judged. With a uid it is answered with a denial, without one with HTTP 400. */
interface MalformedReview {
  readonly uid?: string;
  /** The mistake in one short sentence. */
  readonly problem: string;
}
type Caller = AdmissionRequest['caller'];

const operations: ReadonlySet<string> = new Set<Operation>(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);
const isOperation = (value: JsonValue | undefined): value is Operation =>
  typeof value === 'string' && operations.has(value);

/** Go leaves empty fields out or writes null; both mean the empty text. `undefined`: not a text. */
const textOf = (value: JsonValue | undefined): string | undefined => {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : undefined;
};

const kindOf = (value: JsonValue | undefined): GroupVersionKind | undefined => {
  if (!isJsonObject(value)) return undefined;
  const group = textOf(value['group']);
  const { version, kind } = value;
  if (group === undefined || typeof version !== 'string' || typeof kind !== 'string') return undefined;
  return { group, version, kind };
};

const resourceOf = (value: JsonValue | undefined): GroupVersionResource | undefined => {
  if (!isJsonObject(value)) return undefined;
  const group = textOf(value['group']);
  const { version, resource } = value;
  if (group === undefined || typeof version !== 'string' || typeof resource !== 'string') return undefined;
  return { group, version, resource };
};

const objectOf = (value: JsonValue | undefined): JsonObject | null | undefined => {
  if (value === undefined || value === null) return null;
  return isJsonObject(value) ? value : undefined;
};

const groupsOf = (value: JsonValue | undefined): Result<readonly string[], string> => {
  if (value === undefined || value === null) return ok([]);
  if (!Array.isArray(value)) return fail('request.userInfo.groups must be a list');
  const groups = value as readonly JsonValue[];
  const odd = groups.findIndex((group) => typeof group !== 'string');
  return odd < 0
    ? ok(groups as readonly string[])
    : fail(`request.userInfo.groups[${String(odd)}] must be text`);
};

type Who = Pick<AdmissionRequest, 'user' | 'groups'>;
const who = (value: JsonValue | undefined): Result<Who, string> => {
  if (value === undefined || value === null) return ok({ user: '', groups: [] });
  if (!isJsonObject(value)) return fail('request.userInfo must be an object');
  const user = textOf(value['username']);
  if (user === undefined) return fail('request.userInfo.username must be text');
  const groups = groupsOf(value['groups']);
  return groups.ok ? ok({ user, groups: groups.value }) : groups;
};

type Texts = Pick<AdmissionRequest, 'subResource' | 'name' | 'namespace'>;
const textsOf = (request: JsonObject): Result<Texts, string> => {
  const subResource = textOf(request['subResource']);
  const name = textOf(request['name']);
  const namespace = textOf(request['namespace']);
  if (subResource === undefined) return fail('request.subResource must be text');
  if (name === undefined) return fail('request.name must be text');
  return namespace === undefined
    ? fail('request.namespace must be text')
    : ok({ subResource, name, namespace });
};

const dryRunOf = (value: JsonValue | undefined): boolean | undefined => {
  if (value === undefined || value === null) return false;
  return typeof value === 'boolean' ? value : undefined;
};

type Objects = Pick<AdmissionRequest, 'object' | 'oldObject' | 'dryRun'>;
const objectsOf = (request: JsonObject): Result<Objects, string> => {
  const object = objectOf(request['object']);
  const oldObject = objectOf(request['oldObject']);
  const dryRun = dryRunOf(request['dryRun']);
  if (object === undefined) return fail('request.object must be an object');
  if (oldObject === undefined) return fail('request.oldObject must be an object');
  return dryRun === undefined
    ? fail('request.dryRun must be true or false')
    : ok({ object, oldObject, dryRun });
};

/** The shapes of everything but the uid. */
const decodeRequest = (
  uid: string,
  request: JsonObject,
  caller: Caller,
): Result<AdmissionRequest, string> => {
  const kind = kindOf(request['kind']);
  if (kind === undefined) return fail('request.kind is not a group, a version and a kind');
  const resource = resourceOf(request['resource']);
  if (resource === undefined) return fail('request.resource is not a group, a version and a resource');
  const { operation } = request;
  if (!isOperation(operation)) return fail('request.operation is none of CREATE, UPDATE, DELETE and CONNECT');
  const user = who(request['userInfo']);
  if (!user.ok) return user;
  const texts = textsOf(request);
  if (!texts.ok) return texts;
  const objects = objectsOf(request);
  if (!objects.ok) return objects;
  return ok({
    uid,
    kind,
    resource,
    operation,
    ...user.value,
    ...texts.value,
    ...objects.value,
    sent: request,
    caller,
  });
};

/** Any text that the API server may use as a uid; it is only ever echoed. */
const isUsableUid = (uid: JsonValue | undefined): uid is string =>
  typeof uid === 'string' && uid.length > 0 && uid.length <= 256;

/** Decodes an AdmissionReview of admission.k8s.io/v1; every field that the gate reads has the shape its type says. */
export const decodeReview = (
  review: JsonValue,
  caller: Caller,
): Result<AdmissionRequest, MalformedReview> => {
  if (!isJsonObject(review)) return fail({ problem: 'the request body is not a JSON object' });
  const { request } = review;
  const uid = isJsonObject(request) ? request['uid'] : undefined;
  const known = isUsableUid(uid) ? { uid } : {};
  if (review['kind'] !== 'AdmissionReview') return fail({ ...known, problem: 'kind is not AdmissionReview' });
  if (review['apiVersion'] !== 'admission.k8s.io/v1') {
    return fail({ ...known, problem: 'apiVersion is not admission.k8s.io/v1' });
  }
  if (!isJsonObject(request)) return fail({ problem: 'the AdmissionReview carries no request' });
  if (!isUsableUid(uid)) return fail({ problem: 'request.uid is missing or not a usable text' });
  const decoded = decodeRequest(uid, request, caller);
  return decoded.ok ? decoded : fail({ uid, problem: decoded.error });
};
