import type { Clock } from '../../../concurrency/clock.ts';

/** Milliseconds: a burst of events is handled once, after so much quiet, or after so much time at the latest. */
const batchTimes = { quiet: 50, atMost: 300 };

/** Runs once for many events that come together. */
export const createBatch = (
  run: () => void,
  options: { readonly clock: Pick<Clock, 'monotonic'>; readonly batching?: typeof batchTimes },
) => {
  const { quiet, atMost } = options.batching ?? batchTimes;
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  const fire = (): void => {
    timer = undefined;
    run();
  };
  return {
    later: (): void => {
      const now = options.clock.monotonic();
      if (timer === undefined) since = now;
      else clearTimeout(timer);
      timer = setTimeout(fire, Math.max(0, Math.min(quiet, since + atMost - now)));
    },
    cancel: (): void => clearTimeout(timer),
  };
};
