import { availableParallelism } from 'node:os';
import { onAbort, untilAborted } from '../../concurrency/abort.ts';
import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';
import { createThreadPool } from '../../concurrency/threads/thread-pool.ts';
import { messageOf } from '../../core/result.ts';
import type { EvaluationThreads, TurnOutcome } from '../../gate/constraints.ts';
import { startEvaluationThread } from './evaluation-thread.ts';

/** `late`: its review had no more time. `full`: too many waited. `failed`: the thread ended, or never started. */
export type TurnEnd = 'evaluated' | 'failed' | 'full' | 'late';

export interface EvaluationThreadOptions {
  /** The threads' program, which calls `answerTurns`. */
  readonly program: URL;
  readonly threads?: number;
  /** How many reviews may wait for a thread. */
  readonly waiting?: number;
  /** Milliseconds after which a thread that has nothing to do gives its memory back. */
  readonly idleMs?: number;
  /** Called with what became of each turn. */
  readonly onEnd?: (end: TurnEnd) => void;
}

export interface ConstraintWorkers extends EvaluationThreads {
  /** How many threads evaluate something now. */
  busy(): number;
  /** Ends the threads. What is being evaluated then has failed. */
  close(): Promise<void>;
}

/** One core is left for the thread of the reviews. */
const defaultThreads = Math.max(1, Math.min(2, availableParallelism() - 1));
const defaultWaiting = 128;
const defaultIdleMs = 60_000;

const failed = (why: string): TurnOutcome => ({ evaluated: [], failed: { why, isBegun: false } });

const endOf = (outcome: TurnOutcome | 'late'): TurnEnd => {
  if (outcome === 'late') return 'late';
  return outcome.failed === undefined ? 'evaluated' : 'failed';
};

/**
 * Evaluates constraints in threads, which start when the first evaluation comes that takes long. A turn of a thread is about
 * as long as one such evaluation; then the next namespace has its turn (R26). Attack: a tenant keeps all threads with Pods
 * that take seconds each, and the large Deployment of another one is refused for want of time.
 */
export const createEvaluationThreads = ({
  program,
  threads = defaultThreads,
  waiting = defaultWaiting,
  idleMs = defaultIdleMs,
  onEnd = () => {},
}: EvaluationThreadOptions): ConstraintWorkers => {
  const places = createFairSemaphore({ places: threads, waiting });
  const pool = createThreadPool(() => startEvaluationThread(program), idleMs);

  /** A turn of a thread, which ends with the time of its review: nobody waits for it any more. */
  const run = async (turn: object, signal: AbortSignal): Promise<TurnOutcome | 'late'> => {
    if (signal.aborted) return 'late';
    const thread = pool.take();
    const stop = onAbort(signal, () => void thread.end());
    const outcome = await thread.turn(turn);
    stop();
    if (outcome.failed === undefined && !signal.aborted) pool.giveBack(thread);
    else await pool.discard(thread);
    return signal.aborted ? 'late' : outcome;
  };
  const runSafely = (turn: object, signal: AbortSignal): Promise<TurnOutcome | 'late'> =>
    // A machine without room for another thread.
    run(turn, signal).catch((error: unknown) => failed(`no thread could evaluate it: ${messageOf(error)}`));

  return {
    evaluate: async (turn, namespace, signal) => {
      const place = await places.acquire(() => [namespace], signal);
      if (place.state === 'full') {
        onEnd('full');
        return failed('it takes long, and too many such evaluations wait for a thread');
      }
      if (place.state === 'aborted') {
        onEnd('late');
        return 'late';
      }
      const running = runSafely(turn, signal).then((outcome) => {
        place.release();
        onEnd(endOf(outcome));
        return outcome;
      });
      return untilAborted(running, signal, () => 'late' as const);
    },
    busy: () => places.held,
    close: () => pool.close(),
  };
};
