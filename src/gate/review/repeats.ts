import { hash } from 'node:crypto';
import type { Clock } from '../../concurrency/clock.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { createNamespaceMemory } from './namespace-cache.ts';

/** An entry of the record that stands for several decisions. */
export interface Repeat {
  readonly id: string;
  /** How many decisions it stands for, this one included. */
  readonly count: number;
  /** When the first of them was made. */
  readonly firstTime: string;
}

/** What of a decision says whether it was made before. */
export type Repeatable = Omit<
  Decision,
  'apiVersion' | 'kind' | 'uid' | 'warnings' | 'exemptions' | 'durations'
>;

/** Knows which decisions were made before: they are one entry of the record, with one id and a count (R26). */
export interface Repeats {
  /** Counts the decision. @returns the entry that it repeats; undefined: it is the first of its kind */
  count(decision: Repeatable): Repeat | undefined;
}

/** Milliseconds from the first of them: an entry of the record says no more about the times in between. */
const window = 10 * 60_000;
const remembered = { namespaces: 256, entries: 96 };
/** Of one name and one length of key, the newest: Pods of a template have no name yet. */
const mostAlike = 3;
/** Longer keys are remembered by their hash. */
const longestKey = 1024;

/**
 * Everything that the record says of a decision, but for what differs each time: id, time, uid, durations, and how the
 * evidence was come by. Who asked is in it, or one person's acts would be told as another's.
 */
const keyOf = (decision: Repeatable): string => {
  const { source, cluster, operation, user, caller, dryRun, object, skipped, versions, truncated } = decision;
  const parts: unknown[] = [
    source,
    cluster,
    operation,
    user,
    caller,
    dryRun,
    skipped?.code,
    versions['policies'],
    truncated,
  ];
  parts.push(object.apiVersion, object.kind, object.namespace, object.name);
  for (const { path, given, digest } of decision.images) parts.push(path, given, digest);
  // Where the images end and the findings begin.
  parts.push(decision.images.length);
  for (const { policy, check, mode, path, code, message } of decision.findings)
    parts.push(policy, check, mode, path, code, message);
  const key = JSON.stringify(parts);
  return key.length <= longestKey ? key : hash('sha256', key, 'base64');
};

interface Made {
  readonly key: string;
  readonly id: string;
  readonly firstTime: string;
  readonly until: number;
  count: number;
}

const none: readonly never[] = [];

export const createRepeats = (clock: Pick<Clock, 'monotonic'>): Repeats => {
  const made = createNamespaceMemory<readonly Made[]>(remembered);
  return {
    count: (decision) => {
      const { id, time, object } = decision;
      const { namespace = '', name = '' } = object;
      const key = keyOf(decision);
      // Most decisions are the first about a new name. Looking for a short text is enough for those: a Map reads all of
      // a key to hash it, which took longer than making it.
      const alike = `${key.length} ${name}`;
      const known = made.get(namespace, alike) ?? none;
      const first = known.find((one) => one.key === key);
      const now = clock.monotonic();
      if (first === undefined || first.until <= now) {
        const others = known.filter((one) => one !== first).slice(0, mostAlike - 1);
        made.set(namespace, alike, [{ key, id, firstTime: time, until: now + window, count: 1 }, ...others]);
        return undefined;
      }
      first.count++;
      return { id: first.id, count: first.count, firstTime: first.firstTime };
    },
  };
};
