import type { RegistryFailure } from '../../../evidence/ports.ts';

/** What a request says about the health of its host. `unknown`: nothing, for instance because it was given up early. */
export type Health = 'answered' | 'failed' | 'unknown';

/** Leave to ask the host; what came of it must be told, once. */
export interface Leave {
  readonly open: false;
  settle(health: Health, why?: RegistryFailure): void;
}
export interface Refusal {
  readonly open: true;
  /** Milliseconds until the host may be asked again. */
  readonly again: number;
  /** What the last request failed with. */
  readonly last: RegistryFailure | undefined;
}

export interface Breaker {
  /** Whether a request would be refused now, without asking for leave. */
  refusal(): Refusal | undefined;
  ask(): Leave | Refusal;
}

const failures = 5;
const firstPause = 1000;
const longestPause = 30_000;

/**
 * Keeps us from waiting for a dead host again and again: five failures in a row open it, for one second at first and twice
 * as long with every failed probe, up to thirty. One request probes at a time; its answer closes the breaker.
 */
export const createBreaker = (clock: { monotonic(): number }): Breaker => {
  let inARow = 0;
  let pause = 0;
  let openUntil = 0;
  let probing = false;
  let last: RegistryFailure | undefined;

  const refusal = (): Refusal | undefined => {
    if (pause === 0) return undefined;
    const again = Math.max(openUntil - clock.monotonic(), 0);
    return again > 0 || probing ? { open: true, again: Math.max(again, 1), last } : undefined;
  };
  const failed = (probe: boolean, why: RegistryFailure | undefined): void => {
    last = why;
    inARow += 1;
    // Requests that were sent before the breaker opened say nothing new.
    if (pause > 0 ? !probe : inARow < failures) return;
    pause = pause === 0 ? firstPause : Math.min(pause * 2, longestPause);
    openUntil = clock.monotonic() + pause;
  };
  const leave = (probe: boolean): Leave => {
    let told = false;
    return {
      open: false,
      settle: (health, why) => {
        if (told) return;
        told = true;
        if (probe) probing = false;
        if (health === 'failed') failed(probe, why);
        if (health === 'answered') {
          inARow = 0;
          pause = 0;
        }
      },
    };
  };

  return {
    refusal,
    ask: () => {
      const refused = refusal();
      if (refused !== undefined) return refused;
      probing = pause > 0;
      return leave(probing);
    },
  };
};
