/**
 * Loaded into the server before it starts (`--import loop-monitor.ts?report=FILE`): how long its event loop was held at
 * a time. SIGUSR2 begins anew; the longest time is written when the process ends.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolution = 1;
const delays = monitorEventLoopDelay({ resolution });
delays.enable();
process.on('SIGUSR2', () => delays.reset());
process.once('SIGTERM', () => delays.disable());
process.once('exit', () => {
  const report = new URL(import.meta.url).searchParams.get('report') ?? '';
  const longest = delays.max / 1e6 - resolution;
  writeFileSync(report, JSON.stringify({ longest, p99: delays.percentile(99) / 1e6 - resolution }));
});
