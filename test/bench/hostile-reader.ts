/** Writes hostile layers, and reads one as the gate does; each in a process of its own. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { createImageCataloger, type LayerSource } from '../../src/adapters/catalog/image-cataloger.ts';
import { defaultScan } from '../../src/config/values/scan-bounds.ts';
import { parseDigest, type Digest } from '../../src/core/image/digest.ts';
import { ok } from '../../src/core/result.ts';
import { maxLayerEntries } from '../../src/serve/catalog/registry-cataloger.ts';
import { cpuTime } from '../fakes/cpu-time.ts';
import { serveParent } from './evidence-part.ts';
import { hostileLayers } from './hostile-layers.ts';

export interface WrittenLayer {
  readonly path: string;
  readonly diffId: Digest;
}
export interface ReadEnd {
  readonly outcome: string;
  readonly seconds: number;
  /** Seconds of all threads. */
  readonly cpu: number;
  /** MiB, the most that the process ever had. */
  readonly peak: number;
}

const digestOf = (hash: Hash): Digest => {
  const digest = parseDigest(`sha256:${hash.digest('hex')}`);
  if (!digest.ok) throw new Error(digest.error);
  return digest.value;
};

const packers = {
  gzip: (piece: Uint8Array): Uint8Array => gzipSync(piece, { level: 1 }),
  zstd: (piece: Uint8Array): Uint8Array =>
    zstdCompressSync(piece, { params: { [constants.ZSTD_c_windowLog]: 27 } }),
};

const program = new URL('../../dist/catalog-worker.mjs', import.meta.url);
const cataloger = createImageCataloger(program);

const orders = {
  write: ({ at, path }: { readonly at: number; readonly path: string }): WrittenLayer => {
    const layer = hostileLayers[at];
    if (layer === undefined) throw new Error('no such layer');
    const hash = createHash('sha256');
    const out = openSync(path, 'w');
    let before: { readonly piece: Uint8Array; readonly packed: Uint8Array } | undefined;
    for (const piece of layer.pieces()) {
      const packed = before?.piece === piece ? before.packed : packers[layer.pack](piece);
      before = { piece, packed };
      // Nobody compares the hash of what is longer than may be.
      if (!layer.name.startsWith('a bomb')) hash.update(piece);
      writeSync(out, packed);
    }
    closeSync(out);
    return { path, diffId: digestOf(hash) };
  },
  read: async ({ path, diffId }: WrittenLayer): Promise<ReadEnd> => {
    const source: LayerSource<string> = {
      digest: diffId,
      diffId,
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      mayKnow: async () => false,
      read: async (take) => {
        for await (const chunk of createReadStream(path)) if (!(await take(chunk as Uint8Array))) break;
        return ok(undefined);
      },
    };
    const before = cpuTime();
    const began = performance.now();
    const limits = { timeMs: defaultScan.time, unpacked: defaultScan.unpacked, entries: maxLayerEntries };
    const found = await cataloger.catalog([source], limits, new AbortController().signal);
    const seconds = (performance.now() - began) / 1000;
    const cpu = (cpuTime() - before) / 1000;
    const refused = found.ok ? undefined : found.error;
    const outcome =
      refused === undefined ? 'listed' : refused.kind === 'unreadable' ? refused.error.why : refused.kind;
    return { outcome, seconds, cpu, peak: process.resourceUsage().maxRSS / 1024 };
  },
};
export type HostileReaderOrders = typeof orders;

serveParent(orders);
