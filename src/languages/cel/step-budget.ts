/** How much one evaluation may still do. What has stopped it stays so, whatever an expression makes of the error. */
export interface StepBudget {
  /** @throws {EvaluationStopped} when nothing is left */
  spend(steps?: number): void;
  /** Ends the evaluation at a value that is not known here as the language knows it. */
  stop(why: string): never;
  /** Why the evaluation says nothing; `undefined`: nothing has stopped it. */
  stopped(): string | undefined;
  used(): number;
}

/** The interpreter has no other way to be stopped in the middle of an evaluation. */
export class EvaluationStopped extends Error {}

export const createStepBudget = (steps: number): StepBudget => {
  let left = steps;
  let stopped: string | undefined;
  const stop = (why: string): never => {
    stopped ??= why;
    throw new EvaluationStopped(why);
  };
  return {
    spend: (count = 1) => {
      left -= count;
      if (left < 0) stop(`it takes more than ${steps} steps`);
    },
    stop,
    stopped: () => stopped,
    used: () => steps - left,
  };
};
