import { nobody } from '../single-flight/shared-requester.ts';
import type { Requester, ReadBudget, RegistryStage } from '../ports.ts';

/** A budget that also notes the current step. The failure at a passed deadline names that step. */
export interface Reading extends ReadBudget {
  readonly requester: Requester;
  waitsIn(stage: RegistryStage): void;
}

/** The bytes that one review may read. After the first request beyond the limit every further request is refused. */
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
