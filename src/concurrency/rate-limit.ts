import type { Clock } from './clock.ts';
import { sleep } from './abort.ts';

/** Lets `burst` through at once and `perSecond` in the long run. */
export interface TokenBucket {
  /** Takes one permit and answers 0, or takes none and answers how many milliseconds to wait. */
  take(): number;
}

export const createTokenBucket = (
  rate: { readonly perSecond: number; readonly burst: number },
  clock: Pick<Clock, 'monotonic'>,
): TokenBucket => {
  let permits = rate.burst;
  let counted = clock.monotonic();
  return {
    take: () => {
      const now = clock.monotonic();
      permits = Math.min(rate.burst, permits + ((now - counted) / 1000) * rate.perSecond);
      counted = now;
      if (permits < 1) return Math.ceil(((1 - permits) / rate.perSecond) * 1000);
      permits -= 1;
      return 0;
    },
  };
};

/** Waits for a permit; false when the signal came first. */
export const waitForPermit = async (limit: TokenBucket, signal: AbortSignal): Promise<boolean> => {
  for (;;) {
    if (signal.aborted) return false;
    const wait = limit.take();
    if (wait === 0) return true;
    await sleep(wait, signal, false);
  }
};
