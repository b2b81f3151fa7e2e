import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '../core/result.ts';

/** A lock that the kernel holds for this process. */
export interface KernelLock {
  /** Gives it free. The kernel does so itself when the process ends, however it ends. */
  release(): void;
}

/** Keeps the locks alive: the garbage collector closes a database without references. */
const heldLocks = new Set<DatabaseSync>();

const busy = 5;

/**
 * Locks a file that is nothing but a lock; its folder is made when there is none.
 *
 * The lock is the kernel's: Node has no flock, but SQLite holds fcntl locks for an open `BEGIN EXCLUSIVE`, and
 * the kernel drops those with the process. A `kill -9` thus leaves nothing in the way, which a pid file cannot
 * promise: pids are used again, and within a container the gate has the same one at every start.
 * A file of its own, because fcntl locks also go when the process closes any other descriptor of the same
 * file: nothing but this function ever opens it. On a network file system it is as good as the server's locks.
 *
 * @returns `held`: somebody else has it; or the error of the system
 */
export const tryLock = (path: string): Result<KernelLock, 'held' | { readonly cause: unknown }> => {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    database = new DatabaseSync(path, { timeout: 0 });
    // Without a journal file the lock needs no room: a gate must start on a full disk too (R14).
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    return fail((error as { readonly errcode?: unknown }).errcode === busy ? 'held' : { cause: error });
  }
  const held = database;
  heldLocks.add(held);
  return ok({
    release: () => {
      if (heldLocks.delete(held)) held.close();
    },
  });
};
