import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const here = join(import.meta.dirname, '..');
/** What was built or unpacked once stays here. */
export const cache = join(here, '.cache');
export const bin = join(cache, 'bin');

/** @returns whether it ended well; its words are not shown. */
export const attempt = (command: string, args: readonly string[], cwd: string): boolean =>
  spawnSync(command, [...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] }).status === 0;

/** What a command says on stdout; empty when it fails. */
export const ask = (command: string, args: readonly string[]): string =>
  spawnSync(command, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).stdout ?? '';

/** @throws when it does not end well; its words go to stderr. */
export const run = (command: string, args: readonly string[], cwd = here): void => {
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
  const { status, error } = spawnSync(command, [...args], { cwd, env, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}`);
};

/** @param line - The one command that helps. */
export const missing = (what: string, line: string): never => {
  throw new Error(`The end-to-end tests need ${what}. Install it and start again: ${line}`);
};

export const say = (text: string): void => void process.stderr.write(`e2e: ${text}\n`);

export const runnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Looks past `node_modules`, where a script of the same name may lie. */
export const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.includes('node_modules'))
    .map((folder) => join(folder, name))
    .find(runnable);

export const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
