import type { Clock } from '../../../concurrency/clock.ts';
import { exponentialDelay } from '../../../concurrency/backoff.ts';
import { FairQueue } from '../../../concurrency/fair-queue.ts';
import { createNamespaceCache } from '../../../concurrency/cache/namespace-cache.ts';
import type { ApiProblem } from '../client/problem.ts';
import type { EventNote } from './note.ts';

/** A note that waits to be written, and how often it came meanwhile. */
export interface WaitingNote {
  /** The namespace whose share it uses: that of its object, '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly key: string;
  readonly note: EventNote;
  readonly times: number;
  readonly attempts: number;
  /** Monotonic. */
  readonly notBefore: number;
}

interface EventQueueOptions {
  readonly clock: Clock;
  /** Distinct notes that wait. */
  readonly capacity: number;
  /** Milliseconds between two writes of the same Event; repeats in between are counted. */
  readonly repeatAfter: number;
}

/** Notes that wait, equal ones as one, shared by namespace (R26). */
export interface EventQueue {
  /** @returns false: there is no room, and it is counted as dropped */
  add(note: EventNote): boolean;
  /** What failed for a moment waits again, longer each time. */
  again(one: WaitingNote, problem: ApiProblem): void;
  /** Was written: an equal note is not written again for a while. */
  written(one: WaitingNote): void;
  /** Milliseconds until something may be written. */
  wait(): number;
  /** @param early - whether waiting notes are taken too, because this is the end */
  take(early: boolean): WaitingNote | undefined;
  size(): number;
  dropped(): number;
}

const retry = { first: 500, max: 30_000 };
const limits = { namespaces: 256, entries: 128 };

export const createEventQueue = ({ clock, capacity, repeatAfter }: EventQueueOptions): EventQueue => {
  let dropped = 0;
  const waiting = new FairQueue<WaitingNote>(
    () => 1,
    ({ times }) => (dropped += times),
  );
  const bounds = { items: capacity, weight: capacity };
  /** When an equal note may be written again. */
  const quiet = createNamespaceCache<number>(limits);
  const put = (one: WaitingNote): boolean => {
    const { namespace, key } = one;
    const same = waiting.get(namespace, key);
    const taken = waiting.add(namespace, key, { ...one, times: one.times + (same?.times ?? 0) }, bounds);
    if (!taken) dropped += one.times;
    return taken;
  };
  return {
    add: (note) => {
      const target = note.controller ?? note.about;
      const namespace = target.namespace ?? '';
      const key = JSON.stringify([target, note.reason, note.text]);
      const notBefore = quiet.get(namespace, key) ?? 0;
      return put({ namespace, key, note, times: 1, attempts: 0, notBefore });
    },
    again: (one, problem) => {
      const delay = problem.retryAfter ?? exponentialDelay(retry, one.attempts);
      put({ ...one, attempts: one.attempts + 1, notBefore: clock.monotonic() + delay });
    },
    written: ({ namespace, key }) => quiet.set(namespace, key, clock.monotonic() + repeatAfter),
    wait: () => {
      let soonest = Infinity;
      for (const { notBefore } of waiting.items()) soonest = Math.min(soonest, notBefore);
      return Math.max(0, soonest - clock.monotonic());
    },
    take: (early) => {
      const now = clock.monotonic();
      return waiting.take(({ notBefore }) => early || notBefore <= now);
    },
    size: () => waiting.count,
    dropped: () => dropped,
  };
};
