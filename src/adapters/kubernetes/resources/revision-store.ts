import { hash } from 'node:crypto';
import {
  isJsonObject,
  objectsIn,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';
import { revisionText } from '../../../core/text/json/json-depth.ts';
import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import type { Result } from '../../../core/result.ts';
import { policyApiVersion } from '../../../core/policy/schema/schema.ts';
import { readTime } from '../../../core/oci/time.ts';
import { cutMiddle } from '../../../core/text/cut-middle.ts';

/** One kind of objects of the cluster that the gate accepts or not, and reports on in their status. */
export interface RevisionedKind<P> {
  readonly kind: string;
  readonly read: (document: JsonObject, object: ClusterObject) => Result<P, readonly PolicyProblem[]>;
  /** Said of an object whose newest revision is in force, and of one of which no revision is. */
  readonly accepted: string;
  readonly unusable: string;
}

/** An object of which no revision can be used. `spec` is as the cluster holds it. */
export interface UnusableObject {
  readonly name: string;
  readonly spec: JsonValue | undefined;
  readonly problems: readonly PolicyProblem[];
}

/** The verdict about one object in its status. */
export interface ObjectVerdict {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** The version of the object that was judged, for writing the status back. */
  readonly resourceVersion: string;
  readonly accepted: boolean;
  readonly reason: 'Accepted' | 'Invalid';
  readonly message: string;
  /** `status.conditions` as the cluster holds them. */
  readonly conditions: readonly JsonObject[];
}

/** The kept part of an object of the cluster. */
export interface ClusterObject {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly conditions: readonly JsonObject[];
  /** When somebody last wrote more than its status, as far as the API server says, in milliseconds since 1970. */
  readonly writtenAt?: number;
  readonly spec: JsonValue | undefined;
}

interface Entry<P> {
  readonly object: ClusterObject;
  readonly digest: string;
  readonly result: Result<P, readonly PolicyProblem[]>;
  /** What is in force: this revision, or the last good one of the same object (R8). */
  readonly inForce: { readonly value: P; readonly generation: number; readonly digest: string } | undefined;
}

/** The objects of a kind, each with the revision that is in force. */
export interface RevisionStore<P> {
  /** True when the set in force may have changed. */
  put(object: ClusterObject): boolean;
  delete(name: string): boolean;
  replace(all: readonly ClusterObject[]): boolean;
  accepted(): readonly P[];
  broken(): readonly UnusableObject[];
  /** `sha256:` and 16 hex digits over names and contents of the set in force, as for policies from files. */
  version(): string;
  verdicts(): readonly ObjectVerdict[];
}

export const createRevisionStore = <P>(kind: RevisionedKind<P>): RevisionStore<P> => {
  const entries = new Map<string, Entry<P>>();
  const put = (object: ClusterObject): boolean => {
    const before = entries.get(object.name);
    const after = nextEntry(before?.object.uid === object.uid ? before : undefined, object, kind);
    entries.set(object.name, after);
    return before?.digest !== after.digest || before.object.uid !== object.uid;
  };
  const sorted = (): Entry<P>[] =>
    [...entries.values()].sort((a, b) => (a.object.name < b.object.name ? -1 : 1));
  return {
    put,
    delete: (name) => entries.delete(name),
    replace: (all) => {
      const names = new Set(all.map((object) => object.name));
      const gone = [...entries.keys()].filter((name) => !names.has(name));
      for (const name of gone) entries.delete(name);
      const changed = all.map((object) => put(object));
      return gone.length > 0 || changed.includes(true);
    },
    accepted: () => sorted().flatMap((entry) => (entry.inForce === undefined ? [] : [entry.inForce.value])),
    broken: () => sorted().flatMap((entry) => unusable(entry)),
    version: () => {
      const content = sorted().map((entry) => [
        entry.object.name,
        entry.inForce?.digest ?? `broken ${entry.digest}`,
      ]);
      return `sha256:${hash('sha256', JSON.stringify(content)).slice(0, 16)}`;
    },
    verdicts: () => sorted().map((entry) => verdictOf(entry, kind)),
  };
};

const documentOf = ({ kind }: RevisionedKind<unknown>, { name, spec }: ClusterObject): JsonObject => ({
  // Items of a list may lack both; the request has fixed them anyway.
  apiVersion: policyApiVersion,
  kind,
  metadata: { name },
  ...(spec === undefined ? {} : { spec }),
});

const nextEntry = <P>(
  before: Entry<P> | undefined,
  object: ClusterObject,
  kind: RevisionedKind<P>,
): Entry<P> => {
  const document = documentOf(kind, object);
  // Attack: a policy of 10,000 brackets that came while nobody guarded policies ends the reading of all others.
  const digest = hash('sha256', revisionText(document, object.generation));
  // Our own status writes come back as events: nothing is compiled for them.
  if (before?.digest === digest) return { ...before, object };
  const result = kind.read(document, object);
  const inForce = result.ok
    ? { value: result.value, generation: object.generation, digest }
    : before?.inForce;
  return { object, digest, result, inForce };
};

const unusable = <P>({ object, result, inForce }: Entry<P>): UnusableObject[] => {
  if (result.ok || inForce !== undefined) return [];
  return [{ name: object.name, spec: object.spec, problems: result.error }];
};

const verdictOf = <P>({ object, result, inForce }: Entry<P>, kind: RevisionedKind<P>): ObjectVerdict => {
  const { name, uid, generation, resourceVersion, conditions } = object;
  const base = { name, uid, generation, resourceVersion, conditions };
  if (result.ok) return { ...base, accepted: true, reason: 'Accepted', message: kind.accepted };
  const consequence =
    inForce === undefined
      ? kind.unusable
      : `Generation ${inForce.generation}, the last good one, stays in force.`;
  const flaws = result.error.slice(0, 8).map(describePolicyProblem).join('; ');
  const more = result.error.length > 8 ? `; and ${result.error.length - 8} more` : '';
  return {
    ...base,
    accepted: false,
    reason: 'Invalid',
    message: `${sentence(cutMiddle(flaws + more, maxMessageLength))} ${consequence}`,
  };
};

/** Longest message of a condition; the API server takes 32 KiB. */
const maxMessageLength = 4000;
const sentence = (text: string): string => (/[.?…]$/.test(text) ? text : `${text}.`);

/** The newest of the times at which fields outside of the status were written. */
const writtenAtOf = ({ managedFields, creationTimestamp }: JsonObject): number | undefined => {
  const times = objectsIn(managedFields).flatMap(({ subresource, time }) =>
    subresource === undefined ? (readTime(textOf(time)) ?? []) : [],
  );
  return times.length > 0 ? Math.max(...times) : readTime(textOf(creationTimestamp));
};

/** Keeps the needed part of an object; managed fields and the like are dropped. */
export const readClusterObject = (object: JsonObject): ClusterObject | undefined => {
  const { metadata, status, spec } = object;
  if (!isJsonObject(metadata)) return undefined;
  const { name, uid, generation, resourceVersion } = metadata;
  if (typeof name !== 'string') return undefined;
  const conditions: unknown = isJsonObject(status) ? status['conditions'] : undefined;
  const writtenAt = writtenAtOf(metadata);
  return {
    name,
    uid: textOf(uid),
    generation: typeof generation === 'number' ? generation : 0,
    resourceVersion: textOf(resourceVersion),
    conditions: objectsIn(conditions),
    ...(writtenAt === undefined ? {} : { writtenAt }),
    spec,
  };
};
