import { createFairSemaphore } from '../../../concurrency/fair-semaphore.ts';
import type { Deadline } from '../../../gate/deadline.ts';

/** Releases the lock; the next in the queue gets it after one iteration of the event loop. */
type Release = () => void;

interface LargeBodyLock {
  /**
   * Waits for the lock; `undefined` when the deadline came first.
   * @param namespace - of the body, see {@link peekNamespace}
   */
  acquire(namespace: string, deadline: Deadline): Promise<Release | undefined>;
}

/** Waiting bodies are bounded by their bytes in flight (R19): there are always fewer than this. */
const maxWaiting = 4096;

/**
 * One large body at a time, round robin over namespaces (R26): a tenant that sends bodies of 8 MiB one after the
 * other delays another namespace by one of them at most. Between two holders the event loop serves other requests:
 * two bodies of 8 MiB in a row must not keep small requests waiting for both.
 */
export const createLargeBodyLock = (): LargeBodyLock => {
  const semaphore = createFairSemaphore({ places: 1, waiting: maxWaiting });
  return {
    acquire: async (namespace, deadline) => {
      const lock = await semaphore.acquire(() => [namespace], deadline.signal());
      return lock.state === 'acquired' ? () => void setImmediate(lock.release) : undefined;
    },
  };
};

/** The API server writes the head of a review, its namespace in it, before the object. */
const maxPeekedBytes = 8 * 1024;
const key = '"namespace":"';
const maxNameLength = 63;

/**
 * The namespace of a body that was not parsed yet, if it is at the beginning; else `''`. It only chooses the queue of
 * the body. Within a JSON string the quotes of such a key are escaped, so no name of an object can imitate it.
 */
export const peekNamespace = (bytes: Buffer): string => {
  const head = bytes.subarray(0, maxPeekedBytes).toString('latin1');
  const at = head.indexOf(key);
  if (at < 0) return '';
  const start = at + key.length;
  const end = head.indexOf('"', start);
  return end < 0 || end - start > maxNameLength ? '' : head.slice(start, end);
};
