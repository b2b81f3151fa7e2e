import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { fail, messageOf, ok, type Result } from '../../../core/result.ts';

interface DataLock {
  /** Gives `--data` free. The kernel does so itself when the process ends, however it ends. */
  release(): void;
}

/** `held`: another `serve` uses it. `unusable`: the directory cannot be written. */
interface DataLockRefusal {
  readonly kind: 'held' | 'unusable';
  readonly message: string;
}

const lockFile = (dataDir: string): string => join(dataDir, 'serve.lock');
/** Names the holder of the lock for people. It is no lock itself, so a stale file does no harm. */
const holderFile = (dataDir: string): string => join(dataDir, 'serve.pid');

/** Keeps the locks alive: the garbage collector closes a database without references. */
const heldLocks = new Set<DatabaseSync>();

/**
 * Locks `--data` for one `serve` (R18).
 *
 * The lock is the kernel's: Node has no flock, but SQLite holds fcntl locks for an open `BEGIN EXCLUSIVE`, and
 * the kernel drops those with the process. A `kill -9` thus leaves nothing in the way, which a pid file cannot
 * promise: pids are used again, and within a container the gate has the same one at every start.
 * A file of its own, because fcntl locks also go when the process closes any other descriptor of the same
 * file: nothing but this function ever opens it. On a network file system it is as good as the server's locks.
 */
export const lockData = (dataDir: string): Result<DataLock, DataLockRefusal> => {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(lockFile(dataDir), { timeout: 0 });
    // Without a journal file the lock needs no room: a gate must start on a full disk too (R14).
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    return fail(refusalOf(error, dataDir));
  }
  sayWhoHolds(dataDir);
  const held = database;
  heldLocks.add(held);
  return ok({
    release: () => {
      if (!heldLocks.delete(held)) return;
      rmSync(holderFile(dataDir), { force: true });
      held.close();
    },
  });
};

const busy = 5;

const refusalOf = (error: unknown, dataDir: string): DataLockRefusal => {
  if ((error as { readonly errcode?: unknown }).errcode === busy) {
    return { kind: 'held', message: `${dataDir} is locked by ${holderOf(dataDir)}` };
  }
  return { kind: 'unusable', message: `${dataDir} cannot be used: ${messageOf(error)}` };
};

const sayWhoHolds = (dataDir: string): void => {
  try {
    writeFileSync(holderFile(dataDir), `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // Not known then. A full disk is no reason not to start.
    rmSync(holderFile(dataDir), { force: true });
  }
};

const holderOf = (dataDir: string): string => {
  try {
    const pid = readFileSync(holderFile(dataDir), 'utf8').trim();
    return /^\d+$/.test(pid) ? `pid ${pid}` : 'another process';
  } catch {
    return 'another process';
  }
};
