import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../core/result.ts';
import { noExpressions, type ExpressionEngine } from '../../evidence/verify/expression-engine.ts';
import { verifyCandidate } from '../../evidence/verify/verify-candidate.ts';
import type { Verification, VerificationResult } from '../../evidence/verify/verification.ts';

/** What the thread says about a verification. */
export type VerifyReply =
  /** Comes first: everything that it needs is loaded. The CPU time of the thread until then. */
  | { readonly begun: NodeJS.CpuUsage }
  | { readonly result: VerificationResult }
  /** A defect of the verifier, or bytes that are too much for its stack. */
  | { readonly failed: string };

const post = (reply: VerifyReply): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  parentPort?.postMessage(reply);
};

/**
 * Verifies what the thread is sent, one candidate at a time.
 * @param loadEngine - called when the first verification comes that asks for expressions
 */
export const answerVerifications = (loadEngine: () => Promise<ExpressionEngine>): void => {
  let engine: Promise<ExpressionEngine> | undefined;
  const answer = async (verification: Verification): Promise<void> => {
    try {
      const evaluating =
        verification.expressions.length === 0 ? noExpressions : await (engine ??= loadEngine());
      post({ begun: process.threadCpuUsage() });
      post({ result: verifyCandidate(verification, evaluating) });
    } catch (error) {
      post({ failed: messageOf(error) });
    }
  };
  parentPort?.on('message', (verification: Verification) => void answer(verification));
};
