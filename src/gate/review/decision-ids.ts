import type { Clock } from '../../concurrency/clock.ts';
import type { DecisionIds } from '../ports.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

const encode = (value: number, length: number): string => {
  let text = '';
  let rest = value;
  for (let at = 0; at < length; at++) {
    text = (alphabet[rest % 32] ?? '0') + text;
    rest = Math.floor(rest / 32);
  }
  return text;
};

/** Text that is safe in an id, a file name and a URL. */
const cleanReplica = (replica: string): string =>
  replica
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .slice(0, 63) || 'imagegate';

/**
 * Ids as `<replica>-<10 characters of time><4 of a counter><3 of the process>` in base 32 (R18). They grow
 * with time, also when the clock steps back, so that the store appends; two processes of one replica differ.
 * @param salt 0 … 32767, random for each process
 */
export const createDecisionIds = (replica: string, clock: Clock, salt: number): DecisionIds => {
  const prefix = `${cleanReplica(replica)}-`;
  const suffix = encode(salt, 3);
  let last = 0;
  let counter = 0;
  let head = '';
  return {
    next: () => {
      const now = clock.now();
      if (now > last || counter >= 32 ** 4 - 1) {
        last = Math.max(now, last + 1);
        counter = 0;
        head = prefix + encode(last, 10);
      } else {
        counter++;
      }
      return head + encode(counter, 4) + suffix;
    },
  };
};
