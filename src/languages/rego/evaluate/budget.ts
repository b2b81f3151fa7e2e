import { maxWalked } from '../values/walk-bound.ts';
import { EvaluationFault } from './fault.ts';

export const maxSteps = 2_000_000;
export const maxTextLength = 1024 * 1024;
export const maxBytes = 16 * 1024 * 1024;

/** What an evaluation may do at most. */
export interface EvaluationBounds {
  readonly steps: number;
  readonly bytes: number;
  /** Parts of values that are gone through to compare or to write them. */
  readonly walked: number;
}
export const wholeBounds: EvaluationBounds = { steps: maxSteps, bytes: maxBytes, walked: maxWalked };

/** What one evaluation may still do, in steps and bytes: never in time, so that all replicas agree. */
export class EvaluationBudget {
  readonly bounds: EvaluationBounds;
  #steps: number;
  #bytes: number;
  #isSpent = false;

  constructor(bounds: Partial<EvaluationBounds> = {}) {
    this.bounds = { ...wholeBounds, ...bounds };
    this.#steps = this.bounds.steps;
    this.#bytes = this.bounds.bytes;
  }

  get used(): number {
    return this.bounds.steps - this.#steps;
  }

  /** Whether more was asked for than there was. What came of the evaluation then depends on the bounds. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Says so of what others count. */
  end(): void {
    this.#isSpent = true;
  }

  /** @throws {EvaluationFault} when nothing is left */
  spend(steps = 1): void {
    this.#steps -= steps;
    if (this.#steps >= 0) return;
    this.end();
    throw new EvaluationFault('budget_exceeded', `evaluation took more than ${this.bounds.steps} steps`);
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
    if (this.#bytes >= 0) return;
    this.end();
    throw new EvaluationFault('budget_exceeded', `evaluation made more than ${this.bounds.bytes} bytes`);
  }
}
