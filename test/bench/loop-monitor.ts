/**
 * Loaded into the server before it starts (`--import loop-monitor.ts?report=FILE`): how long its event loop was held at
 * a time, by the clock and by the CPU time of its thread. On a machine that does other work too, the clock also counts
 * what that took. SIGUSR2 begins anew; the longest times are written when the process ends.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** What the loop-monitor writes, in milliseconds. */
export interface LoopReport {
  readonly longest: number;
  /** Of the delays, in 99 of 100 cases at most. */
  readonly p99: number;
  readonly longestCpu: number;
  /** Of the garbage collector. */
  readonly longestPause: number;
}

const resolution = 1;
const delays = monitorEventLoopDelay({ resolution });
delays.enable();

const cpuTime = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let before = cpuTime();
let longestCpu = 0;
const timer = setInterval(() => {
  const now = cpuTime();
  longestCpu = Math.max(longestCpu, now - before);
  before = now;
}, resolution);
timer.unref();

let longestPause = 0;
const pauses = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestPause = Math.max(longestPause, duration);
});
pauses.observe({ entryTypes: ['gc'] });

process.on('SIGUSR2', () => {
  delays.reset();
  longestCpu = 0;
  longestPause = 0;
});
process.once('SIGTERM', () => {
  delays.disable();
  clearInterval(timer);
});
process.once('exit', () => {
  const file = new URL(import.meta.url).searchParams.get('report') ?? '';
  const beyond = (nanoseconds: number): number => nanoseconds / 1e6 - resolution;
  const report: LoopReport = {
    longest: beyond(delays.max),
    p99: beyond(delays.percentile(99)),
    longestCpu,
    longestPause,
  };
  writeFileSync(file, JSON.stringify(report));
});
