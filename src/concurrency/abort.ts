const nothing = (): void => {};

/** Calls the listener when the signal ends, before it returns when it has. @returns how to stop listening */
export const onAbort = (signal: AbortSignal, listener: () => void): (() => void) => {
  if (signal.aborted) {
    listener();
    return nothing;
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
};

/**
 * Waits for work until the signal ends, which does not end the work. A later result or error of the work is dropped.
 * @param aborted - the result when the signal came first; a promise that rejects makes it an error
 */
export const untilAborted = <T, A>(
  work: Promise<T>,
  signal: AbortSignal,
  aborted: () => A | Promise<A>,
): Promise<T | A> =>
  new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => resolve(aborted()));
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });

/**
 * Waits.
 * @returns false when the signal came first
 * @param ref - whether the timer keeps the process alive, by default true
 */
export const sleep = (milliseconds: number, signal: AbortSignal, ref = true): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      stop();
      resolve(true);
    }, milliseconds);
    if (!ref) timer.unref();
    const stop = onAbort(signal, () => {
      clearTimeout(timer);
      resolve(false);
    });
  });

/** Waits for work, and not longer than so many milliseconds. The work goes on; when it fails first, that is an error. */
export const waitAtMost = async (work: Promise<unknown>, milliseconds: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  // An AbortController would make an error with its stack for each wait.
  const time = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  timer?.unref();
  await Promise.race([work, time]).finally(() => clearTimeout(timer));
};
