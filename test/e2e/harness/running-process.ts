import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that this run started; nothing else is ever ended. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  alive(): boolean;
  /** Everything that it has written so far, stdout and stderr in one unless `stdoutLog` was given. */
  output(): string;
  /** Asks with `signal`, and after `bound` ms without an end kills. */
  stop(signal?: NodeJS.Signals, bound?: number): Promise<Exit>;
  kill(): Promise<Exit>;
}
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly log: string;
  /** A file for stdout alone. */
  readonly stdoutLog?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const alive = new Set<number>();
let guarded = false;

/** Ends what still runs when this process ends: normally, by Ctrl-C or by SIGTERM. */
const guardAgainstOrphans = (): void => {
  if (guarded) return;
  guarded = true;
  process.on('exit', () => {
    for (const pid of alive) killQuietly(pid, 'SIGKILL');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
};

const killQuietly = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, which is what was wanted.
  }
};

export const launch = (what: Launch): RunningProcess => {
  guardAgainstOrphans();
  const log = openSync(what.log, 'a');
  const out = openSync(what.stdoutLog ?? what.log, 'a');
  const child = spawn(what.command, [...what.args], {
    stdio: ['ignore', out, log],
    env: { ...process.env, ...what.env },
  });
  closeSync(log);
  closeSync(out);
  const pid = child.pid;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (pid !== undefined) alive.delete(pid);
      resolve({ code, signal });
    });
  });
  exited.catch(() => undefined);
  if (pid === undefined) throw new Error(`${what.name}: ${what.command} could not be started`);
  alive.add(pid);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM', bound = 15_000): Promise<Exit> => {
    if (alive.has(pid)) killQuietly(pid, signal);
    const late = new AbortController();
    const killer = sleep(bound, undefined, { signal: late.signal, ref: false }).then(
      () => killQuietly(pid, 'SIGKILL'),
      () => undefined,
    );
    const end = await exited;
    late.abort();
    await killer;
    return end;
  };
  return {
    name: what.name,
    pid,
    exited,
    alive: () => alive.has(pid),
    output: () => readFileSync(what.log, 'utf8'),
    stop,
    kill: () => stop('SIGKILL'),
  };
};

/** Waits until `probe` says so; otherwise kills it and fails with the last lines written. */
export const untilReady = async (
  process: RunningProcess,
  probe: () => Promise<boolean>,
  bound = 60_000,
): Promise<void> => {
  const end = Date.now() + bound;
  while (!(await probe().catch(() => false))) {
    if (process.alive() && Date.now() <= end) {
      await sleep(50);
      continue;
    }
    const what = process.alive() ? `was not ready within ${bound} ms` : 'ended before it was ready';
    await process.kill();
    throw new Error(`${process.name} ${what}:\n${process.output().split('\n').slice(-25).join('\n')}`);
  }
};
