/** How much one evaluation may still do. What has run out stays so, whatever an expression makes of the error. */
export interface StepBudget {
  /** @throws {StepsExhausted} when nothing is left */
  spend(): void;
  isExhausted(): boolean;
}

/** The interpreter has no other way to be stopped in the middle of an evaluation. */
export class StepsExhausted extends Error {}

export const createStepBudget = (steps: number): StepBudget => {
  let left = steps;
  return {
    spend: () => {
      left -= 1;
      if (left < 0) throw new StepsExhausted('too many steps');
    },
    isExhausted: () => left < 0,
  };
};
