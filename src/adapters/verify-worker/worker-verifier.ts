import { availableParallelism } from 'node:os';
import { untilAborted } from '../../concurrency/abort.ts';
import { systemClock, type Clock } from '../../concurrency/clock.ts';
import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';
import { createThreadPool, type ThreadPool } from '../../concurrency/threads/thread-pool.ts';
import { createTtlCache } from '../../concurrency/cache/ttl-cache.ts';
import { messageOf } from '../../core/result.ts';
import { shown } from '../../core/text/shown-text.ts';
import type {
  CandidateVerifier,
  Verification,
  VerificationResult,
} from '../../evidence/verify/verification.ts';
import { startVerifyThread, type ThreadOutcome, type VerifyThread } from './verify-thread.ts';

export interface WorkerVerifierOptions {
  /** The threads' program, which calls `answerVerifications`. */
  readonly program: URL;
  readonly threads?: number;
  /** Of the machine, as far as the process may use them. */
  readonly cores?: number;
  /** How many may wait for a thread. */
  readonly waiting?: number;
  readonly times?: typeof defaultTimes;
  readonly clock?: Pick<Clock, 'monotonic'>;
  /** Called when a candidate took longer than it may. */
  readonly onTimeout?: () => void;
}

export interface WorkerVerifier extends CandidateVerifier {
  /** How many threads verify something now. */
  busy(): number;
  /** Ends the threads. What is being verified then is `slow`. */
  close(): Promise<void>;
}

const defaultThreads = 2;
const defaultWaiting = 1024;
/** Milliseconds of the clock after which a candidate no longer keeps others waiting. Most take less than 20. */
const patience = 100;
/** Milliseconds of CPU time for one candidate, and for one with more than {@link largeBytes} in its layers. */
const defaultTimes = { small: 1000, large: 3000 };
const largeBytes = 1024 * 1024;
/** How long a candidate is left alone that was too slow, or that broke its thread. */
const restMs = 60_000;
const maxResting = 4096;

const isLarge = ({ layers }: Verification): boolean =>
  layers.reduce((sum, { bytes }) => sum + bytes.length, 0) > largeBytes;

const slow = (why: string): VerificationResult => ({
  claims: [],
  rejected: [{ fault: 'slow', why, checks: [] }],
});

/**
 * As many verify at once as there are cores, since more gain nothing and take time from the thread of the reviews. One that
 * takes long makes room for one more. Attack: a signature that hangs, in front of those of others (R26).
 */
const createPlaces = (threads: number, cores: number, waiting: number) => {
  const usual = Math.min(threads, cores);
  const places = createFairSemaphore({ places: usual, waiting });
  let slow = 0;
  const resize = (): void => places.resize(Math.min(threads, usual + slow));
  return {
    acquire: (...of: Parameters<typeof places.acquire>) => places.acquire(...of),
    held: () => places.held,
    /** @returns how to say that it has ended */
    begin: (): (() => void) => {
      let isSlow = false;
      const timer = setTimeout(() => {
        isSlow = true;
        slow += 1;
        resize();
      }, patience);
      return () => {
        clearTimeout(timer);
        if (!isSlow) return;
        slow -= 1;
        resize();
      };
    },
  };
};

/** Never rejects: its caller holds a place. A machine without room for another thread is no fault of the candidate. */
const verifyIn = async (
  pool: ThreadPool<VerifyThread>,
  verification: Verification,
  withinMs: number,
): Promise<ThreadOutcome> => {
  let thread: VerifyThread | undefined;
  try {
    thread = pool.take();
    const outcome = await thread.verify(verification, withinMs);
    if (outcome.state === 'verified') pool.giveBack(thread);
    else void pool.discard(thread);
    return outcome;
  } catch (error) {
    if (thread !== undefined) void pool.discard(thread);
    return { state: 'stalled', why: messageOf(error) };
  }
};

/**
 * Verifies candidates in threads, which start when the first candidate comes: neither a library nor a candidate is loaded
 * into the thread of the reviews. Attack: push a signature whose verification takes forever. Its thread is ended, and for
 * a minute nobody verifies it again. Threads are shared fairly between namespaces (R26).
 */
export const createWorkerVerifier = ({
  program,
  threads = defaultThreads,
  cores = availableParallelism(),
  waiting = defaultWaiting,
  times = defaultTimes,
  clock = systemClock,
  onTimeout = () => {},
}: WorkerVerifierOptions): WorkerVerifier => {
  const places = createPlaces(threads, cores, waiting);
  const resting = createTtlCache<string>({ entries: maxResting }, clock);
  const pool = createThreadPool(() => startVerifyThread(program));

  const judge = (outcome: ThreadOutcome, candidate: string): VerificationResult => {
    if (outcome.state === 'verified') return outcome.result;
    if (outcome.state === 'late') onTimeout();
    const why =
      outcome.state === 'late'
        ? 'it was not verified in its time'
        : `its verification failed: ${shown(outcome.why)}`;
    if (outcome.state !== 'stalled') resting.set(candidate, why, restMs);
    return slow(why);
  };
  const run = async (verification: Verification, release: () => void): Promise<VerificationResult> => {
    const end = places.begin();
    const outcome = await verifyIn(pool, verification, isLarge(verification) ? times.large : times.small);
    end();
    release();
    return judge(outcome, verification.candidate);
  };

  return {
    verify: async (verification, owners, signal) => {
      const why = resting.get(verification.candidate);
      if (why !== undefined) return slow(`${why} a moment ago`);
      const place = await places.acquire(owners, signal);
      if (place.state !== 'acquired')
        return slow(
          place.state === 'full' ? 'too many candidates wait to be verified' : 'nobody waits for it',
        );
      return untilAborted(run(verification, place.release), signal, () => slow('nobody waits for it'));
    },
    busy: places.held,
    close: () => pool.close(),
  };
};
