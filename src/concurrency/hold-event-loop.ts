/** Any length of time: it is never waited for. */
const long = 2 ** 30;

/**
 * Keeps the process alive until the work has settled. Timers of the gate hold no process, so that none of them keeps one from
 * its end; where work waits for such a timer alone, Node would end the process in its midst, without a word of its own.
 */
export const holdEventLoop = async <T>(work: Promise<T>): Promise<T> => {
  const timer = setInterval(() => undefined, long);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
};
