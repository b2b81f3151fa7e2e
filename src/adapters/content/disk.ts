import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDigestOf } from '../../evidence/content-digest.ts';
import { sleep } from '../../concurrency/abort.ts';
import { createLruCache, type LruCache } from '../../concurrency/cache/lru-cache.ts';
import { messageOf } from '../../core/result.ts';
import { fileErrorCode } from '../../files/file-problem.ts';
import { makeFolder, readFileBytes, writeFileBytes } from './files.ts';
import type { ContentName } from './name.ts';
import { scanContent } from './scan.ts';

interface DiskLimits {
  readonly bytes: number;
  readonly files: number;
  readonly fileBytes: number;
  /** Bytes that wait to be written; past it content is not written, which costs a request later. */
  readonly waitingBytes: number;
}

/**
 * Content in files. Nothing here fails: a file that cannot be read is a miss, content that cannot be written is left
 * out.
 */
export interface Disk {
  /** Resolves when the files that are there have been counted. */
  readonly opened: Promise<void>;
  read(name: ContentName): Promise<Uint8Array | undefined>;
  /** Returns at once; the file appears later, or never. */
  write(name: ContentName, bytes: Uint8Array): void;
  /** Resolves when what waits has been written. */
  close(): Promise<void>;
}

interface Waiting {
  readonly name: ContentName;
  readonly bytes: Uint8Array;
}

const pathOf = ({ folder, file }: ContentName): string => `${folder}/${file}`;

/** Writes one file after the other, and no answer waits for it. `wrote` is called with the success. */
const createWriter = (
  root: string,
  limits: DiskLimits,
  files: LruCache<true>,
  wrote: (error?: unknown) => void,
) => {
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  const writeOne = async ({ name, bytes }: Waiting): Promise<void> => {
    const path = pathOf(name);
    if (files.has(path)) return;
    try {
      await makeFolder(root, name.folder);
      await writeFileBytes(join(root, path), bytes);
      files.set(path, true, bytes.length);
      wrote();
    } catch (error) {
      wrote(error);
    }
  };
  return {
    /** @returns whether nothing else was waiting, so that the caller has to start the writer */
    add: (item: Waiting): boolean => {
      const { length } = item.bytes;
      if (length > limits.fileBytes || waitingBytes + length > limits.waitingBytes) return false;
      waitingBytes += length;
      return waiting.push(item) === 1;
    },
    writeAll: async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await writeOne(next);
        waitingBytes -= next.bytes.length;
      }
    },
  };
};

/** How many files are removed at one time: each uses one of the few threads for files. */
const removalsAtOnce = 2;
/** How many files are still removed, and how many are still checked, when the process ends. */
const removedAtEnd = 500;
const lookedAtEnd = 1000;

/**
 * Removes files a few at a time: a directory of 100,000 files that have to go would otherwise hold up the event loop for
 * seconds, and half a gigabyte of memory.
 */
const createRemover = (root: string, failed: (error: unknown) => void) => {
  const waiting = new Set<string>();
  const running = new Set<Promise<unknown>>();
  const removeOne = async (path: string): Promise<void> => {
    try {
      await rm(join(root, path), { force: true, recursive: true });
    } catch (error) {
      failed(error);
    }
  };
  let active = 0;
  const work = async (): Promise<void> => {
    active++;
    // One pass over all of them: files that are added meanwhile come last.
    for (const path of waiting) {
      waiting.delete(path);
      await removeOne(path);
    }
    active--;
  };
  return {
    remove: (path: string): void => {
      waiting.add(path);
      if (active >= removalsAtOnce) return;
      const worker: Promise<unknown> = work().finally(() => running.delete(worker));
      running.add(worker);
    },
    /** It is written anew. */
    spare: (path: string): void => void waiting.delete(path),
    /** Many that are still to be removed stay for the next start: the end must not wait for them. */
    close: async (): Promise<void> => {
      if (waiting.size > removedAtEnd) waiting.clear();
      while (running.size > 0) await Promise.all(running);
    },
  };
};

/** Milliseconds before content is written: a rollout of many new images leaves no time of a core for files. */
const pause = 2_000;

/** `onProblem` is called once when files stop working, not for every file. */
export const createDisk = (root: string, limits: DiskLimits, onProblem: (problem: string) => void): Disk => {
  let complained = false;
  let scanned = false;
  const closing = new AbortController();
  const isClosed = (): boolean => closing.signal.aborted;
  const note = (error?: unknown): void => {
    if (error !== undefined && !complained) {
      onProblem(`the content cache in ${root} cannot be used: ${messageOf(error)}`);
    }
    complained = error !== undefined;
  };
  const remover = createRemover(root, note);
  const { remove } = remover;
  const files = createLruCache<true>({ entries: limits.files, weight: limits.bytes }, remove);
  const writer = createWriter(root, limits, files, note);

  const scan = async (): Promise<void> => {
    try {
      await mkdir(root, { recursive: true, mode: 0o700 });
      let late = 0;
      const isOver = (): boolean => isClosed() && ++late > lookedAtEnd;
      const found = await scanContent(root, limits.files, isOver);
      for (const { path, bytes } of found) files.set(path, true, bytes);
    } catch (error) {
      note(error);
    }
    scanned = true;
  };
  const opened = scan();
  let work = opened;
  return {
    opened,
    read: async (name) => {
      const path = pathOf(name);
      if (scanned && !files.has(path)) return undefined;
      try {
        const bytes = await readFileBytes(join(root, path), limits.fileBytes);
        if (bytes !== undefined && isDigestOf(bytes, name.digest)) {
          files.get(path);
          return bytes;
        }
        remove(path);
      } catch (error) {
        // A link or a directory: it is not what the gate wrote.
        if (fileErrorCode(error) !== 'ENOENT') remove(path);
      }
      files.delete(path);
      return undefined;
    },
    write: (name, bytes) => {
      if (isClosed() || files.has(pathOf(name))) return;
      remover.spare(pathOf(name));
      if (writer.add({ name, bytes }))
        work = work.then(() => sleep(pause, closing.signal, false)).then(writer.writeAll);
    },
    close: async () => {
      closing.abort();
      await work;
      await remover.close();
    },
  };
};
