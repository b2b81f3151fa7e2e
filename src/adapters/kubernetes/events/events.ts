import type { Clock } from '../../../concurrency/clock.ts';
import type { Decision } from '../../../core/decision/decision.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { tellThrown, type ApiProblem } from '../client/problem.ts';
import type { ApiClient } from '../client/client.ts';
import { createEventLine, type EventLine } from './event-queues.ts';
import { type EventNote, noteOf } from './note.ts';
import { createOwnerLookup } from './owner.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import { createEventWriter } from './series.ts';
import { createTokenBucket } from '../../../concurrency/rate-limit.ts';

export interface EventsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Which replica reports. */
  readonly instance: string;
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /** How many distinct notes about decisions may wait, by default 1,000. */
  readonly capacity?: number;
  /** Milliseconds between two writes of the same Event, 10 s; repeats in between are counted. */
  readonly repeatAfter?: number;
  readonly onProblem?: (problem: ApiProblem) => void;
}

interface EventCounts {
  readonly created: number;
  /** Events whose count was raised. */
  readonly counted: number;
  /** Notes that were dropped because the queue was full, or gave way to notes of other namespaces. */
  readonly dropped: number;
  /** Notes that could not be written. */
  readonly failed: number;
  readonly queued: number;
}

/** Kubernetes Events (R23). Nothing here waits, throws or delays an admission: notes go into bounded queues. */
export interface Events {
  /** A decision and the object it is about, after the answer was sent. */
  decided(decision: Decision, object: JsonObject | null): void;
  /** What the gate says about itself: it waits for nothing that is said about others (R28). */
  note(note: EventNote): void;
  counts(): EventCounts;
  /** Writes what waits for at most `patience` milliseconds (1 s), then stops. */
  close(patience?: number): Promise<void>;
}

const usualCapacity = 1000;
const usualRepeat = 10_000;
const usualRate = { perSecond: 10, burst: 30 };
/** The gate has few notes about itself. A user who edits its webhooks all the time can cause more. */
const ownCapacity = 100;
/** About others; what the gate says about itself is tried until it is written. */
const usualAttempts = 3;

export const createEvents = (options: EventsOptions): Events => {
  const { client, clock, instance, onProblem, capacity = usualCapacity } = options;
  const { repeatAfter = usualRepeat, rate = usualRate } = options;
  const shared = {
    owners: createOwnerLookup(client, clock),
    writer: createEventWriter(client, clock, instance),
    onProblem,
    onThrown: tellThrown('the writing of Events', onProblem),
  };
  const queues = {
    own: createEventQueue({ clock, capacity: ownCapacity, repeatAfter }),
    others: createEventQueue({ clock, capacity, repeatAfter }),
  };
  // Two queues, each with its own rate. Otherwise a user who floods the gate with denials could delay the Event that
  // its webhook configuration is gone (B24).
  const lineOf = (queue: EventQueue, attempts: number): EventLine =>
    createEventLine({ ...shared, queue, attempts, rate: createTokenBucket(rate, clock) });
  const own = lineOf(queues.own, Infinity);
  const others = lineOf(queues.others, usualAttempts);
  return {
    decided: (decision, object) => {
      const one = noteOf(decision, object);
      if (one !== undefined) others.add(one);
    },
    note: (one) => own.add(one),
    counts: () => {
      const [one, two] = [own.counts(), others.counts()];
      return {
        created: one.created + two.created,
        counted: one.counted + two.counted,
        failed: one.failed + two.failed,
        dropped: queues.own.dropped() + queues.others.dropped(),
        queued: queues.own.size() + queues.others.size(),
      };
    },
    close: async (patience = 1000) => {
      await Promise.all([own.close(patience), others.close(patience)]);
    },
  };
};
