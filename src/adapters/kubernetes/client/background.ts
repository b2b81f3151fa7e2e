import type { ApiProblem } from './problem.ts';
import { localProblem } from './problem.ts';

/**
 * For what nobody waits for: says a throw, a defect of ours, as a problem. Never throws itself, since an unhandled
 * rejection in a background loop would end the gate.
 */
export const tellThrown =
  (what: string, onProblem: ((problem: ApiProblem) => void) | undefined) =>
  (error: unknown): void => {
    try {
      onProblem?.(localProblem('BadAnswer', `${what} failed: ${String(error)}`));
    } catch {
      // Whoever would be told is what throws: nobody is left to tell.
    }
  };
