/** Told that work has to wait for its turn in this process, and when that has come. Each may be called again. */
export interface Turn {
  waits(): void;
  comes(): void;
}

/** Work whose end others wait for. */
interface AwaitedWork {
  readonly turn: Turn;
  readonly ends: () => void;
}

/**
 * How long work may keep others waiting. Time does not count in which all of it waits for its turn in this process: whoever
 * made the work is not to blame for that, and to begin more of it would make the line longer.
 */
export interface Patience {
  begin(): AwaitedWork;
  /**
   * Waits for work, and not longer than so many milliseconds that count, or four times as many by the clock. The work goes on;
   * when it fails first, that is an error.
   */
  atMost(work: Promise<unknown>, milliseconds: number): Promise<void>;
}

/** The time is counted in parts, so that one in which the event loop was held up counts as one. */
const parts = 10;
const maxParts = 4 * parts;

export const createPatience = (): Patience => {
  let begun = 0;
  let waiting = 0;
  const counts = (): boolean => waiting === 0 || waiting < begun;
  return {
    begin: () => {
      let isWaiting = false;
      begun += 1;
      const wait = (now: boolean): void => {
        if (isWaiting !== now) waiting += now ? 1 : -1;
        isWaiting = now;
      };
      return {
        turn: { waits: () => wait(true), comes: () => wait(false) },
        ends: () => {
          wait(false);
          begun -= 1;
        },
      };
    },
    atMost: async (work, milliseconds) => {
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => {
        let counted = 0;
        let passed = 0;
        const next = (): void => void (timer = setTimeout(part, milliseconds / parts).unref());
        const part = (): void => {
          passed += 1;
          if (counts()) counted += 1;
          if (counted >= parts || passed >= maxParts) resolve();
          else next();
        };
        next();
      });
      await Promise.race([work, over]).finally(() => clearTimeout(timer));
    },
  };
};
