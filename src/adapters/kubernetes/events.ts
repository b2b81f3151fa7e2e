import type { Decision } from '../../core/decision/decision.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Clock } from '../../gate/ports.ts';
import { tellThrown } from './background.ts';
import { type ApiClient, type ApiProblem, isTransient } from './client.ts';
import { type EventNote, noteOf } from './events-note.ts';
import { createOwnerLookup } from './events-owner.ts';
import { createEventWriter } from './events-series.ts';
import { createRateLimit, waitForPermit } from './rate-limit.ts';
import { pause } from './watch-pace.ts';

export type { EventNote } from './events-note.ts';
export type { InvolvedObject } from './events-owner.ts';

export interface EventsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Which replica reports. */
  readonly instance: string;
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /** Distinct notes that wait; 1,000 unless told otherwise. */
  readonly capacity?: number;
  /** Milliseconds between two writes of the same Event, 10 s; repeats in between are counted. */
  readonly repeatAfter?: number;
  readonly onProblem?: (problem: ApiProblem) => void;
}

export interface EventCounts {
  readonly created: number;
  /** Events whose count was raised. */
  readonly counted: number;
  /** Notes that found the queue full. */
  readonly dropped: number;
  /** Notes that could not be written. */
  readonly failed: number;
  readonly queued: number;
}

/** Kubernetes Events (R23). Nothing here waits, throws or delays an admission: notes go into a bounded queue. */
export interface Events {
  /** A decision and the object it is about, after the answer was sent. */
  decided(decision: Decision, object: JsonObject | null): void;
  note(note: EventNote): void;
  counts(): EventCounts;
  /** Writes what waits for at most `patience` milliseconds (1 s), then stops. */
  close(patience?: number): Promise<void>;
}

interface Waiting {
  readonly key: string;
  readonly note: EventNote;
  readonly times: number;
  readonly attempts: number;
  /** Monotonic. */
  readonly notBefore: number;
}

const ATTEMPTS = 3;
const WRITE_WITHIN = 5000;
const WALK_WITHIN = 2000;
const MAX_REMEMBERED = 4096;
/** After a throw, so that a defect does not become a tight loop. */
const REST = 100;

export function createEvents(options: EventsOptions): Events {
  const queue = createQueue(options);
  const counts = { created: 0, counted: 0, failed: 0 };
  const write = createDelivery(options, queue, counts);
  const rate = createRateLimit(options.rate ?? { perSecond: 10, burst: 30 }, options.clock);
  const closing = new AbortController();
  let draining = false;
  const tell = tellThrown('the writing of Events', options.onProblem);
  let running: Promise<void> | undefined;
  let waking = new AbortController();

  const turn = async (): Promise<void> => {
    waking = new AbortController();
    const wait = draining ? 0 : queue.wait();
    if (wait > 0) return pause(wait, AbortSignal.any([closing.signal, waking.signal]));
    // No new note wakes this pause: a flood must not make the loop look at the queue for each of them.
    if (await waitForPermit(rate, closing.signal)) await write(queue.take(), closing.signal);
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted && queue.size() > 0) {
      await turn().catch((error: unknown) => {
        tell(error);
        return pause(REST, closing.signal);
      });
    }
    running = undefined;
  };
  const note = (one: EventNote): void => {
    if (draining || !queue.add(one)) return;
    if (running === undefined) running = run();
    else waking.abort();
  };
  return {
    decided: (decision, object) => {
      const one = noteOf(decision, object);
      if (one !== undefined) note(one);
    },
    note,
    counts: () => ({ ...counts, dropped: queue.dropped(), queued: queue.size() }),
    close: async (patience = 1000) => {
      draining = true;
      waking.abort();
      const timer = setTimeout(() => closing.abort(), patience);
      await running;
      clearTimeout(timer);
      closing.abort();
    },
  };
}

/** Writes one note, on the workload on top of its object; what failed for a moment goes back to the queue. */
function createDelivery(
  options: EventsOptions,
  queue: ReturnType<typeof createQueue>,
  counts: { created: number; counted: number; failed: number },
) {
  const owners = createOwnerLookup(options.client, options.clock);
  const writer = createEventWriter(options.client, options.clock, options.instance);
  const deliver = async (waiting: Waiting, closing: AbortSignal): Promise<void> => {
    const { note, times } = waiting;
    const within = (milliseconds: number): AbortSignal =>
      AbortSignal.any([closing, AbortSignal.timeout(milliseconds)]);
    const about =
      note.controller === undefined ? note.about : await owners.topOf(note.controller, within(WALK_WITHIN));
    const written = await writer.write(note, about, times, within(WRITE_WITHIN));
    if (written.ok) {
      counts[written.value === 'new' ? 'created' : 'counted'] += 1;
      queue.written(waiting.key);
      return;
    }
    options.onProblem?.(written.error);
    if (isTransient(written.error) && waiting.attempts + 1 < ATTEMPTS) queue.again(waiting, written.error);
    else counts.failed += times;
  };
  return async (waiting: Waiting | undefined, closing: AbortSignal): Promise<void> => {
    if (waiting === undefined) return;
    try {
      await deliver(waiting, closing);
    } catch (error) {
      counts.failed += waiting.times;
      throw error;
    }
  };
}

/** Notes that wait, equal ones as one. */
function createQueue(options: EventsOptions) {
  const { clock, capacity = 1000, repeatAfter = 10_000 } = options;
  const waiting = new Map<string, Waiting>();
  /** When an equal note may be written again. */
  const quiet = new Map<string, number>();
  let dropped = 0;
  const put = (one: Waiting): boolean => {
    const same = waiting.get(one.key);
    if (same === undefined && waiting.size >= capacity) {
      dropped += one.times;
      return false;
    }
    waiting.set(one.key, { ...one, times: one.times + (same?.times ?? 0) });
    return true;
  };
  return {
    add: (note: EventNote): boolean => {
      const key = JSON.stringify([note.controller ?? note.about, note.reason, note.text]);
      return put({ key, note, times: 1, attempts: 0, notBefore: quiet.get(key) ?? 0 });
    },
    again: (one: Waiting, problem: ApiProblem): void => {
      const delay = problem.retryAfter ?? 500 * 2 ** one.attempts;
      put({ ...one, attempts: one.attempts + 1, notBefore: clock.monotonic() + delay });
    },
    written: (key: string): void => {
      if (quiet.size >= MAX_REMEMBERED) quiet.clear();
      quiet.set(key, clock.monotonic() + repeatAfter);
    },
    /** Milliseconds until something may be written. */
    wait: (): number => {
      const soonest = Math.min(...[...waiting.values()].map((one) => one.notBefore));
      return Math.max(0, soonest - clock.monotonic());
    },
    take: (): Waiting | undefined => {
      const soonest = [...waiting.values()].reduce<Waiting | undefined>(
        (best, one) => (best === undefined || one.notBefore < best.notBefore ? one : best),
        undefined,
      );
      if (soonest !== undefined) waiting.delete(soonest.key);
      return soonest;
    },
    size: () => waiting.size,
    dropped: () => dropped,
  };
}
