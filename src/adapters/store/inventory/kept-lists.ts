import { untilAborted } from '../../../concurrency/abort.ts';
import type { Clock } from '../../../concurrency/clock.ts';
import { createLruCache } from '../../../concurrency/cache/lru-cache.ts';
import { absent, known, unavailable, type Fact } from '../../../core/facts/fact.ts';
import type { Digest } from '../../../core/image/digest.ts';
import type { Package } from '../../../core/vulnerability/package.ts';
import type { PackageList } from '../../../core/vulnerability/package-list.ts';
import type { PackageLists } from '../../../evidence/ports.ts';
import type { Inventory, InventoryEntry } from '../../../gate/inventory.ts';
import { StoreFault } from '../../../gate/store.ts';
import { createStoreWriter, type StoreWriter } from '../queue/store-writer.ts';
import type { WriterForm, WriterOptions } from '../queue/writer-options.ts';

/** An entry with its size, which is counted once. */
interface QueuedEntry extends InventoryEntry {
  readonly bytes: number;
}

const hour = 3_600_000;
/** Of images: that one was used is written down once in this time. */
const useTime = hour;
const maxUses = 10_000;
/** Lists that are asked for at once. A disk that hangs would hold all that come after them. */
const maxReads = 64;
/** A list beyond these is not kept: the thread of the store holds one whole. */
const maxPackages = 50_000;
const maxListBytes = 16 * 1024 * 1024;
/** Keys, object and array slots of a package, a gap and an entry. */
const overheadBytes = 128;

const lengthOf = (texts: readonly (string | undefined)[]): number =>
  texts.reduce((sum, text) => sum + (text?.length ?? 0), overheadBytes);
const bytesOfPackage = ({ ecosystem, name, version, purl, source, path, createdBy }: Package): number =>
  lengthOf([ecosystem, name, version, purl, source?.name, source?.version, path, createdBy]);
const bytesOf = ({ packages, gaps }: PackageList): number =>
  packages.reduce((sum, found) => sum + bytesOfPackage(found), overheadBytes) +
  gaps.reduce((sum, { what }) => sum + lengthOf([what]), 0);

export const inventoryForm: WriterForm<QueuedEntry> = {
  what: 'the inventory',
  batch: { maxItems: 250, maxBytes: 1024 * 1024 },
  weightOf: ({ bytes }) => bytes,
  ownerOf: () => '',
  keyOf: ({ image, found }) => `${image} ${found?.cataloger ?? ''} ${found?.host ?? ''}`,
  replaces: () => true,
};

export const inventoryDefaults = {
  maxItems: 10_000,
  maxBytes: 32 * 1024 * 1024,
  flushItems: 50,
  flushMs: 500,
  stallMs: 5000,
  /** How long a review may wait for a list. */
  findMs: 500,
  retention: { maxAgeMs: 90 * 24 * hour, maxBytes: 256 * 1024 * 1024, slice: 20 },
} as const;

export interface KeptListsOptions extends Omit<WriterOptions<InventoryEntry>, 'store'> {
  readonly store: Pick<Inventory, 'append' | 'prune' | 'list'>;
  readonly clock: Clock;
  readonly findMs: number;
}

export interface KeptLists
  extends PackageLists, Pick<StoreWriter<InventoryEntry>, 'state' | 'queued' | 'drain'> {}

/** Which images were written down as used not long ago. */
const createUses = (clock: Clock) => {
  const uses = createLruCache<number>({ entries: maxUses });
  return {
    /** @returns whether it is to be written down */
    isDue: (image: Digest): boolean => {
      const now = clock.monotonic();
      const last = uses.get(image);
      if (last !== undefined && now - last < useTime) return false;
      uses.set(image, now);
      return true;
    },
  };
};

/**
 * Lists that outlive the process, behind the queue that writes them: no review waits for a write, nor longer than `findMs`
 * for a list.
 */
export const createKeptLists = (options: KeptListsOptions): KeptLists => {
  const { store, clock, observer, findMs } = options;
  const writer = createStoreWriter(inventoryForm, options);
  const uses = createUses(clock);
  let reads = 0;

  const read = async (
    ...asked: Parameters<KeptListsOptions['store']['list']>
  ): Promise<PackageList | undefined | StoreFault> => {
    reads += 1;
    try {
      return await store.list(...asked);
    } catch (error) {
      const fault =
        error instanceof StoreFault ? error : new StoreFault('unavailable', 'INTERNAL', String(error));
      writer.failed(fault);
      return fault;
    } finally {
      reads -= 1;
    }
  };
  const cannot = (image: Digest, why: string): Fact<never> =>
    unavailable(`the kept package list of ${image}`, why);

  const use = (image: Digest): void => {
    if (uses.isDue(image)) writer.write({ image, usedAt: clock.now(), bytes: overheadBytes });
  };

  return {
    find: async (...asked) => {
      const [image, , host] = asked;
      // Attack: invent digests at a host of one's own, and fill the file with images that nobody has looked into.
      if (host === undefined) use(image);
      if (reads >= maxReads) return cannot(image, 'too many wait for the inventory');
      const late = AbortSignal.timeout(findMs);
      const found = await untilAborted(read(...asked), late, () => 'late' as const);
      if (found === 'late') return cannot(image, `the inventory has not answered for ${findMs} ms`);
      if (found instanceof StoreFault) return cannot(image, found.message);
      if (found === undefined) return absent;
      use(image);
      return known(found);
    },
    keep: (image, cataloger, list, host) => {
      const bytes = bytesOf(list);
      if (list.packages.length > maxPackages || bytes > maxListBytes) return observer.dropped(1, 'rejected');
      writer.write({ image, usedAt: clock.now(), found: { cataloger, list, host }, bytes });
    },
    state: () => writer.state(),
    queued: () => writer.queued(),
    drain: (deadlineMs) => writer.drain(deadlineMs),
  };
};
