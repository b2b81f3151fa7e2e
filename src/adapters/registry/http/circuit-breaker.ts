import type { RegistryFailure } from '../../../evidence/ports.ts';

/** What a request says about its host. `ignored`: nothing, for instance because our own deadline ended it early. */
export type CallOutcome = 'success' | 'failure' | 'ignored';

/** Allows one request. Its outcome must be recorded; only the first record counts. */
export interface Permit {
  readonly open: false;
  record(outcome: CallOutcome, failure?: RegistryFailure): void;
}
export interface OpenCircuit {
  readonly open: true;
  /** Milliseconds until the next request is let through. */
  readonly retryAfter: number;
  readonly lastFailure: RegistryFailure | undefined;
}

export interface CircuitBreaker {
  /** Whether a request would be refused now; acquires nothing. */
  openCircuit(): OpenCircuit | undefined;
  acquire(): Permit | OpenCircuit;
}

const maxConsecutiveFailures = 5;
const minOpenTime = 1000;
const maxOpenTime = 30_000;

/**
 * Keeps reviews from waiting for a dead host again and again. Five failures in a row open the circuit for one second, and
 * every failed probe doubles that time, up to thirty seconds. Half-open lets one request through at a time; its success
 * closes the circuit.
 */
export const createCircuitBreaker = (clock: { monotonic(): number }): CircuitBreaker => {
  let state: 'closed' | 'open' | 'half-open' = 'closed';
  let consecutiveFailures = 0;
  let openTime = 0;
  let openUntil = 0;
  let lastFailure: RegistryFailure | undefined;

  const openCircuit = (): OpenCircuit | undefined => {
    if (state === 'closed') return undefined;
    const left = Math.max(openUntil - clock.monotonic(), 0);
    if (left === 0 && state === 'open') return undefined;
    return { open: true, retryAfter: Math.max(left, 1), lastFailure };
  };
  const failed = (isProbe: boolean, failure: RegistryFailure | undefined): void => {
    lastFailure = failure;
    consecutiveFailures += 1;
    // Requests that were sent before the circuit opened say nothing new.
    if (state === 'closed' ? consecutiveFailures < maxConsecutiveFailures : !isProbe) return;
    openTime = state === 'closed' ? minOpenTime : Math.min(openTime * 2, maxOpenTime);
    openUntil = clock.monotonic() + openTime;
    state = 'open';
  };
  const permit = (isProbe: boolean): Permit => {
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
