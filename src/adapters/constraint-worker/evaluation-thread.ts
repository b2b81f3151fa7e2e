import { Worker } from 'node:worker_threads';
import type { PooledThread } from '../../concurrency/threads/thread-pool.ts';
import { messageOf } from '../../core/result.ts';
import type { ThreadEvaluation, TurnOutcome } from '../../gate/constraints.ts';
import type { TurnReply } from './answer-turns.ts';

/**
 * What a thread may take; past it the thread ends. Its stack is as large as that of the thread of the reviews, so that what
 * nests too deeply there does so here.
 */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 1.2 };

export interface EvaluationThread extends PooledThread {
  /** One turn at a time. Never rejects. A thread that failed is of no more use. */
  turn(turn: object): Promise<TurnOutcome>;
}

export const startEvaluationThread = (program: URL): EvaluationThread => {
  const thread = new Worker(program, {
    name: 'imagegate-constraints',
    resourceLimits,
    env: {},
    execArgv: [],
  });
  let evaluated: ThreadEvaluation[] = [];
  let isBegun = false;
  let settle: ((outcome: TurnOutcome) => void) | undefined;
  let ended: string | undefined;

  const finish = (why?: string): void => {
    // The process may end while the thread is idle.
    thread.unref();
    settle?.({ evaluated, ...(why === undefined ? {} : { failed: { why, isBegun } }) });
    settle = undefined;
  };
  const fail = (why: string): void => finish(`its evaluation in a thread failed: ${why}`);
  thread.on('message', (reply: TurnReply) => {
    if ('begun' in reply) isBegun = true;
    else if ('evaluated' in reply) evaluated.push(reply.evaluated);
    else if ('over' in reply) finish();
    else fail(reply.failed);
  });
  thread.on('error', (error: unknown) => (ended = messageOf(error)));
  thread.on('exit', () => {
    ended ??= 'the thread ended';
    fail(ended);
  });

  return {
    turn: (turn) =>
      new Promise((resolve) => {
        evaluated = [];
        isBegun = false;
        settle = resolve;
        if (ended !== undefined) {
          fail(ended);
          return;
        }
        thread.ref();
        try {
          // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
          thread.postMessage(turn);
        } catch (error) {
          // Parameters may nest more deeply than a message can.
          fail(messageOf(error));
        }
      }),
    hasEnded: () => ended !== undefined,
    end: async () => void (await thread.terminate()),
  };
};
