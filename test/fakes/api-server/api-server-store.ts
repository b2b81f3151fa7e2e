import { randomUUID } from 'node:crypto';
import type { FakeResource } from './api-server-resource.ts';

export interface FakeObject {
  apiVersion: string;
  kind: string;
  metadata: FakeMetadata;
  [field: string]: unknown;
}
export interface FakeMetadata {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  labels?: Record<string, string>;
  [field: string]: unknown;
}
export interface FakeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly resource: FakeResource;
  readonly object: FakeObject;
}

/** What a client sends: metadata may lack anything but a name or generateName. */
export interface Draft {
  readonly metadata?: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** The objects of the fake API server with one version counter and a history for watches. */
export interface FakeStore {
  version(): number;
  get(resource: FakeResource, namespace: string, name: string): FakeObject | undefined;
  /** In name order; every namespace when it is empty. */
  list(resource: FakeResource, namespace: string): FakeObject[];
  /** Undefined when the name is taken. */
  create(resource: FakeResource, namespace: string, draft: Draft): FakeObject | undefined;
  /** Replaces an object; `status` changes the status only. The caller has checked that it exists. */
  update(resource: FakeResource, before: FakeObject, draft: Draft, status: boolean): FakeObject;
  delete(resource: FakeResource, object: FakeObject): FakeObject;
  /** Events after a version; undefined when they were compacted away (410). */
  since(version: number): readonly FakeEvent[] | undefined;
  /** Forgets the history, like etcd does every few minutes. */
  compact(): void;
  subscribe(listener: (event: FakeEvent) => void): () => void;
}

export const createStore = (): FakeStore => {
  const objects = new Map<FakeResource, Map<string, FakeObject>>();
  const listeners = new Set<(event: FakeEvent) => void>();
  let history: FakeEvent[] = [];
  let version = 100;
  let compacted = version;

  const collection = (resource: FakeResource): Map<string, FakeObject> => {
    const known = objects.get(resource) ?? new Map<string, FakeObject>();
    objects.set(resource, known);
    return known;
  };
  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;
  const publish = (type: FakeEvent['type'], resource: FakeResource, object: FakeObject): FakeObject => {
    const event = { type, version, resource, object: structuredClone(object) };
    history.push(event);
    for (const listener of listeners) listener(event);
    return structuredClone(object);
  };

  return {
    version: () => version,
    get: (resource, namespace, name) => structuredClone(collection(resource).get(keyOf(namespace, name))),
    list: (resource, namespace) =>
      [...collection(resource).entries()]
        .filter(([key]) => namespace === '' || key.startsWith(`${namespace}/`))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, object]) => structuredClone(object)),
    create: (resource, namespace, draft) => {
      const name = draft.metadata?.name ?? `${draft.metadata?.generateName}${randomUUID().slice(0, 5)}`;
      if (collection(resource).has(keyOf(namespace, name))) return undefined;
      version += 1;
      const object: FakeObject = {
        ...structuredClone(draft),
        apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
        kind: resource.kind,
        metadata: {
          ...structuredClone(draft.metadata),
          name,
          ...(resource.namespaced ? { namespace } : {}),
          uid: randomUUID(),
          resourceVersion: String(version),
          generation: 1,
          creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        },
      };
      collection(resource).set(keyOf(namespace, name), object);
      return publish('ADDED', resource, object);
    },
    update: (resource, before, draft, status) => {
      const after = merged(resource, before, draft, status);
      if (sameContent(before, after)) return structuredClone(before);
      version += 1;
      const changed = !isSame(before['spec'], after['spec']);
      after.metadata.generation = (before.metadata.generation ?? 1) + (changed ? 1 : 0);
      after.metadata.resourceVersion = String(version);
      collection(resource).set(keyOf(before.metadata.namespace ?? '', before.metadata.name), after);
      return publish('MODIFIED', resource, after);
    },
    delete: (resource, object) => {
      version += 1;
      collection(resource).delete(keyOf(object.metadata.namespace ?? '', object.metadata.name));
      object.metadata.resourceVersion = String(version);
      return publish('DELETED', resource, object);
    },
    since: (from) => (from < compacted ? undefined : history.filter((event) => event.version > from)),
    compact: () => {
      history = [];
      compacted = version;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

/** Main and status writes each leave the other's part alone, as the status subresource has it. */
const merged = (resource: FakeResource, before: FakeObject, draft: Draft, status: boolean): FakeObject => {
  const { metadata } = before;
  if (status) return { ...before, status: structuredClone(draft['status']) };
  const { name, namespace, uid, creationTimestamp } = metadata;
  return {
    ...structuredClone(draft),
    ...(resource.status === true && before['status'] !== undefined ? { status: before['status'] } : {}),
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata: {
      ...structuredClone(draft.metadata),
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      creationTimestamp,
      resourceVersion: metadata.resourceVersion,
    },
  };
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const sameContent = (a: FakeObject, b: FakeObject): boolean => {
  const content = (one: FakeObject): unknown => {
    const { generation: _generation, resourceVersion: _version, ...metadata } = one.metadata;
    return sorted({ ...one, metadata });
  };
  return isSame(content(a), content(b));
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
};
