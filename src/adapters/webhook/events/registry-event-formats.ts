import {
  textOf,
  isJsonObject,
  objectOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import { formOf } from '../../../core/facts/candidate-form.ts';
import { isCandidateTag } from '../../../core/oci/candidate-tag.ts';
import { shapeOfType } from '../../../core/oci/media-types.ts';
import { parseReference, type ImageReference } from '../../../core/image/reference.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { RegistryEventSource } from '../../../gate/prefetch/registry-events.ts';

/** References of one manifest that are looked at. */
const maxReferences = 16;

/** Most events, or pushed resources, in one request. */
export const maxEvents = 64;

/** The pushes that a request reports. */
interface Pushes {
  readonly images: readonly ImageReference[];
  /** Of what was pushed beside images: signatures, attestations, lists of them. */
  readonly attached: readonly ImageReference[];
  /** Events about something else: pulls, layers, deletions, images without a usable name. */
  readonly ignored: number;
  /** Events about hosts that are not the source's. */
  readonly foreign: number;
}

/** Why a request reports nothing: `too-many` is over a limit, anything else does not fit the format. */
export interface UnreadEvents {
  readonly kind: 'malformed' | 'too-many';
  readonly message: string;
}
type Read = Result<readonly Event[], UnreadEvents>;

/** A push as the registry names it, nothing believed yet. `null`: an event about something else. */
type Event = {
  readonly name: string;
  readonly digest: string;
  readonly tag: string;
  /** Media types of its config and layers, where the registry names them. */
  readonly contents?: readonly string[];
} | null;

const malformed = (message: string): Result<never, UnreadEvents> => fail({ kind: 'malformed', message });
const tooMany: Result<never, UnreadEvents> = fail({
  kind: 'too-many',
  message: `more than ${String(maxEvents)} events in one request`,
});

const eachOf = (list: JsonValue | undefined, what: string, read: (item: JsonObject) => Event): Read => {
  if (!Array.isArray(list)) return malformed(`${what} is not a list`);
  if (list.length > maxEvents) return tooMany;
  const items = list as readonly JsonValue[];
  if (!items.every(isJsonObject)) return malformed(`${what} holds something that is not an object`);
  return ok(items.map(read));
};

/**
 * One event of a notification of the registry "distribution".
 * @see https://distribution.github.io/distribution/about/notifications, "Events" (the same in v1 and v2 of the envelope)
 */
const distributionEvent = (event: JsonObject): Event => {
  const target = objectOf(event['target']);
  const host = textOf(objectOf(event['request'])['host']);
  // Layers and configs are pushed with other types.
  if (event['action'] !== 'push' || shapeOfType(textOf(target['mediaType'])) === undefined) return null;
  const name = `${host}/${textOf(target['repository'])}`;
  const { references } = target;
  const contents = (Array.isArray(references) ? (references as readonly JsonValue[]) : [])
    .slice(0, maxReferences)
    .map((reference) => textOf(objectOf(reference)['mediaType']));
  return { name, digest: textOf(target['digest']), tag: textOf(target['tag']), contents };
};

/** A resource that Harbor names: `registry.example.com/project/name:tag`, or with `@sha256:…` when it has no tag. */
const harborResource = (resource: JsonObject): Event => {
  const url = parseReference(textOf(resource['resource_url']));
  if (!url.ok || !url.value.hostWritten) return null;
  const { host, repository, tag = '' } = url.value;
  return { name: `${host}/${repository}`, digest: textOf(resource['digest']), tag };
};

/** @see https://goharbor.io/docs/edge/working-with-projects/project-configuration/configure-webhooks, "Artifact pushed" */
const harborEvents = (body: JsonObject): Read => {
  if (typeof body['type'] !== 'string') return malformed('type is not a text');
  if (body['type'] !== 'PUSH_ARTIFACT') return ok([null]);
  const data = objectOf(body['event_data']);
  return eachOf(data['resources'], 'event_data.resources', harborResource);
};

/** zot names no host (its events package), so it must be the only one of its source. */
const zotEvent = (data: JsonObject, hosts: readonly string[]): Event => {
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) return null;
  const reference = textOf(data['reference']);
  const tag = reference.includes(':') ? '' : reference;
  return { name: `${host}/${textOf(data['name'])}`, digest: textOf(data['digest']), tag };
};

const cloudEventData = (type: string, value: JsonValue | undefined, hosts: readonly string[]): Read => {
  if (!isJsonObject(value)) return malformed('the data of the event is not a JSON object');
  if (type === 'harbor.artifact.pushed') return eachOf(value['resources'], 'data.resources', harborResource);
  if (type === 'zotregistry.image.updated') return ok([zotEvent(value, hosts)]);
  if (value['events'] !== undefined) return eachOf(value['events'], 'data.events', distributionEvent);
  return ok([distributionEvent(value)]);
};

const structuredEvent = (event: JsonValue, hosts: readonly string[]): Read => {
  if (!isJsonObject(event)) return malformed('a CloudEvent is a JSON object');
  const { specversion, type, data } = event;
  if (specversion !== '1.0' || typeof type !== 'string') {
    return malformed('specversion is not 1.0, or type is not a text');
  }
  return cloudEventData(type, data, hosts);
};

const batchedEvents = (batch: JsonValue, hosts: readonly string[]): Read => {
  if (!Array.isArray(batch)) return malformed('a batch of CloudEvents is a list');
  if (batch.length > maxEvents) return tooMany;
  const all: Event[] = [];
  for (const event of batch as readonly JsonValue[]) {
    const read = structuredEvent(event, hosts);
    if (!read.ok) return read;
    all.push(...read.value);
    if (all.length > maxEvents) return tooMany;
  }
  return ok(all);
};

/** Headers by their lower-case names, as Node has them. */
type EventHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** @see CloudEvents 1.0.2, "HTTP Protocol Binding", 3: structured, batched and binary content mode */
const cloudEvents = (headers: EventHeaders, body: JsonValue, hosts: readonly string[]): Read => {
  const contentType = String(headers['content-type'] ?? '').toLowerCase();
  if (contentType.startsWith('application/cloudevents-batch')) return batchedEvents(body, hosts);
  const type = headers['ce-type'];
  if (typeof type !== 'string' || contentType.startsWith('application/cloudevents')) {
    return structuredEvent(body, hosts);
  }
  if (headers['ce-specversion'] !== '1.0') return malformed('ce-specversion is not 1.0');
  return cloudEventData(type, body, hosts);
};

const readEvents = (
  { format, hosts }: Pick<RegistryEventSource, 'format' | 'hosts'>,
  headers: EventHeaders,
  body: JsonValue,
): Read => {
  if (format === 'cloudevents') return cloudEvents(headers, body, hosts);
  if (!isJsonObject(body)) return malformed('the request body is not a JSON object');
  switch (format) {
    case 'distribution':
      return eachOf(body['events'], 'events', distributionEvent);
    case 'harbor':
      // A project of Harbor chooses between its own payload and CloudEvents.
      return body['specversion'] === undefined ? harborEvents(body) : cloudEvents(headers, body, hosts);
    default:
      return format satisfies never;
  }
};

/** By the digest where it is known: the tag may be moved before the image is looked up. */
const imageOf = ({ name, digest, tag }: NonNullable<Event>): ImageReference | undefined => {
  if (digest === '' && tag === '') return undefined;
  const parsed = parseReference(digest === '' ? `${name}:${tag}` : `${name}@${digest}`);
  if (!parsed.ok || !parsed.value.hostWritten) return undefined;
  // A host or repository that contains a slash, a tag or a port names something else than it seems to.
  const { host, repository } = parsed.value;
  return `${host}/${repository}` === name.toLowerCase() ? parsed.value : undefined;
};

/** Whether it speaks for an image and is none, as far as the event tells. */
const isAttached = ({ tag, contents = [] }: NonNullable<Event>): boolean =>
  isCandidateTag(tag) || contents.some((type) => formOf(type) !== undefined);

/**
 * Reads the events of a source. The host that counts is that of the parsed reference, to which the gate would
 * connect. An event about a host outside of the source's list is ignored (B26).
 */
export const readPushes = (
  source: Pick<RegistryEventSource, 'format' | 'hosts'>,
  headers: EventHeaders,
  body: JsonValue,
): Result<Pushes, UnreadEvents> => {
  const events = readEvents(source, headers, body);
  if (!events.ok) return events;
  const named = events.value.flatMap((event) => {
    const image = event === null ? undefined : imageOf(event);
    return event === null || image === undefined ? [] : [{ image, isAttached: isAttached(event) }];
  });
  const known = named.filter(({ image }) => source.hosts.includes(image.host));
  return ok({
    images: known.flatMap(({ image, isAttached }) => (isAttached ? [] : [image])),
    attached: known.flatMap(({ image, isAttached }) => (isAttached ? [image] : [])),
    ignored: events.value.length - named.length,
    foreign: named.length - known.length,
  });
};
