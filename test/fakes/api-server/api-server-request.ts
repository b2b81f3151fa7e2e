import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson, sendStatus } from './api-server-answer.ts';
import { jsonPatch, mergePatch } from './api-server-patch.ts';
import type { FakeTarget } from './api-server-resource.ts';
import type { Draft, FakeEvent, FakeObject, FakeStore } from './api-server-store.ts';
import type { Watches } from './api-server-watch.ts';

export interface FakeExchange {
  readonly target: FakeTarget;
  readonly verb: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: unknown;
}

export const verbOf = (method: string, name: string, query: URLSearchParams): string => {
  if (method === 'GET') {
    if (query.get('watch') === 'true' || query.get('watch') === '1') return 'watch';
    return name === '' ? 'list' : 'get';
  }
  return { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? method.toLowerCase();
};

/** Does what the API server would do with one request. */
export const serve = (exchange: FakeExchange, store: FakeStore, watches: Watches): void => {
  const { verb, target, response } = exchange;
  const qualified = `${target.resource.plural}${target.resource.group === '' ? '' : `.${target.resource.group}`}`;
  if (verb === 'list') return list(exchange, store);
  if (verb === 'watch') return watch(exchange, store, watches);
  if (verb === 'create') return create(exchange, store, qualified);
  const found = store.get(target.resource, target.namespace, target.name);
  if (found === undefined) return sendStatus(response, 404, `${qualified} "${target.name}" not found`);
  if (verb === 'get') return sendJson(response, 200, shapeOf(exchange)(found));
  if (verb === 'delete') return sendJson(response, 200, store.delete(target.resource, found));
  return write(exchange, store, found, qualified);
};

const create = (exchange: FakeExchange, store: FakeStore, qualified: string): void => {
  const { target, response, body } = exchange;
  const draft = body as Draft;
  const created = store.create(target.resource, target.namespace, draft);
  if (created === undefined)
    sendStatus(response, 409, `${qualified} "${draft.metadata?.name}" already exists`, 'AlreadyExists');
  else sendJson(response, 201, created);
};

const write = (exchange: FakeExchange, store: FakeStore, before: FakeObject, qualified: string): void => {
  const { target, response, request, verb, body } = exchange;
  let draft: unknown = body;
  if (verb === 'patch') {
    const type = request.headers['content-type'];
    const json = type === 'application/json-patch+json';
    if (!json && type !== 'application/merge-patch+json') {
      return sendStatus(response, 415, `the body of the request was in an unknown format: ${type}`);
    }
    draft = json ? jsonPatch(before, body) : mergePatch(before, body);
    if (draft === undefined) {
      return sendStatus(response, 422, 'the server rejected our request due to an error in our request');
    }
  }
  const wanted = (draft as Draft).metadata?.resourceVersion;
  if (wanted !== undefined && wanted !== '' && wanted !== before.metadata.resourceVersion) {
    const text = `Operation cannot be fulfilled on ${qualified} "${target.name}": the object has been modified; please apply your changes to the latest version and try again`;
    return sendStatus(response, 409, text);
  }
  sendJson(
    response,
    200,
    store.update(target.resource, before, draft as Draft, target.subresource === 'status'),
  );
};

const list = (exchange: FakeExchange, store: FakeStore): void => {
  const { target, query, response } = exchange;
  const all = store.list(target.resource, target.namespace).filter((one) => selects(query, one));
  const limit = Number(query.get('limit') ?? 0) || all.length;
  const token = query.get('continue');
  const start = token === null ? { from: 0, version: store.version() } : readToken(token);
  if (token !== null && store.since(start.version) === undefined) {
    return sendStatus(
      response,
      410,
      'The provided continue parameter is too old to display a consistent list result.',
    );
  }
  const items = all.slice(start.from, start.from + limit);
  const left = all.length - start.from - items.length;
  sendJson(response, 200, {
    ...listKind(exchange),
    metadata: {
      resourceVersion: String(start.version),
      ...(left > 0
        ? {
            continue: tokenOf({ from: start.from + limit, version: start.version }),
            remainingItemCount: left,
          }
        : {}),
    },
    items: items.map(shapeOf(exchange)),
  });
};

const listKind = ({ target, request }: FakeExchange) =>
  String(request.headers.accept).includes('PartialObjectMetadataList')
    ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }
    : { kind: `${target.resource.kind}List`, apiVersion: versionOf(target) };

const versionOf = ({ resource }: FakeTarget): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

interface Token {
  readonly from: number;
  readonly version: number;
}
const tokenOf = (token: Token): string => Buffer.from(JSON.stringify(token)).toString('base64url');
const readToken = (text: string): Token => JSON.parse(Buffer.from(text, 'base64url').toString()) as Token;

const watch = (exchange: FakeExchange, store: FakeStore, watches: Watches): void => {
  const { target, query, response } = exchange;
  watches.open({
    response,
    from: Number(query.get('resourceVersion') ?? store.version()),
    timeoutSeconds: Number(query.get('timeoutSeconds') ?? 1800),
    bookmarks: query.get('allowWatchBookmarks') === 'true',
    wants: (event: FakeEvent) =>
      event.resource === target.resource &&
      (target.namespace === '' || event.object.metadata.namespace === target.namespace) &&
      selects(query, event.object),
    shape: shapeOf(exchange),
    kind: { apiVersion: versionOf(target), kind: target.resource.kind },
  });
};

/** Field selectors on name and namespace, label selectors by equality. */
const selects = (query: URLSearchParams, object: FakeObject): boolean => {
  const wanted = (text: string | null) =>
    (text ?? '')
      .split(',')
      .filter(Boolean)
      .map((term) => term.split(/==?/));
  const fields: Readonly<Record<string, unknown>> = {
    'metadata.name': object.metadata.name,
    'metadata.namespace': object.metadata.namespace,
  };
  return (
    wanted(query.get('fieldSelector')).every(([key, value]) => fields[key!] === value) &&
    wanted(query.get('labelSelector')).every(([key, value]) => object.metadata.labels?.[key!] === value)
  );
};

const shapeOf = ({ request }: FakeExchange): ((object: FakeObject) => unknown) => {
  if (!String(request.headers.accept).includes('as=PartialObjectMetadata')) return (object) => object;
  return ({ metadata }) => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata });
};
