import { exponentialDelay } from './backoff.ts';
import type { Clock } from './clock.ts';

/**
 * The outcome of a call for the circuit breaker. `ignored`: it says nothing about the called side, for instance
 * because the caller's own deadline ended it early.
 */
export type CallOutcome = 'success' | 'failure' | 'ignored';

/** Allows one call. Its outcome must be recorded; only the first record counts. */
export interface Permit<F> {
  readonly open: false;
  record(outcome: CallOutcome, failure?: F): void;
}
export interface OpenCircuit<F> {
  readonly open: true;
  /** Milliseconds until the next call is let through. */
  readonly retryAfter: number;
  readonly lastFailure: F | undefined;
}

/** @typeParam F - the failure of a call */
export interface CircuitBreaker<F> {
  /** Whether a call would be refused now; acquires nothing. */
  openCircuit(): OpenCircuit<F> | undefined;
  acquire(): Permit<F> | OpenCircuit<F>;
}

const maxConsecutiveFailures = 5;
const openTime = { first: 1000, max: 30_000 };

/**
 * Keeps reviews from waiting for a dead host again and again. Five failures in a row open the circuit for one second, and
 * every failed probe doubles that time, up to thirty seconds. Half-open lets one call through at a time; its success
 * closes the circuit.
 */
export const createCircuitBreaker = <F>(clock: Pick<Clock, 'monotonic'>): CircuitBreaker<F> => {
  let state: 'closed' | 'open' | 'half-open' = 'closed';
  let consecutiveFailures = 0;
  let opened = 0;
  let openUntil = 0;
  let lastFailure: F | undefined;

  const openCircuit = (): OpenCircuit<F> | undefined => {
    if (state === 'closed') return undefined;
    const left = Math.max(openUntil - clock.monotonic(), 0);
    if (left === 0 && state === 'open') return undefined;
    return { open: true, retryAfter: Math.max(left, 1), lastFailure };
  };
  const failed = (isProbe: boolean, failure: F | undefined): void => {
    lastFailure = failure;
    consecutiveFailures += 1;
    // Calls that began before the circuit opened say nothing new.
    if (state === 'closed' ? consecutiveFailures < maxConsecutiveFailures : !isProbe) return;
    opened = state === 'closed' ? 0 : opened + 1;
    openUntil = clock.monotonic() + exponentialDelay(openTime, opened);
    state = 'open';
  };
  const permit = (isProbe: boolean): Permit<F> => {
    let isRecorded = false;
    return {
      open: false,
      record: (outcome, failure) => {
        if (isRecorded) return;
        isRecorded = true;
        if (isProbe && state === 'half-open') state = 'open';
        if (outcome === 'failure') failed(isProbe, failure);
        if (outcome === 'success') {
          consecutiveFailures = 0;
          state = 'closed';
        }
      },
    };
  };

  return {
    openCircuit,
    acquire: () => {
      const open = openCircuit();
      if (open !== undefined) return open;
      if (state === 'closed') return permit(false);
      state = 'half-open';
      return permit(true);
    },
  };
};
