import { createMetrics } from '../../src/adapters/metrics/metrics.ts';
import type { Telemetry } from '../../src/serve/telemetry.ts';

/** Telemetry whose log keeps its messages, whatever their level. */
export const fakeTelemetry = (): { readonly telemetry: Telemetry; readonly messages: string[] } => {
  const messages: string[] = [];
  const keep = (message: string): void => void messages.push(message);
  const log = {
    debug: keep,
    info: keep,
    warn: keep,
    error: keep,
    decision: () => {},
    flush: () => Promise.resolve(),
  };
  return { telemetry: { log, metrics: createMetrics('test') }, messages };
};
