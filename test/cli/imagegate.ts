import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll } from 'vitest';

/** The one place that starts the built command line: as its users do, as a process of its own, with a time bound. */
export const root = resolve(import.meta.dirname, '..', '..');
export const bin = join(root, 'bin', 'imagegate.mjs');
if (!existsSync(join(root, 'dist', 'main.mjs'))) {
  throw new Error(
    'dist/ is missing: these tests run the built command line; `npm test` builds it first, so does `npm run build`',
  );
}

/** Longest life of a command that should end by itself, in milliseconds. */
const bound = 150_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Started {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Rejects when the bound is over; the process is dead then. */
  readonly ended: Promise<Ended>;
}
export interface Options {
  readonly input?: string | Buffer;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Which Node, or which program, runs it. */
  readonly program?: string;
  readonly bound?: number;
}

const alive = new Set<ChildProcess>();
const folders: string[] = [];
afterAll(() => {
  for (const child of alive) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A temporary folder with these files; it goes when the test file ends. */
export const folderWith = (files: Readonly<Record<string, string | Buffer>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-cli-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
};

/** No setting of the machine that runs the tests may reach the command. */
const environment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('IMAGEGATE_'))),
  ...more,
});

export const startProgram = (program: string, args: readonly string[], options: Options = {}): Started => {
  const child = spawn(program, [...args], {
    stdio: 'pipe',
    cwd: options.cwd ?? root,
    env: environment(options.env ?? {}),
  });
  alive.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const limit = options.bound ?? bound;
  const ended = new Promise<Ended>((done, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${args.join(' ')} did not end within ${limit} ms:\n${stdout}\n${stderr}`));
    }, limit);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      alive.delete(child);
      done({ code, signal, stdout, stderr });
    });
  });
  ended.catch(() => undefined);
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
};

export const start = (args: readonly string[], options: Options = {}): Started =>
  startProgram(options.program ?? process.execPath, [bin, ...args], options);

/** Runs `imagegate ARGS` to its end. */
export const imagegate = (args: readonly string[], options: Options = {}): Promise<Ended> =>
  start(args, options).ended;

/** Repeats until the answer is there; otherwise fails with what it saw last. */
export const eventually = async <T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limit = 60_000,
): Promise<T> => {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${limit} ms`);
    await new Promise((again) => setTimeout(again, 30));
  }
};
