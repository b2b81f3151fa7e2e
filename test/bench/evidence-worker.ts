/** The registry access alone in a process of its own, as `serve` wires it: what looking at a registry costs. */
import { Agent, get } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSettings } from '../../src/adapters/registry/settings.ts';
import { parseReference, type ImageReference } from '../../src/core/image/reference.ts';
import type { Credential, ReadBudget } from '../../src/evidence/ports.ts';
import { createRegistryAccess, type RegistryAccess } from '../../src/serve/registry-access.ts';
import type { Filled } from './evidence-registry.ts';
import { serveParent } from './evidence-part.ts';
import { residentOf } from './processes.ts';
import { imageNeed } from '../../src/core/facts/image-kind.ts';

export interface Pair {
  /** Looked at by the registry access. */
  readonly ours: Filled;
  /** Another image just like it, read by two bare requests. */
  readonly bare: Filled;
}
export interface ColdTimes {
  /** Milliseconds, one an image. */
  readonly ours: readonly number[];
  readonly bare: readonly number[];
}

const referenceOf = (name: string): ImageReference => {
  const parsed = parseReference(name);
  if (!parsed.ok) throw new Error(`${name}: ${parsed.error.why}`);
  return parsed.value;
};

const folder = await mkdtemp(join(tmpdir(), 'imagegate-bench-room-'));
let access: RegistryAccess | undefined;
const openAccess = (host: string): RegistryAccess =>
  (access ??= createRegistryAccess({
    registries: [{ ...defaultSettings(host), plainHttp: true, allowPrivateAddress: true }],
    cloud: {},
    proxy: { noProxy: '' },
    content: { directory: join(folder, 'content'), maxMemoryBytes: 64 * 2 ** 20, maxDiskBytes: 2 ** 30 },
  }));

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const accept =
  'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
const bareGet = (url: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent, headers: { accept } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`${url}: ${String(response.statusCode)}`));
      });
    });
    request.on('error', reject);
  });

/** The least that anybody can do: the manifest, then the config that it names; nothing is checked or kept. */
const readBare = async ({ host, repository, tag = 'latest' }: ImageReference): Promise<void> => {
  const at = `http://${host}/v2/${repository}`;
  const manifest = JSON.parse((await bareGet(`${at}/manifests/${tag}`)).toString()) as {
    config: { digest: string };
  };
  JSON.parse((await bareGet(`${at}/blobs/${manifest.config.digest}`)).toString());
};

const needs = { image: imageNeed('all') } as const;
const lookAt = async ({ evidence }: RegistryAccess, image: ImageReference): Promise<void> => {
  const [found] = await evidence.gather([{ image, needs }], undefined, AbortSignal.timeout(10_000));
  if (found?.facts.image?.state !== 'known') throw new Error(`not known: ${JSON.stringify(found)}`);
};

const timed = async (work: () => Promise<void>): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

/** Each image once, ours and bare in turn, so that both see the same registry at the same moment. */
const cold = async ({
  host,
  pairs,
}: {
  readonly host: string;
  readonly pairs: readonly Pair[];
}): Promise<ColdTimes> => {
  const open = openAccess(host);
  const ours: number[] = [];
  const bare: number[] = [];
  for (const [index, pair] of pairs.entries()) {
    const both = [
      async () => void bare.push(await timed(() => readBare(referenceOf(pair.bare.name)))),
      async () => void ours.push(await timed(() => lookAt(open, referenceOf(pair.ours.name)))),
    ];
    for (const one of index % 2 === 0 ? both : both.reverse()) await one();
  }
  return { ours, bare };
};

const anonymous: Credential = {
  kind: 'anonymous',
  source: 'anonymous',
  key: 'anonymous',
  secret: { kind: 'none' },
};
const budgetOf = (milliseconds: number): ReadBudget => {
  let left = 64 * 2 ** 20;
  return {
    signal: AbortSignal.timeout(milliseconds),
    take: (bytes) => {
      left -= bytes;
      return left >= 0;
    },
  };
};

export interface PageFigures {
  /** What the last answer was. */
  readonly state: string;
  /** MiB */
  readonly before: number;
  readonly peak: number;
}

/** Referrers of a registry whose pages have no end. */
const pages = async ({
  image,
  times,
}: {
  readonly image: Filled;
  readonly times: number;
}): Promise<PageFigures> => {
  const { host, repository } = referenceOf(image.name);
  const { registry } = openAccess(host);
  const place = { host, repository };
  const before = residentOf(process.pid);
  let peak = before;
  let state = '';
  for (let time = 0; time < times; time++) {
    const wanted = { ...place, digest: image.digest };
    ({ state } = await registry.referrers(wanted, 'referrers', anonymous, budgetOf(3000)));
    peak = Math.max(peak, residentOf(process.pid));
    await sleep(1);
  }
  return { state, before, peak };
};

const orders = { cold, pages };
export type WorkerOrders = typeof orders;

serveParent(orders, async () => {
  agent.destroy();
  await access?.close();
  await rm(folder, { recursive: true, force: true });
});
