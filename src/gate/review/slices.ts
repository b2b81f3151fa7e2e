import type { Clock } from '../../concurrency/clock.ts';
import type { Steps } from '../../core/steps.ts';
import type { Deadline } from '../deadline.ts';

/** For whom work is done. */
interface SlicedFor {
  readonly namespace: string;
  /** Whether nobody waits for it any more. */
  readonly isOver: () => boolean;
}

export const untilDeadline = (namespace: string, { remaining }: Pick<Deadline, 'remaining'>): SlicedFor => ({
  namespace,
  isOver: () => remaining() <= 0,
});

/** Shares the event loop between reviews that take long and everything else. */
export interface Slices {
  /** The result at once where it takes little time; else later, in slices. `undefined`: it was over before its end. */
  run<T extends object>(steps: Steps<T>, whose: SlicedFor): T | Promise<T | undefined>;
}

/**
 * Milliseconds. `first`: before a piece of work waits for its first slice; nearly all is done by then. `slice`: of one
 * turn of the event loop, for all work that waits together. `underWay`: namespaces whose work goes on in turn.
 */
const defaultLimits = { first: 2, slice: 5, underWay: 8 };

/** Goes on until `end` and says whether it has to come again. */
type Work = (end: number) => boolean;

/** What waits: first come, first served within a namespace; namespaces take turns. */
const createLanes = (most: number) => {
  const lanes = new Map<string, Work[]>();
  const waiting: string[] = [];
  const underWay: string[] = [];
  const next = (): string | undefined => {
    const begun = underWay.length < most ? waiting.shift() : undefined;
    if (begun !== undefined) underWay.push(begun);
    return underWay.shift();
  };
  return {
    isEmpty: () => lanes.size === 0,
    add: (namespace: string, work: Work): void => {
      const lane = lanes.get(namespace);
      if (lane !== undefined) lane.push(work);
      else {
        lanes.set(namespace, [work]);
        waiting.push(namespace);
      }
    },
    goOn: (end: number): void => {
      const namespace = next();
      const lane = namespace === undefined ? undefined : lanes.get(namespace);
      if (namespace === undefined || lane === undefined) return;
      if (lane[0]?.(end) === true) {
        underWay.push(namespace);
        return;
      }
      lane.shift();
      if (lane.length > 0) waiting.push(namespace);
      else lanes.delete(namespace);
    },
  };
};

/**
 * One for the whole gate. Work that takes long goes on in slices, one a turn of the event loop, so that the largest legal
 * object under the most policies, or many of them at once, hold up nobody (R24). Namespaces take turns (R26), and each
 * ends one piece of work before it begins the next. Attack: what is half done holds megabytes of findings; a hundred large
 * Pods of one namespace that all went on together filled the memory, and none of them ended before its deadline.
 */
export const createSlices = (
  { monotonic }: Pick<Clock, 'monotonic'>,
  limits: Partial<typeof defaultLimits> = {},
): Slices => {
  const { first, slice, underWay } = { ...defaultLimits, ...limits };
  const lanes = createLanes(underWay);
  const turn = (): void => {
    lanes.goOn(monotonic() + slice);
    if (!lanes.isEmpty()) setImmediate(turn);
  };
  const wait = (namespace: string, work: Work): void => {
    const isIdle = lanes.isEmpty();
    lanes.add(namespace, work);
    if (isIdle) setImmediate(turn);
  };
  const goOn = <T>(steps: Steps<T>, end: number): IteratorResult<undefined, T> => {
    let step = steps.next();
    while (step.done !== true && monotonic() < end) step = steps.next();
    return step;
  };
  return {
    run: (steps, { namespace, isOver }) => {
      const step = goOn(steps, monotonic() + first);
      if (step.done === true) return step.value;
      return new Promise((resolve, reject) => {
        wait(namespace, (end) => {
          if (isOver()) {
            resolve(undefined);
            return false;
          }
          try {
            const next = goOn(steps, end);
            if (next.done !== true) return true;
            const { value } = next;
            // What is made of thousands of findings then takes a turn of its own.
            setImmediate(() => resolve(value));
            return false;
          } catch (error) {
            reject(error);
            return false;
          }
        });
      });
    },
  };
};
