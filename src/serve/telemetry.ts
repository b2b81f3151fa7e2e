import { openLog } from '../adapters/log/log.ts';
import type { Log } from '../adapters/log/log.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { Config } from '../config/resolve.ts';
import { version } from '../config/version.ts';

/** What everybody may tell to an operator. */
export interface Watchers {
  readonly metrics: Metrics;
  readonly log: Log;
}

export const openTelemetry = (config: Config): Watchers => {
  const metrics = createMetrics(version);
  const log = openLog({
    level: config.logLevel.value,
    format: config.logFormat.value,
    onDrop: (bytes) => metrics.count('logDropped', {}, bytes),
  });
  return { metrics, log };
};
