/** Reads layers of a registry in a process of its own: as the gate looks into them, and bare. */
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { createGunzip } from 'node:zlib';
import { createImageCataloger } from '../../src/adapters/catalog/image-cataloger.ts';
import { algorithmOf, hexOf } from '../../src/core/image/digest.ts';
import type { ImageLayer } from '../../src/core/layer/image-layers.ts';
import { createRegistryCataloger } from '../../src/serve/catalog/registry-cataloger.ts';
import { cpuTime } from '../fakes/cpu-time.ts';
import { anonymous, budgetOf, openReading } from '../fakes/registry/registry-reading.ts';
import { serveParent } from './evidence-part.ts';

export interface Look {
  readonly host: string;
  readonly layers: readonly ImageLayer[];
}
export interface Looked {
  /** Milliseconds of all threads of the process. */
  readonly cpu: number;
  /** MiB, the most that the process ever had. */
  readonly peak: number;
}

const repository = 'team/large';
const program = new URL('../../dist/catalog-worker.mjs', import.meta.url);
const limits = { timeMs: 600_000, unpacked: 16 * 2 ** 30 };

const measured = async (work: () => Promise<void>): Promise<Looked> => {
  const before = cpuTime();
  await work();
  return { cpu: cpuTime() - before, peak: process.resourceUsage().maxRSS / 1024 };
};

/** Read, hashed, unpacked, hashed: what nobody can leave out who proves a layer. */
const readBare = (host: string, { digest, diffId }: ImageLayer): Promise<void> =>
  new Promise((resolve, reject) => {
    const packed = createHash(algorithmOf(digest));
    const unpacked = createHash(algorithmOf(diffId));
    get(`http://${host}/v2/${repository}/blobs/${digest}`, (response) => {
      const unpacking = createGunzip({ chunkSize: 131_072 });
      response.on('data', (chunk: Buffer) => packed.update(chunk)).pipe(unpacking);
      unpacking.on('data', (chunk: Buffer) => unpacked.update(chunk)).on('error', reject);
      unpacking.on('end', () => {
        const isRight = packed.digest('hex') === hexOf(digest) && unpacked.digest('hex') === hexOf(diffId);
        if (isRight) resolve();
        else reject(new Error(`${digest} came wrong`));
      });
    }).on('error', reject);
  });

const reading = openReading();
const cataloger = createRegistryCataloger(reading.registry, createImageCataloger(program));

const look = async ({ host, layers }: Look): Promise<void> => {
  const image = { repository: { host, repository }, credential: anonymous, layers };
  const found = await cataloger.catalog(image, limits, budgetOf(2 ** 40, limits.timeMs));
  if (!found.ok) throw new Error(JSON.stringify(found.error));
};

const orders = {
  bare: ({ host, layers }: Look): Promise<Looked> =>
    measured(async () => {
      for (const layer of layers) await readBare(host, layer);
    }),
  /** The manifest was read with the same client before. */
  look: async (asked: Look): Promise<Looked> => {
    const [{ digest } = { digest: undefined }] = asked.layers;
    if (digest !== undefined)
      await reading.registry.hasBlob({ host: asked.host, repository }, digest, anonymous, budgetOf());
    return measured(() => look(asked));
  },
};
export type LayersReaderOrders = typeof orders;

serveParent(orders, () => reading.close());
