import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { LoadPlan, LoadResult } from './load.ts';

const hasTaskset = ((): boolean => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Runs on one core of its own where the machine has `taskset`, so that server and load do not share one. */
export const pinned = (core: number, args: readonly string[]): [string, string[]] =>
  pinnedProgram(core, process.execPath, args);

/** As {@link pinned}, for a program of others. */
export const pinnedProgram = (core: number, program: string, args: readonly string[]): [string, string[]] =>
  hasTaskset ? ['taskset', ['-c', String(core), program, ...args]] : [program, [...args]];

export interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  /** Milliseconds from spawn to the ready line. */
  readonly startup: number;
  readonly ready: string;
  readonly rss: () => number;
  stop(): Promise<void>;
}

/** Memory of a process, in MiB. */
export const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** Looks every few milliseconds while the work goes on. @returns the most memory of the process, in MiB, too */
export const peakDuring = async <T>(
  rss: () => number,
  work: () => Promise<T>,
): Promise<{ readonly peak: number; readonly value: T }> => {
  let peak = rss();
  const watch = setInterval(() => {
    peak = Math.max(peak, rss());
  }, 50);
  try {
    const value = await work();
    return { peak: Math.max(peak, rss()), value };
  } finally {
    clearInterval(watch);
  }
};

/** Milliseconds that the main thread of a process has run, whatever else the machine does. */
export const mainThreadTime = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

export const startServer = async (args: readonly string[]): Promise<Server> => {
  const begun = performance.now();
  const [command, all] = pinned(0, args);
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`${args.join(' ')} ended with ${String(code)} before it was ready`);
    }),
  ])) as [string];
  const startup = performance.now() - begun;
  child.stdout.resume();
  const port = Number(new URL(line.split(' ')[1] ?? '').port);
  return {
    child,
    port,
    startup,
    ready: line,
    rss: () => residentOf(child.pid ?? 0),
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
};

export const load = async (plan: LoadPlan): Promise<LoadResult> => {
  const [command, args] = pinned(1, [new URL('load.ts', import.meta.url).pathname, JSON.stringify(plan)]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  return JSON.parse(text) as LoadResult;
};

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
  readonly budget?: string;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** One JSON object a line: name, value, unit, reference, ratio. */
export const print = (figure: Figure): void => {
  const { reference, ratio } = figure;
  process.stdout.write(
    `${JSON.stringify({
      ...figure,
      value: rounded(figure.value),
      ...(reference === undefined ? {} : { reference: { ...reference, value: rounded(reference.value) } }),
      ...(ratio === undefined ? {} : { ratio: rounded(ratio) }),
    })}\n`,
  );
};
