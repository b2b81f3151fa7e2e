import type { ApiProblem } from './problem.ts';
import { localProblem } from './problem.ts';

/**
 * For background work: reports a throw, which is a defect, as a problem. Never throws itself, since an unhandled
 * rejection in a background loop would end the gate.
 */
export const tellThrown =
  (what: string, onProblem: ((problem: ApiProblem) => void) | undefined) =>
  (error: unknown): void => {
    try {
      onProblem?.(localProblem('BadAnswer', `${what} failed: ${String(error)}`));
    } catch {
      // The reporter itself throws, so nothing else can be done.
    }
  };
