import type { PinnedImage } from '../../core/image/pinned-image.ts';
import { isDigestOf } from '../../evidence/content-digest.ts';
import type { ContentStore } from '../../evidence/ports.ts';
import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import { createDisk, type Disk } from './disk.ts';
import { contentName } from './name.ts';

export interface ContentStoreOptions {
  /** Absent: in memory only. A missing directory is made; it must hold nothing else. */
  readonly directory?: string;
  readonly maxMemoryBytes: number;
  readonly maxDiskBytes: number;
  /** On disk, by default 100,000. */
  readonly maxFiles?: number;
  /** Larger content is kept in memory only; by default 8 MiB. */
  readonly maxFileBytes?: number;
  /** Bytes that may wait to be written, by default 16 MiB. */
  readonly maxWaitingBytes?: number;
  /** Called once when the directory stops working. The store goes on in memory. */
  readonly onProblem?: (problem: string) => void;
}

export interface OpenContentStore extends ContentStore {
  /** Resolves when what an earlier process left has been counted; the store answers before that as well. */
  readonly opened: Promise<void>;
  /** Resolves when what waits has been written. */
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
/** Key, slots and the array's own header. */
const entryBytes = 512;
/** However small each of it is. */
const maxEntries = 100_000;

/** A view must not keep a larger buffer alive, nor change with it. */
const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

const openDisk = (options: ContentStoreOptions): Disk | undefined => {
  if (options.directory === undefined || options.maxDiskBytes <= 0) return undefined;
  const limits = {
    bytes: options.maxDiskBytes,
    files: options.maxFiles ?? 100_000,
    fileBytes: options.maxFileBytes ?? 8 * mebibyte,
    waitingBytes: options.maxWaitingBytes ?? 16 * mebibyte,
  };
  return createDisk(options.directory, limits, options.onProblem ?? (() => {}));
};

const keyOf = ({ host, repository, digest }: PinnedImage): string => `${digest} ${host}/${repository}`;

/**
 * Manifests and configs by digest and by the repository that delivered them: the last used ones in memory, more on
 * disk. It returns nothing that does not hash to its digest: a file that was altered is a miss and is removed.
 */
export const createContentStore = (options: ContentStoreOptions): OpenContentStore => {
  const memory = createLruCache<Uint8Array>({ entries: maxEntries, weight: options.maxMemoryBytes });
  const disk = openDisk(options);
  const keep = (key: string, bytes: Uint8Array): void => memory.set(key, bytes, bytes.length + entryBytes);
  return {
    get: async (image) => {
      const key = keyOf(image);
      const held = memory.get(key);
      if (held !== undefined || disk === undefined) return held;
      const name = contentName(image);
      const bytes = name === undefined ? undefined : await disk.read(name);
      if (bytes !== undefined) keep(key, bytes);
      return bytes;
    },
    put: (image, bytes) => {
      const name = contentName(image);
      if (name === undefined || !isDigestOf(bytes, name.digest)) return;
      const own = ownBytes(bytes);
      keep(keyOf(image), own);
      disk?.write(name, own);
    },
    opened: disk?.opened ?? Promise.resolve(),
    close: async () => disk?.close(),
  };
};
