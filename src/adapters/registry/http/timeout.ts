import type { RegistryFailure, RegistryStage } from '../../../evidence/ports.ts';
import type { Health } from './circuit-breaker.ts';
import type { Budget } from './request-budget.ts';
import { failure, shownTime } from '../network/failure.ts';

/**
 * Why a request ended before its answer was read.
 * @param silent - milliseconds for which the host said nothing at all; absent: it was not asked yet, or had begun to
 * answer. Waiting for a turn is never excusable (R25): whoever asks much makes the line long.
 */
export const givenUpFailure = (
  budget: Budget,
  stage: RegistryStage,
  name: string,
  silent = 0,
): RegistryFailure => {
  const waiting = stage === 'queue' ? 'its turn did not come' : 'it did not answer in full';
  const givenUp = budget.givenUp();
  if (givenUp === 'closed') return failure('busy', stage, name, 'the gate is shutting down');
  const why =
    givenUp === 'caller'
      ? `${waiting} before the deadline of the review, after ${shownTime(budget.timeout - budget.remaining())}`
      : `${waiting} within ${shownTime(budget.timeout)}, the timeout in the row of this host`;
  const late = failure('timeout', stage, name, why);
  return silent >= saneShare(budget.timeout) ? { ...late, excusable: true } : late;
};

/** A host that was given less than this has not shown that it is dead; milliseconds. */
const saneShare = (timeout: number): number => Math.min(Math.max(1000, timeout / 4), timeout * 0.9);

/**
 * What a request that was given up says about its host: that it failed, when the host itself (not the queue) had a
 * quarter of the timeout and at least a second. With less it says nothing, or whoever sends reviews with tiny deadlines
 * would open the breaker for everybody.
 * @param waited milliseconds since the host was asked
 */
export const healthWhenGivenUp = (budget: Budget, waited: number): Health =>
  budget.givenUp() !== 'closed' && waited >= saneShare(budget.timeout) ? 'failed' : 'unknown';
