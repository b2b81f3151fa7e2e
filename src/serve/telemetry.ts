import { openLog, type Log } from '../adapters/log/log.ts';
import { createMetrics, type Metrics } from '../adapters/metrics/metrics.ts';
import type { Config } from '../config/resolved.ts';
import { version } from '../config/version.ts';

/** Log and metrics, with which every part reports to an operator. */
export interface Telemetry {
  readonly metrics: Metrics;
  readonly log: Log;
}

export const openTelemetry = (config: Config): Telemetry => {
  const metrics = createMetrics(version);
  const log = openLog({
    level: config.logLevel.value,
    format: config.logFormat.value,
    onDrop: (bytes) => metrics.count('logDropped', {}, bytes),
  });
  return { metrics, log };
};

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
