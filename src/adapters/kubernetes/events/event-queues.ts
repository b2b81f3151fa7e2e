import { type ApiProblem, isTransient } from '../client/problem.ts';
import type { EventNote } from './note.ts';
import type { OwnerLookup } from './owner.ts';
import type { EventQueue, WaitingNote } from './event-queue.ts';
import type { EventWriter } from './series.ts';
import { type TokenBucket, waitForPermit } from '../../../concurrency/rate-limit.ts';
import { sleep } from '../../../concurrency/abort.ts';

interface EventLineParts {
  readonly queue: EventQueue;
  readonly rate: TokenBucket;
  readonly owners: OwnerLookup;
  readonly writer: EventWriter;
  /** How often a note is tried while the API server is in trouble. */
  readonly attempts: number;
  readonly onProblem: ((problem: ApiProblem) => void) | undefined;
  /** Called with a throw, which is a defect. */
  readonly onThrown: (error: unknown) => void;
}

interface EventLineCounts {
  readonly created: number;
  readonly counted: number;
  readonly failed: number;
}

/** Notes that are written one after the other, at a limited rate. */
export interface EventLine {
  add(note: EventNote): void;
  counts(): EventLineCounts;
  /** Takes no more, and writes what waits for at most `patience` milliseconds. */
  close(patience: number): Promise<void>;
}

const maxWriteTime = 5000;
const maxOwnerLookupTime = 2000;
/** After a throw, so that a defect does not become a tight loop. */
const restTime = 100;

export const createEventLine = (parts: EventLineParts): EventLine => {
  const { queue, rate, onThrown } = parts;
  const counts = { created: 0, counted: 0, failed: 0 };
  const write = createDelivery(parts, counts);
  const closing = new AbortController();
  let draining = false;
  let running: Promise<void> | undefined;
  let waking = new AbortController();

  const turn = async (): Promise<void> => {
    waking = new AbortController();
    const wait = draining ? 0 : queue.wait();
    if (wait > 0) {
      await sleep(wait, AbortSignal.any([closing.signal, waking.signal]), false);
      return;
    }
    // New notes do not end this pause: in a flood the loop must not check the queue for each of them.
    if (await waitForPermit(rate, closing.signal)) await write(queue.take(draining), closing.signal);
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted && queue.size() > 0) {
      await turn().catch(async (error: unknown) => {
        onThrown(error);
        await sleep(restTime, closing.signal, false);
      });
    }
    running = undefined;
  };
  return {
    add: (note) => {
      if (draining || !queue.add(note)) return;
      if (running === undefined) running = run();
      else waking.abort();
    },
    counts: () => ({ ...counts }),
    close: async (patience) => {
      draining = true;
      waking.abort();
      const timer = setTimeout(() => closing.abort(), patience);
      await running;
      clearTimeout(timer);
      closing.abort();
    },
  };
};

/** Writes one note, on the workload that owns its object. After a passing failure the note goes back to the queue. */
const createDelivery = (
  { queue, owners, writer, attempts, onProblem }: EventLineParts,
  counts: { created: number; counted: number; failed: number },
) => {
  const deliver = async (waiting: WaitingNote, closing: AbortSignal): Promise<void> => {
    const { note, times } = waiting;
    const within = (milliseconds: number): AbortSignal =>
      AbortSignal.any([closing, AbortSignal.timeout(milliseconds)]);
    const about =
      note.controller === undefined
        ? note.about
        : await owners.topOf(note.controller, within(maxOwnerLookupTime));
    const written = await writer.write(note, about, times, within(maxWriteTime));
    if (written.ok) {
      counts[written.value === 'new' ? 'created' : 'counted'] += 1;
      queue.written(waiting);
      return;
    }
    onProblem?.(written.error);
    if (isTransient(written.error) && waiting.attempts + 1 < attempts) queue.again(waiting, written.error);
    else counts.failed += times;
  };
  return async (waiting: WaitingNote | undefined, closing: AbortSignal): Promise<void> => {
    if (waiting === undefined) return;
    try {
      await deliver(waiting, closing);
    } catch (error) {
      counts.failed += waiting.times;
      throw error;
    }
  };
};
