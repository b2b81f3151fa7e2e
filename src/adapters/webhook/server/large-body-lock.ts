import { createFairSemaphore } from '../../../concurrency/fair-semaphore.ts';
import type { Deadline } from '../../../gate/deadline.ts';

/** Gives the turn back; the next in line gets it after the event loop went round once. */
export type GiveBack = () => void;

export interface Turns {
  /**
   * Waits for the turn; `undefined` when it did not come before the deadline.
   * @param namespace - whose body it is, see {@link peekNamespace}
   */
  take(namespace: string, deadline: Deadline): Promise<GiveBack | undefined>;
}

/** Bodies that wait are bounded by their bytes in flight (R19): there are fewer of them than this. */
const mostWaiting = 4096;

/**
 * One at a time, round robin over namespaces (R26): a tenant that sends bodies of 8 MiB one after the other keeps another
 * namespace waiting for one of them. Between two turns the event loop serves everybody else: two bodies of 8 MiB in a
 * row must not keep small requests waiting for both.
 */
export const createTurns = (): Turns => {
  const turns = createFairSemaphore({ places: 1, waiting: mostWaiting });
  return {
    take: async (namespace, deadline) => {
      const turn = await turns.take(() => [namespace], deadline.signal());
      return turn.state === 'taken' ? () => void setImmediate(turn.giveBack) : undefined;
    },
  };
};

/** The API server writes the head of a review, its namespace in it, before the object. */
const headBytes = 8 * 1024;
const key = '"namespace":"';
const mostName = 63;

/**
 * The namespace of a body that was not parsed yet, as far as it is told in the head; `''` when it is not. It only says
 * in which line the body waits, and is believed for nothing else. Within a text of JSON the quotes of such a key are
 * escaped, so that no name of an object can stand in for it.
 */
export const peekNamespace = (bytes: Buffer): string => {
  const head = bytes.subarray(0, headBytes).toString('latin1');
  const at = head.indexOf(key);
  if (at < 0) return '';
  const start = at + key.length;
  const end = head.indexOf('"', start);
  return end < 0 || end - start > mostName ? '' : head.slice(start, end);
};
