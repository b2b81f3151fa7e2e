import { nobody } from '../singleflight/shared-asker.ts';
import type { Asker, ReadBudget, RegistryStage } from '../ports.ts';

/** A budget that reports the current step to its owner, so that a passed deadline can name the step. */
export interface Reading extends ReadBudget {
  readonly asker: Asker;
  waitsIn(stage: RegistryStage): void;
}

/**
 * The bytes that one review may read. After a request for too much nothing more is granted, so that the limit holds.
 */
export const createReadBudget = (signal: AbortSignal, bytes: number, asker: Asker = nobody): Reading => {
  let left = bytes;
  return {
    signal,
    asker,
    take: (wanted) => {
      left -= wanted;
      return left >= 0;
    },
    waitsIn: () => {},
  };
};
