import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import type { CallOutcome } from '../../../concurrency/circuit-breaker.ts';
import type { RequestBudget } from './request-budget.ts';
import { failure, shownTime } from '../network/failure.ts';

/**
 * The failure of a request that was cancelled before its response was read.
 * @param silent - milliseconds for which the host sent nothing; absent: it was not asked yet, or had begun to answer.
 * Waiting in a queue is never excusable (R25): a tenant who asks much makes the queue long.
 */
export const cancelFailure = (
  budget: RequestBudget,
  stage: RegistryStage,
  name: string,
  silent = 0,
): RegistryFailure => {
  const waiting = stage === 'queue' ? 'its turn did not come' : 'it did not answer in full';
  const reason = budget.cancelReason();
  if (reason === 'closed') return failure('busy', stage, name, 'the gate is shutting down');
  const why =
    reason === 'caller'
      ? `${waiting} before the deadline of the review, after ${shownTime(budget.timeout - budget.remaining())}`
      : `${waiting} within ${shownTime(budget.timeout)}, the timeout in the row of this host`;
  const timedOut = failure('timeout', stage, name, why);
  return silent >= minResponseTime(budget.timeout) ? { ...timedOut, excusable: true } : timedOut;
};

/** A host that had less time than this has not shown that it is dead; milliseconds. */
const minResponseTime = (timeout: number): number => Math.min(Math.max(1000, timeout / 4), timeout * 0.9);

/**
 * The outcome of a cancelled request for the circuit breaker: a failure when the host itself (not the queue) had a quarter
 * of the timeout and at least a second. Attack: a tenant sends reviews with tiny deadlines, and so opens the circuit for
 * everybody; with less time the outcome is ignored.
 * @param elapsed - milliseconds since the request was sent to the host
 */
export const outcomeWhenCancelled = (budget: RequestBudget, elapsed: number): CallOutcome =>
  budget.cancelReason() !== 'closed' && elapsed >= minResponseTime(budget.timeout) ? 'failure' : 'ignored';
