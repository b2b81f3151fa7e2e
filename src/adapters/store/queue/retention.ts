import type { Clock } from '../../../concurrency/clock.ts';
import type { RetentionPolicy, Store } from '../../../gate/store.ts';

export interface Retention {
  /** Whether a slice should be removed now. */
  due(monotonic: number): boolean;
  /** This many bytes were stored. */
  grew(bytes: number): void;
  /** Removes one slice. @returns how many that were. */
  prune(store: Pick<Store<never>, 'prune'>, clock: Clock): Promise<number>;
}

/** Age moves without us; and so that the file never outgrows its limit by much, also after a share of it. */
const everyMs = 60_000;
const againMs = 500;
const growthShare = 1 / 64;

/** Says when retention is due. It runs between batches, a slice at a time, until nothing is left to remove. */
export const createRetention = (policy: RetentionPolicy): Retention => {
  let nextAt = 0;
  let grown = 0;
  return {
    due: (monotonic) => monotonic >= nextAt || grown > policy.maxBytes * growthShare,
    grew: (bytes) => {
      grown += bytes;
    },
    prune: async (store, clock) => {
      // Before the call: a store that cannot prune is asked again later, not at once.
      nextAt = clock.monotonic() + againMs;
      grown = 0;
      const { removed, more } = await store.prune(policy, clock.now());
      nextAt = more ? 0 : clock.monotonic() + everyMs;
      return removed;
    },
  };
};
