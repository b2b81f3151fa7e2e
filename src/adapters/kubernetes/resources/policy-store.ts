import { hash } from 'node:crypto';
import { isJsonObject, textOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import type { Result } from '../../../core/result.ts';
import { cutMiddle } from '../../../core/text/cut-middle.ts';

export type ReadPolicy<P> = (value: JsonObject) => Result<P, readonly PolicyProblem[]>;

/** A policy of which no revision can be used. `match` is `spec.match` as the cluster holds it, if anything. */
export interface UnusablePolicy {
  readonly name: string;
  readonly match: JsonValue | undefined;
  readonly problems: readonly PolicyProblem[];
}

/** The verdict about one policy in its status. */
export interface PolicyVerdict {
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

/** The kept part of an ImagePolicy object of the cluster. */
export interface PolicyObject {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly conditions: readonly JsonObject[];
  readonly document: JsonObject;
}

interface Entry<P> {
  readonly object: PolicyObject;
  readonly digest: string;
  readonly result: Result<P, readonly PolicyProblem[]>;
  /** The policy that is in force: this revision, or the last good one of the same object (R8). */
  readonly inForce: { readonly policy: P; readonly generation: number; readonly digest: string } | undefined;
}

/** The policies of the cluster, each with the revision that is in force. */
interface PolicyStore<P> {
  /** True when the set in force may have changed. */
  put(object: PolicyObject): boolean;
  delete(name: string): boolean;
  replace(all: readonly PolicyObject[]): boolean;
  accepted(): readonly P[];
  broken(): readonly UnusablePolicy[];
  /** `sha256:` and 16 hex digits over names and contents of the set in force, as for policies from files. */
  version(): string;
  verdicts(): readonly PolicyVerdict[];
}

export const createPolicyStore = <P>(read: ReadPolicy<P>): PolicyStore<P> => {
  const entries = new Map<string, Entry<P>>();
  const put = (object: PolicyObject): boolean => {
    const before = entries.get(object.name);
    const after = nextEntry(before?.object.uid === object.uid ? before : undefined, object, read);
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
    accepted: () => sorted().flatMap((entry) => (entry.inForce === undefined ? [] : [entry.inForce.policy])),
    broken: () => sorted().flatMap((entry) => unusable(entry)),
    version: () => {
      const content = sorted().map((entry) => [
        entry.object.name,
        entry.inForce?.digest ?? `broken ${entry.digest}`,
      ]);
      return `sha256:${hash('sha256', JSON.stringify(content)).slice(0, 16)}`;
    },
    verdicts: () => sorted().map((entry) => verdictOf(entry)),
  };
};

const nextEntry = <P>(before: Entry<P> | undefined, object: PolicyObject, read: ReadPolicy<P>): Entry<P> => {
  const digest = hash('sha256', JSON.stringify(object.document));
  // Our own status writes come back as events: nothing is compiled for them.
  if (before?.digest === digest) return { ...before, object };
  const result = read(object.document);
  const inForce = result.ok
    ? { policy: result.value, generation: object.generation, digest }
    : before?.inForce;
  return { object, digest, result, inForce };
};

const unusable = <P>({ object, result, inForce }: Entry<P>): UnusablePolicy[] => {
  if (result.ok || inForce !== undefined) return [];
  const spec = object.document['spec'];
  return [
    { name: object.name, match: isJsonObject(spec) ? spec['match'] : undefined, problems: result.error },
  ];
};

const verdictOf = <P>({ object, result, inForce }: Entry<P>): PolicyVerdict => {
  const { name, uid, generation, resourceVersion, conditions } = object;
  const base = { name, uid, generation, resourceVersion, conditions };
  if (result.ok) return { ...base, accepted: true, reason: 'Accepted', message: 'the policy is in force' };
  const consequence =
    inForce === undefined
      ? 'Until it is corrected, everything that it matches is denied.'
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

/** Keeps the needed part of an ImagePolicy object; managed fields and the like are dropped. */
export const readPolicyObject = (object: JsonObject): PolicyObject | undefined => {
  const { metadata, status, spec } = object;
  if (!isJsonObject(metadata)) return undefined;
  const { name, uid, generation, resourceVersion } = metadata;
  if (typeof name !== 'string') return undefined;
  const conditions: unknown = isJsonObject(status) ? status['conditions'] : undefined;
  return {
    name,
    uid: textOf(uid),
    generation: typeof generation === 'number' ? generation : 0,
    resourceVersion: textOf(resourceVersion),
    conditions: Array.isArray(conditions) ? conditions.filter(isJsonObject) : [],
    // Items of a list may lack both; the request has fixed them anyway.
    document: {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name },
      ...(spec === undefined ? {} : { spec }),
    },
  };
};
