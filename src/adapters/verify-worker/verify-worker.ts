import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../core/result.ts';
import { verifyCandidate } from '../../evidence/verify/verify-candidate.ts';
import type { Verification, VerificationResult } from '../../evidence/verify/verification.ts';

/** What the thread says. `ready` comes once, before everything else. */
export type VerifyReply =
  | { readonly ready: true }
  | { readonly result: VerificationResult }
  /** A defect of the verifier, or bytes that are too much for its stack. */
  | { readonly failed: string };

const verify = (verification: Verification): VerifyReply => {
  try {
    return { result: verifyCandidate(verification) };
  } catch (error) {
    return { failed: messageOf(error) };
  }
};

const post = (reply: VerifyReply): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  parentPort?.postMessage(reply);
};

/** Entry of a thread that verifies, a bundle of its own: nothing that it loads is loaded before a policy needs it. */
parentPort?.on('message', (verification: Verification) => post(verify(verification)));
post({ ready: true });
