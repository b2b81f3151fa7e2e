import type { Deadline } from '../../gate/deadline.ts';

/** Gives the turn back; the next in line gets it after the event loop went round once. */
export type GiveBack = () => void;

export interface Turns {
  /** Waits for the turn; `undefined` when it did not come before the deadline. */
  take(deadline: Deadline): Promise<GiveBack | undefined>;
}

/**
 * One at a time, in order of arrival. Between two turns the event loop serves everybody else: two bodies of
 * 8 MiB in a row must not keep small requests waiting for both.
 */
export const createTurns = (): Turns => {
  const waiting: (() => void)[] = [];
  let taken = false;
  const giveBack: GiveBack = () => {
    setImmediate(() => {
      const next = waiting.shift();
      if (next === undefined) taken = false;
      else next();
    });
  };
  return {
    take: (deadline) => {
      if (!taken) {
        taken = true;
        return Promise.resolve(giveBack);
      }
      return new Promise((resolve) => {
        const signal = deadline.signal();
        const start = (): void => {
          signal.removeEventListener('abort', leave);
          resolve(giveBack);
        };
        const leave = (): void => {
          waiting.splice(waiting.indexOf(start), 1);
          resolve(undefined);
        };
        if (signal.aborted) {
          resolve(undefined);
          return;
        }
        waiting.push(start);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
  };
};
