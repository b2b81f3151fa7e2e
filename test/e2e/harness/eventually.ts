import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly within: number;
  readonly every?: number;
}

/** Asks again until `probe` has an answer (anything but undefined or false); fails with what was waited for. */
export const eventually = async <T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  { within, every = 100 }: Patience,
): Promise<T> => {
  const end = Date.now() + within;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) throw new Error(`${what}: not within ${within} ms`, { cause: last });
    await sleep(every);
  }
};
