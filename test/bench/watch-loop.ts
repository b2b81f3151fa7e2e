import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlan } from './bench-plan.ts';
import type { LoopReport } from './loop-monitor.ts';
import type { Server } from './processes.ts';

/** A server that watches its own event loop. */
interface LoopWatch {
  /** For the Node of the server. */
  readonly node: readonly string[];
  /** What was before does not count. */
  begin(server: Pick<Server, 'child'>): void;
  /** Written when the server stops. */
  report(): Promise<LoopReport>;
}

export const watchLoop = async ({ work }: BenchPlan): Promise<LoopWatch> => {
  const file = join(await mkdtemp(join(work, 'loop-')), 'report.json');
  const monitor = new URL('loop-monitor.ts', import.meta.url);
  monitor.searchParams.set('report', file);
  return {
    node: ['--import', monitor.href],
    begin: ({ child }) => void child.kill('SIGUSR2'),
    report: async () => JSON.parse(await readFile(file, 'utf8')) as LoopReport,
  };
};
