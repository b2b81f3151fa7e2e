/** Why a request was given up: its own timeout, the deadline of the review, or the end of the process. */
export type GivenUp = 'timeout' | 'caller' | 'closed';

/** The time that one request has, waiting, redirects and body included. */
export interface Budget {
  readonly signal: AbortSignal;
  /** Milliseconds, as the row says. */
  readonly timeout: number;
  /** Milliseconds left of it. The review's own deadline may come earlier: a signal does not tell. */
  remaining(): number;
  givenUp(): GivenUp | undefined;
  abort(): void;
  /** Lets go of timer and listener; nothing is aborted after it. */
  end(): void;
}

export const startBudget = (timeout: number, caller: AbortSignal, clock: { monotonic(): number }): Budget => {
  const controller = new AbortController();
  const started = clock.monotonic();
  let reason: GivenUp | undefined;
  const stop = (why: GivenUp): void => {
    end();
    if (reason !== undefined) return;
    reason = why;
    controller.abort();
  };
  const byCaller = (): void => stop('caller');
  const timer = setTimeout(() => stop('timeout'), Math.min(timeout, 2 ** 31 - 1));
  const end = (): void => {
    clearTimeout(timer);
    caller.removeEventListener('abort', byCaller);
  };
  if (caller.aborted) byCaller();
  else caller.addEventListener('abort', byCaller, { once: true });
  return {
    signal: controller.signal,
    timeout,
    remaining: () => timeout - (clock.monotonic() - started),
    givenUp: () => reason,
    abort: () => stop('closed'),
    end,
  };
};

/** Waits. @returns false when the signal came first */
export const pauseFor = (milliseconds: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false);
      return;
    }
    const wake = (): void => {
      signal.removeEventListener('abort', leave);
      resolve(true);
    };
    const timer = setTimeout(wake, milliseconds);
    const leave = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    signal.addEventListener('abort', leave, { once: true });
  });
