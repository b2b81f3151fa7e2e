import { setTimeout as delay } from 'node:timers/promises';
import type { PolicyFileProblem } from '../../core/policy/load/document.ts';
import type { ImagePolicy } from '../../core/policy/schema/schema.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { watchDirectories } from './directory-watch.ts';
import { readPolicySet, type PolicyFileSet, type SetReading } from './read-set.ts';
import { scanPaths, type Scan } from './scan.ts';

export interface LoadedPolicies<T> extends PolicyFileSet {
  /** The result of `build` for the set. */
  readonly value: T;
}

interface PolicyFilesOptions<T> extends SetReading {
  /** Files and directories; all of it together is one unit (R8). */
  readonly paths: readonly string[];
  readonly build: (policies: readonly ImagePolicy[], version: string) => T;
  /**
   * Called when a new set is complete and in force, and when the files are again as they were before a problem. Not
   * called for `load`.
   */
  readonly onChange: (loaded: LoadedPolicies<T>) => void;
  /** Called once for each change of the files that could not be loaded. The last good set stays. */
  readonly onProblem: (problems: readonly PolicyFileProblem[]) => void;
  /** Milliseconds between checks of the files, for file systems without events. */
  readonly pollMs?: number;
}

export interface PolicyFiles<T> {
  /** Reads everything now. Broken or empty files are problems; nothing is taken from half a set. */
  load(): Promise<Result<LoadedPolicies<T>, readonly PolicyFileProblem[]>>;
  /** Follows the files from the last `load` on. */
  watch(): void;
  /** Ends the watch; no callback comes after it. */
  close(): Promise<void>;
}

const defaultPollMs = 400;
/** How long files must stay unchanged before they are read, in milliseconds: an editor writes more than once. */
const settleMs = 100;
/** How often files that keep changing are checked before the next poll takes over. */
const maxReads = 20;

type Problems = readonly PolicyFileProblem[];

interface StableRead {
  readonly scan: Scan;
  readonly set: Result<PolicyFileSet, Problems>;
}

/** Scans until nothing changes any more, then reads; `undefined` when the files kept changing. */
const readWhenStill = async (
  { paths, ...reading }: SetReading & Pick<PolicyFilesOptions<never>, 'paths'>,
  pause: number,
): Promise<StableRead | undefined> => {
  let before = await scanPaths(paths);
  for (let look = 0; look < maxReads; look++) {
    if (pause > 0) await delay(pause, undefined, { ref: false });
    let now = await scanPaths(paths);
    if (now.fingerprint === before.fingerprint) {
      const set = await readPolicySet(now, paths, reading);
      before = now;
      now = await scanPaths(paths);
      // A file that was written while it was read may be neither the old nor the new text.
      if (now.fingerprint === before.fingerprint) return { scan: now, set };
    }
    before = now;
  }
  return undefined;
};

/** The set in force. Neither a broken set nor a part of a set takes its place (R8). */
const createHolder = <T>({ paths, build, onChange, onProblem }: PolicyFilesOptions<T>) => {
  let version: string | undefined;
  let isBroken = false;

  const put = (set: Result<PolicyFileSet, Problems>): Result<LoadedPolicies<T>, Problems> => {
    isBroken = true;
    if (!set.ok) return set;
    try {
      const value = build(set.value.policies, set.value.version);
      version = set.value.version;
      isBroken = false;
      return ok({ ...set.value, value });
    } catch (error) {
      return fail([{ file: paths.join(', '), message: `cannot be compiled: ${messageOf(error)}` }]);
    }
  };
  const replace = (set: Result<PolicyFileSet, Problems>): void => {
    if (set.ok && set.value.version === version && !isBroken) return;
    const loaded = put(set);
    if (loaded.ok) onChange(loaded.value);
    else onProblem(loaded.error);
  };
  return { put, replace };
};

/** Policies from files and directories, reloaded on change as one unit (R8). */
export const createPolicyFiles = <T>(options: PolicyFilesOptions<T>): PolicyFiles<T> => {
  const { paths, pollMs = defaultPollMs } = options;
  const holder = createHolder(options);
  let seen: string | undefined;
  let isClosed = false;
  let isHinted = false;
  let running: Promise<void> | undefined;
  let poll: NodeJS.Timeout | undefined;

  const reload = async (): Promise<void> => {
    const scan = await scanPaths(paths);
    if (isClosed) return;
    directories.follow(scan.directories);
    // A hint counts even when nothing seems to have changed: time stamps are coarse.
    if (!isHinted && scan.fingerprint === seen) return;
    isHinted = false;
    const read = await readWhenStill(options, settleMs);
    if (read === undefined || isClosed) return;
    const isNew = read.scan.fingerprint !== seen;
    seen = read.scan.fingerprint;
    directories.follow(read.scan.directories);
    if (read.set.ok || isNew) holder.replace(read.set);
  };
  const look = (): void => {
    if (isClosed || running !== undefined) return;
    running = reload().finally(() => {
      running = undefined;
      if (isHinted) look();
    });
  };
  const directories = watchDirectories(() => {
    isHinted = true;
    look();
  });

  return {
    load: async () => {
      const read = await readWhenStill(options, 0);
      seen = read?.scan.fingerprint;
      const why = 'keeps changing while it is read';
      return holder.put(read?.set ?? fail([{ file: paths.join(', '), message: why }]));
    },
    watch: () => {
      if (isClosed || poll !== undefined) return;
      poll = setInterval(look, pollMs);
      poll.unref();
      look();
    },
    close: async () => {
      isClosed = true;
      clearInterval(poll);
      directories.close();
      await running;
    },
  };
};
