import { Worker } from 'node:worker_threads';
import type { PooledThread } from '../../concurrency/threads/thread-pool.ts';
import { messageOf } from '../../core/result.ts';
import type { Verification, VerificationResult } from '../../evidence/verify/verification.ts';
import type { VerifyReply } from './answer-verifications.ts';

/**
 * `late`: not within its time. `failed`: the thread ended, or the verifier threw. `stalled`: the same before the candidate
 * was looked at, or the thread got no time of a core, so that is no fault of the candidate.
 */
export type ThreadOutcome =
  | { readonly state: 'verified'; readonly result: VerificationResult }
  | { readonly state: 'late' }
  | { readonly state: 'failed' | 'stalled'; readonly why: string };

/** What a thread may take; past it the thread ends. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/**
 * By the clock. A thread on a busy node loads its program, or a language, for a while, and then waits for a core. No review
 * waits so long.
 */
const stalledMs = 60_000;

/** A view of a larger buffer would take all of that with it to the thread. */
const own = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

const portable = (verification: Verification): Verification => ({
  ...verification,
  subject: {
    ...verification.subject,
    ...(verification.subject.manifest && { manifest: own(verification.subject.manifest) }),
  },
  layers: verification.layers.map((layer) => ({ ...layer, bytes: own(layer.bytes) })),
});

/**
 * Asks the thread how much it has spent when that may be enough. A result that came meanwhile is read first.
 * @param since - what it had spent before
 * @param onSpent - called when it has spent so many milliseconds
 * @returns how to stop
 */
const limitCpuTime = (
  thread: Worker,
  since: NodeJS.CpuUsage,
  mostMs: number,
  onSpent: () => void,
): (() => void) => {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const look = ({ user, system }: NodeJS.CpuUsage): void => {
    if (isOver) return;
    const left = mostMs - (user + system) / 1000;
    if (left > 0) askIn(left);
    else onSpent();
  };
  const askIn = (milliseconds: number): void => {
    // A thread that has ended says so itself.
    timer = setTimeout(() => void thread.cpuUsage(since).then(look, () => {}), milliseconds);
  };
  askIn(mostMs);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
};

export interface VerifyThread extends PooledThread {
  /**
   * One at a time. A thread whose outcome is not `verified` is of no more use.
   * @param withinMs - of CPU time of the thread, since by the clock a good candidate would be slow on a busy node
   */
  verify(verification: Verification, withinMs: number): Promise<ThreadOutcome>;
}

export const startVerifyThread = (program: URL): VerifyThread => {
  const thread = new Worker(program, {
    name: 'imagegate-verify',
    resourceLimits,
    env: {},
    execArgv: [],
  });
  let hasBegun = false;
  let settle: ((outcome: ThreadOutcome) => void) | undefined;
  let mostMs = 0;
  let ended: string | undefined;
  let stopClock = (): void => {};
  let stalled: NodeJS.Timeout | undefined;

  const finish = (outcome: ThreadOutcome): void => {
    stopClock();
    clearTimeout(stalled);
    // The process may end while the thread is idle.
    thread.unref();
    settle?.(outcome);
    settle = undefined;
  };
  thread.on('message', (reply: VerifyReply) => {
    if ('begun' in reply) {
      hasBegun = true;
      stopClock = limitCpuTime(thread, reply.begun, mostMs, () => finish({ state: 'late' }));
    } else if ('result' in reply) finish({ state: 'verified', result: reply.result });
    else finish({ state: hasBegun ? 'failed' : 'stalled', why: reply.failed });
  });
  thread.on('error', (error: unknown) => (ended = messageOf(error)));
  thread.on('exit', () => {
    ended ??= 'the thread ended';
    finish({ state: hasBegun ? 'failed' : 'stalled', why: ended });
  });

  return {
    verify: (verification, withinMs) =>
      new Promise((resolve) => {
        if (ended !== undefined) {
          resolve({ state: 'stalled', why: ended });
          return;
        }
        hasBegun = false;
        settle = resolve;
        mostMs = withinMs;
        stalled = setTimeout(
          () => finish({ state: 'stalled', why: 'its thread got too little time of a core' }),
          stalledMs,
        );
        thread.ref();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
        thread.postMessage(portable(verification));
      }),
    hasEnded: () => ended !== undefined,
    end: async () => void (await thread.terminate()),
  };
};
