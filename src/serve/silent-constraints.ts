import type { Telemetry } from './telemetry.ts';

/** Tells of violations without a message: each is counted, a constraint that has them is told once. */
export const createTellSilent = ({ log, metrics }: Telemetry, onNews: () => void = () => undefined) => {
  const told = new Set<string>();
  return {
    tell: (constraint: string, violations: number): void => {
      metrics.constraints.withoutMessage(violations);
      if (told.has(constraint)) return;
      told.add(constraint);
      log.warn('a violation without msg is no result, so this constraint refused nothing by it', {
        constraint,
      });
      onNews();
    },
    /** Templates and constraints changed. */
    reset: (): void => told.clear(),
  };
};
