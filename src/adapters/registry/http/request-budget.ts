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
  abort(): void;
  /** Clears timer and listener. Afterwards nothing is aborted. */
  end(): void;
}

export const startRequestBudget = (
  timeout: number,
  caller: AbortSignal,
  clock: Pick<Clock, 'monotonic'>,
): RequestBudget => {
  const controller = new AbortController();
  const started = clock.monotonic();
  let reason: CancelReason | undefined;
  let stopListening = (): void => {};
  const stop = (why: CancelReason): void => {
    end();
    if (reason !== undefined) return;
    reason = why;
    controller.abort();
  };
  const timer = setTimeout(() => stop('timeout'), Math.min(timeout, 2 ** 31 - 1));
  const end = (): void => {
    clearTimeout(timer);
    stopListening();
  };
  stopListening = onAbort(caller, () => stop('caller'));
  return {
    signal: controller.signal,
    timeout,
    remaining: () => timeout - (clock.monotonic() - started),
    cancelReason: () => reason,
    abort: () => stop('closed'),
    end,
  };
};
