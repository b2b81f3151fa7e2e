import { EvaluationFault } from './fault.ts';

export const maxSteps = 2_000_000;
export const maxTextLength = 1024 * 1024;
export const maxBytes = 16 * 1024 * 1024;

/** What one evaluation may still do, in steps and bytes: never in time, so that all replicas agree. */
export class EvaluationBudget {
  #steps: number;
  #bytes = maxBytes;
  readonly #given: number;

  constructor(steps = maxSteps) {
    this.#steps = steps;
    this.#given = steps;
  }

  get used(): number {
    return this.#given - this.#steps;
  }

  /** @throws {EvaluationFault} when nothing is left */
  spend(steps = 1): void {
    this.#steps -= steps;
    if (this.#steps < 0)
      throw new EvaluationFault('budget_exceeded', `evaluation took more than ${this.#given} steps`);
  }

  /** @throws {EvaluationFault} for a text or a whole that is too large */
  allocate(bytes: number): void {
    if (bytes > maxTextLength)
      throw new EvaluationFault('budget_exceeded', `a value is over ${maxTextLength} bytes`);
    this.write(bytes);
  }

  /**
   * Counts what is written to compare values, which may be as large as the object of a review.
   * @throws {EvaluationFault} for a whole that is too large
   */
  write(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0)
      throw new EvaluationFault('budget_exceeded', `evaluation made more than ${maxBytes} bytes`);
  }
}
