import { createHash } from 'node:crypto';
import { onAbort, untilAborted } from '../../concurrency/abort.ts';
import { createLruCache, type LruCache } from '../../concurrency/cache/lru-cache.ts';
import type { NeededFile } from '../../core/catalog/image-catalog.ts';
import type { Digest } from '../../core/image/digest.ts';
import { checkLayerType, isLazyByAnnotations } from '../../core/layer/layer-form.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { invalidBytes, type Unreadable } from '../../core/text/unreadable.ts';
import type { PackageList } from '../../core/vulnerability/package-list.ts';
import type { TakeChunk } from '../../evidence/ports.ts';
import type { LayerPlace } from './catalog-messages.ts';
import { startCatalogThread, type CatalogThread, type CatalogThreadData } from './catalog-thread.ts';

/** A layer of an image, the lowest first. `F`: why its bytes could not be had. */
export interface LayerSource<F> {
  readonly digest: Digest;
  readonly mediaType: string;
  /** How many packed bytes it has, where that is told. */
  readonly size?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the config of the image says that it unpacks to; absent: it is a folder, and no layer of an image. */
  readonly diffId?: Digest;
  readonly createdBy?: string;
  /** The host that delivers it. What is known of a layer is known of this host alone; absent: of this machine. */
  readonly host?: string;
  /** Reads it; `ok` only when its bytes have its digest, or when no more of them were wanted. */
  readonly read: (take: TakeChunk, signal: AbortSignal) => Promise<Result<undefined, F>>;
  /**
   * Whether this caller may learn what is known of the layer: its repository has to show that it holds it (V6), because a manifest
   * can name a layer of somebody's private image. A hostile host can show whatever it is asked for: what is known of a layer of
   * another host is never told.
   */
  readonly mayKnow: () => Promise<boolean>;
}

export interface CatalogLimits {
  readonly timeMs: number;
  /** Of all layers together. */
  readonly unpacked: number;
  /** Of one layer. */
  readonly entries: number;
}

/** Why there is no list: the image cannot be read, or its bytes could not be had. */
export type NoList<F> =
  /** `mayPass`: its thread has ended without a word about the image. */
  | { readonly kind: 'unreadable'; readonly error: Unreadable; readonly mayPass?: true }
  | { readonly kind: 'source'; readonly failure: F }
  /** Its time was over, or nobody waits for it. */
  | { readonly kind: 'late' };

export interface ImageCataloger {
  catalog<F>(
    layers: readonly LayerSource<F>[],
    limits: CatalogLimits,
    signal: AbortSignal,
  ): Promise<Result<PackageList, NoList<F>>>;
}

const maxNameLength = 4096;
const maxKnownBytes = 67_108_864;
const maxKnownLayers = 4096;

const unreadable = (error: Unreadable, thread?: CatalogThread) =>
  fail({
    kind: 'unreadable' as const,
    error,
    ...(thread?.hasFailed() === true && { mayPass: true as const }),
  });
const placeOf = <F>({ digest, createdBy, annotations = {} }: LayerSource<F>): LayerPlace => ({
  digest,
  ...(createdBy === undefined ? {} : { createdBy }),
  isLazy: isLazyByAnnotations(annotations),
});
/** Files of a layer that other paths lead to, by their number (V4). */
type Links = ReadonlyMap<number, string>;
const noLinks: Links = new Map();

/** A layer as it is read for these links. An image may have thousands of them. */
const keyOf = <F>({ digest, diffId = '' as Digest, host = '' }: LayerSource<F>, links: Links): string => {
  const read =
    links.size === 0
      ? ''
      : createHash('sha256')
          .update(JSON.stringify([...links]))
          .digest('hex');
  return `${digest} ${diffId} ${host} ${read}`;
};

/** One image in its thread. */
interface Job<F> {
  readonly thread: CatalogThread;
  /** What was found in layers, written down. */
  readonly known: LruCache<Uint8Array>;
  readonly layers: readonly LayerSource<F>[];
  readonly limits: CatalogLimits;
  readonly signal: AbortSignal;
  /** Bytes that its layers may still unpack to. */
  unpacked: number;
}

/** Reads one layer in the thread, unless it is known. */
const readInto = async <F>(
  job: Job<F>,
  at: number,
  source: LayerSource<F>,
  links: Links,
): Promise<Result<undefined, NoList<F>>> => {
  const { thread, limits, signal } = job;
  const key = keyOf(source, links);
  const before = job.known.get(key);
  if (before !== undefined && (await source.mayKnow())) {
    thread.send({ kind: 'known', at, place: placeOf(source), layer: before });
    // Attack: name one layer a thousand times of which much is known, and have a copy of that wait in memory each time.
    const taken = await thread.layer();
    return taken.ok ? ok(undefined) : unreadable(taken.error, thread);
  }
  const bounds = { entries: limits.entries, bytes: job.unpacked, name: maxNameLength };
  const { diffId } = source;
  const reading = { ...(diffId && { diffId }), limits: bounds, links };
  const begin = (): void => thread.send({ kind: 'begin', at, place: placeOf(source), reading });
  begin();
  let isBegun = false;
  const take: TakeChunk = async (chunk, from) => {
    if (from === 0 && isBegun) {
      thread.send({ kind: 'end' });
      // What the thread says of bytes of somebody else says nothing of the layer.
      await thread.layer();
      begin();
    }
    isBegun = true;
    return thread.chunk(chunk);
  };
  const read = await source.read(take, signal);
  thread.send({ kind: 'end' });
  if (!read.ok) return fail({ kind: 'source', failure: read.error });
  const layer = await thread.layer();
  if (!layer.ok) return unreadable(layer.error, thread);
  const { bytes, unpacked } = layer.value;
  job.unpacked -= unpacked;
  if (diffId !== undefined) job.known.set(key, bytes, bytes.length);
  return ok(undefined);
};

const readAll = async <F>(job: Job<F>): Promise<Result<undefined, NoList<F>>> => {
  for (const [at, source] of job.layers.entries()) {
    const read = await readInto(job, at, source, noLinks);
    if (!read.ok) return read;
  }
  return ok(undefined);
};

/** Reads layers once more, for files that other paths lead to (V4). */
const readAgain = async <F>(
  job: Job<F>,
  needed: readonly NeededFile[],
): Promise<Result<undefined, NoList<F>>> => {
  // Once for all: an image may have thousands of layers and need a hundred thousand files, and reviews wait meanwhile.
  const byLayer = Map.groupBy(needed, ({ layer }) => layer);
  for (const [at, source] of job.layers.entries()) {
    const files = byLayer.get(at);
    if (files === undefined) continue;
    const read = await readInto(job, at, source, new Map(files.map(({ entry, path }) => [entry, path])));
    if (!read.ok) return read;
  }
  return ok(undefined);
};

const list = async <F>(job: Job<F>): Promise<Result<PackageList, NoList<F>>> => {
  for (const { mediaType } of job.layers) {
    const type = checkLayerType(mediaType);
    if (!type.ok) return unreadable(type.error);
  }
  let read = await readAll(job);
  for (let turn = 0; turn < 2; turn += 1) {
    if (!read.ok) return read;
    job.thread.send({ kind: 'catalog' });
    const catalog = await job.thread.catalog();
    if (!catalog.ok) return unreadable(catalog.error, job.thread);
    if (catalog.value.kind === 'list') return ok(catalog.value.list);
    read = await readAgain(job, catalog.value.files);
  }
  return unreadable(invalidBytes('its links lead to files that are no package databases').error);
};

/**
 * Lists the packages of images, each in a thread of its own with bounds of memory and time: an image is a stranger's bytes.
 * What was found in a layer is kept, the layer never.
 */
export const createImageCataloger = (
  program: URL,
  data: CatalogThreadData = { givesWay: false },
): ImageCataloger => {
  const known = createLruCache<Uint8Array>({ entries: maxKnownLayers, weight: maxKnownBytes });

  return {
    catalog: async (layers, limits, signal) => {
      const started = startCatalogThread(program, data);
      if (!started.ok) return fail({ kind: 'unreadable', error: started.error, mayPass: true });
      const thread = started.value;
      const ending = new AbortController();
      const stop = onAbort(AbortSignal.any([signal, AbortSignal.timeout(limits.timeMs)]), () =>
        ending.abort(),
      );
      const job = { thread, known, layers, limits, signal: ending.signal, unpacked: limits.unpacked };
      try {
        return await untilAborted(list(job), ending.signal, () => fail({ kind: 'late' as const }));
      } finally {
        stop();
        ending.abort();
        await thread.end();
      }
    },
  };
};
