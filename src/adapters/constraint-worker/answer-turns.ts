import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../core/result.ts';
import type { ThreadEvaluation } from '../../gate/constraints.ts';

/** What the thread says about a turn. */
export type TurnReply =
  /** Comes first: everything is loaded, and the turn has come. */
  | { readonly begun: true }
  | { readonly evaluated: ThreadEvaluation }
  /** The last of a turn, which may be over before its last evaluation. */
  | { readonly over: true }
  /** A defect of what evaluates. */
  | { readonly failed: string };

/**
 * Milliseconds of CPU time after which a turn ends behind the evaluation under way, so that others have theirs. How turns
 * are cut changes nothing of what is evaluated.
 */
const turnMs = 200;

const post = (reply: TurnReply): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  parentPort?.postMessage(reply);
};

const spentMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Does the evaluations of the turns that the thread is sent, and tells what came of each as soon as it is known. */
export const answerTurns = (evaluate: (turn: object) => Iterable<ThreadEvaluation>): void => {
  parentPort?.on('message', (turn: object) => {
    try {
      post({ begun: true });
      const end = spentMs() + turnMs;
      for (const evaluated of evaluate(turn)) {
        post({ evaluated });
        if (spentMs() >= end) break;
      }
      post({ over: true });
    } catch (error) {
      post({ failed: messageOf(error) });
    }
  });
};
