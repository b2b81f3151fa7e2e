import { nobody } from '../singleflight/shared-asker.ts';
import type { Asker, ReadBudget, RegistryStage } from '../ports.ts';

/** A budget whose owner learns what is being waited for, so that a passed deadline can name it. */
export interface Reading extends ReadBudget {
  readonly asker: Asker;
  waitsIn(stage: RegistryStage): void;
}

/** What one review may read. Who has asked for too much gets no more, so that the sum holds whatever comes next. */
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
