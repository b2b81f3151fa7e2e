import { createHash } from 'node:crypto';
import type { Decision } from '../core/decision/decision.ts';
import { createNamespaceMemory } from './namespace-memory.ts';
import type { Clock } from './ports.ts';

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
const remembered = { namespaces: 256, entries: 128 };
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
  return key.length <= longestKey ? key : createHash('sha256').update(key).digest('base64');
};

export const createRepeats = (clock: Pick<Clock, 'monotonic'>): Repeats => {
  const made = createNamespaceMemory<{
    readonly id: string;
    readonly firstTime: string;
    readonly until: number;
    count: number;
  }>(remembered);
  return {
    count: (decision) => {
      const namespace = decision.object.namespace ?? '';
      const key = keyOf(decision);
      const first = made.get(namespace, key);
      const now = clock.monotonic();
      if (first === undefined || first.until <= now) {
        const { id, time } = decision;
        made.set(namespace, key, { id, firstTime: time, until: now + window, count: 1 });
        return undefined;
      }
      first.count++;
      return { id: first.id, count: first.count, firstTime: first.firstTime };
    },
  };
};
