import { onAbort } from '../../../concurrency/abort.ts';
import type { Clock } from '../../../concurrency/clock.ts';

/** Why a request was cancelled: its own timeout, the deadline of the review, or the end of the process. */
type CancelReason = 'timeout' | 'caller' | 'closed';

/** The time of one request, including its waits, redirects and body. */
export interface RequestBudget {
  readonly signal: AbortSignal;
  /** Milliseconds, from the row of its host. */
  readonly timeout: number;
  /** Milliseconds left of the timeout. The deadline of the review may come earlier. */
  remaining(): number;
  cancelReason(): CancelReason | undefined;
  /** The timeout is the longest silence of the host, not the time of the whole request. */
  readonly isBulk: boolean;
  /** Of a bulk request alone: nobody waits for the host from now on. */
  pause(): void;
  /** Of a bulk request alone: the host has its whole timeout again. */
  restart(): void;
  abort(): void;
  /** Clears timer and listener. Afterwards nothing is aborted. */
  end(): void;
}

export const startRequestBudget = (
  timeout: number,
  caller: AbortSignal,
  clock: Pick<Clock, 'monotonic'>,
  isBulk = false,
): RequestBudget => {
  const controller = new AbortController();
  let started = clock.monotonic();
  let isPaused = false;
  let isOver = false;
  let reason: CancelReason | undefined;
  let stopListening = (): void => {};
  const stop = (why: CancelReason): void => {
    end();
    if (reason !== undefined) return;
    reason = why;
    controller.abort();
  };
  // To pause and to go on costs nothing here: it happens for each chunk of a large body.
  const timer = setTimeout(
    () => {
      if (!isPaused) stop('timeout');
    },
    Math.min(timeout, 2 ** 31 - 1),
  );
  const end = (): void => {
    isOver = true;
    clearTimeout(timer);
    stopListening();
  };
  stopListening = onAbort(caller, () => stop('caller'));
  return {
    signal: controller.signal,
    timeout,
    remaining: () => timeout - (clock.monotonic() - started),
    cancelReason: () => reason,
    isBulk,
    pause: () => {
      isPaused = isBulk;
    },
    restart: () => {
      if (!isBulk || isOver) return;
      isPaused = false;
      started = clock.monotonic();
      timer.refresh();
    },
    abort: () => stop('closed'),
    end,
  };
};
