import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fail, messageOf, ok, type Result } from '../../../core/result.ts';
import { tryLock, type KernelLock } from '../../../files/kernel-lock.ts';

/** `held`: another `serve` uses it. `unusable`: the directory cannot be written. */
interface DataLockRefusal {
  readonly kind: 'held' | 'unusable';
  readonly message: string;
}

const lockFile = (dataDir: string): string => join(dataDir, 'serve.lock');
/** Names the holder of the lock for people. It is no lock itself, so a stale file does no harm. */
const holderFile = (dataDir: string): string => join(dataDir, 'serve.pid');

/** Locks `--data` for one `serve` (R18). */
export const lockData = (dataDir: string): Result<KernelLock, DataLockRefusal> => {
  const lock = tryLock(lockFile(dataDir));
  if (!lock.ok) return fail(refusalOf(lock.error, dataDir));
  sayWhoHolds(dataDir);
  let isHeld = true;
  return ok({
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      rmSync(holderFile(dataDir), { force: true });
      lock.value.release();
    },
  });
};

const refusalOf = (refusal: 'held' | { readonly cause: unknown }, dataDir: string): DataLockRefusal => {
  if (refusal === 'held') {
    return { kind: 'held', message: `${dataDir} is locked by ${holderOf(dataDir)}` };
  }
  return { kind: 'unusable', message: `${dataDir} cannot be used: ${messageOf(refusal.cause)}` };
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
