import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import type { CallOutcome } from '../../../concurrency/circuit-breaker.ts';
import type { RequestBudget } from './request-budget.ts';
import { failure, shownTime } from '../network/failure.ts';

/**
 * The failure of a request that was cancelled before its response was read.
 * @param silent - milliseconds for which the host sent nothing. Absent: the request was not sent yet, or the host had begun to
 * answer. A wait in a queue is never excusable (R25), since a tenant with many requests makes the queue long.
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
      : `${budget.isBulk ? 'it sent nothing for' : `${waiting} within`} ${shownTime(budget.timeout)}, the timeout in the row of this host`;
  const timedOut = failure('timeout', stage, name, why);
  return silent >= minResponseTime(budget.timeout) && !isGivenUp(budget)
    ? { ...timedOut, excusable: true }
    : timedOut;
};

/** A large blob takes as long as its pusher likes: when nobody waits for it any longer, that says nothing about its host. */
const isGivenUp = (budget: RequestBudget): boolean => budget.isBulk && budget.cancelReason() === 'caller';

/** Milliseconds that a host must have had before its silence counts as a failure. */
const minResponseTime = (timeout: number): number => Math.min(Math.max(1000, timeout / 4), timeout * 0.9);

/**
 * The outcome of a cancelled request for the circuit breaker. It is a failure when the host itself, not the queue, had a
 * quarter of the timeout and at least a second; else it is ignored. Attack: a tenant sends reviews with tiny deadlines, so
 * that the circuit opens for everybody.
 * @param elapsed - milliseconds since the request was sent to the host
 */
export const outcomeWhenCancelled = (budget: RequestBudget, elapsed: number): CallOutcome =>
  budget.cancelReason() !== 'closed' && !isGivenUp(budget) && elapsed >= minResponseTime(budget.timeout)
    ? 'failure'
    : 'ignored';
