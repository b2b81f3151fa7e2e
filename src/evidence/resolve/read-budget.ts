import { nobody } from '../single-flight/shared-requester.ts';
import type { Requester, ReadBudget, RegistryStage } from '../ports.ts';

/** A budget that reports the current step to its owner, so that a passed deadline can name the step. */
export interface Reading extends ReadBudget {
  readonly requester: Requester;
  waitsIn(stage: RegistryStage): void;
}

/**
 * The bytes that one review may read. After a request for too much nothing more is granted, so that the limit holds.
 */
export const createReadBudget = (
  signal: AbortSignal,
  bytes: number,
  requester: Requester = nobody,
): Reading => {
  let left = bytes;
  return {
    signal,
    requester,
    take: (wanted) => {
      left -= wanted;
      return left >= 0;
    },
    waitsIn: () => {},
  };
};
