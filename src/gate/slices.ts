import type { Steps } from '../core/steps.ts';
import type { Clock } from './ports.ts';

/** Shares the event loop between reviews that take long and everything else. */
export interface Slices {
  /** The result at once where it takes little time; else later, in slices. */
  run<T>(steps: Steps<T>): T | Promise<T>;
}

/**
 * Milliseconds. `first`: before a piece of work waits for its first slice; nearly all is done by then. `slice`: of one
 * turn of the event loop, for all work that waits together.
 */
const defaultLimits = { first: 2, slice: 5 };

/**
 * One for the whole gate. Work that takes long goes on in slices, one a turn of the event loop, in turn with other such work. So the largest
 * legal object under the most policies, or many of them at once, hold up nobody (R24).
 */
export const createSlices = (
  { monotonic }: Pick<Clock, 'monotonic'>,
  limits: Partial<typeof defaultLimits> = {},
): Slices => {
  const { first, slice } = { ...defaultLimits, ...limits };
  /** Each goes on until `end` and says whether it has to come again. */
  const waiting: ((end: number) => boolean)[] = [];
  const turn = (): void => {
    const work = waiting.shift();
    if (work?.(monotonic() + slice) === true) waiting.push(work);
    if (waiting.length > 0) setImmediate(turn);
  };
  const wait = (work: (end: number) => boolean): void => {
    waiting.push(work);
    if (waiting.length === 1) setImmediate(turn);
  };
  const goOn = <T>(steps: Steps<T>, end: number): IteratorResult<undefined, T> => {
    let step = steps.next();
    while (step.done !== true && monotonic() < end) step = steps.next();
    return step;
  };
  return {
    run: (steps) => {
      const step = goOn(steps, monotonic() + first);
      if (step.done === true) return step.value;
      return new Promise((resolve, reject) => {
        wait((end) => {
          try {
            const next = goOn(steps, end);
            if (next.done === true) resolve(next.value);
            return next.done !== true;
          } catch (error) {
            reject(error);
            return false;
          }
        });
      });
    },
  };
};
