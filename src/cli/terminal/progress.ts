import type { Terminal } from './terminal.ts';

/** What takes less time than this says nothing, in milliseconds. */
const patience = 1000;
const interval = 200;

/** Shows the progress of long work. */
interface Progress {
  /** One more piece is about to be done. */
  step(): void;
  end(): void;
}

/**
 * One line on a terminal, `judged 1200 of 5000 objects`, and nothing at all in a pipe or with `--quiet`.
 * @param now monotonic, in milliseconds
 */
export const createProgress = (
  describe: (done: number) => string,
  status: Terminal['status'],
  now: () => number = () => performance.now(),
): Progress => {
  if (status === undefined) return { step: () => undefined, end: () => undefined };
  let done = 0;
  let next = now() + patience;
  let isShown = false;
  return {
    step: () => {
      const time = now();
      if (time >= next) {
        status(describe(done));
        next = time + interval;
        isShown = true;
      }
      done++;
    },
    end: () => {
      if (isShown) status('');
    },
  };
};
