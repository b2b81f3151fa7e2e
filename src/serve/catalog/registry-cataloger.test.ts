import { afterEach, describe, expect, test } from 'vitest';
import { imageWith, layersOf } from '../../../test/fakes/registry/npm-image.ts';
import type { FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { status, withBody } from '../../../test/fakes/registry/registry-faults.ts';
import {
  anonymous,
  basicCredential,
  budgetOf,
  openReading,
  type Reading,
  type RegistryRow,
} from '../../../test/fakes/registry/registry-reading.ts';
import { silence, truncated } from '../../../test/fakes/registry/registry-wire-faults.ts';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../../test/fakes/registry/registry.ts';
import { createImageCataloger } from '../../adapters/catalog/image-cataloger.ts';
import type { Cataloger, Credential, ReadBudget } from '../../evidence/ports.ts';
import { createRegistryCataloger } from './registry-cataloger.ts';

const program = new URL('../../adapters/catalog/catalog-worker.ts', import.meta.url);
const limits = { timeMs: 60_000, unpacked: 2 ** 30 };
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
const serving = async (options: FakeRegistryOptions = {}): Promise<FakeRegistry> => {
  const server = await startFakeRegistry(options);
  closing.push(() => server.close());
  return server;
};
const opened = (...rows: RegistryRow[]): { readonly cataloger: Cataloger; readonly reading: Reading } => {
  const reading = openReading(rows);
  closing.push(() => reading.close());
  return { reading, cataloger: createRegistryCataloger(reading.registry, createImageCataloger(program)) };
};
const look = async (
  cataloger: Cataloger,
  { host }: FakeRegistry,
  image: FakeManifest,
  {
    repository = 'team/app',
    credential = anonymous,
    budget = budgetOf(),
  }: { repository?: string; credential?: Credential; budget?: ReadBudget } = {},
): Promise<unknown> => {
  const found = await cataloger.catalog(
    { repository: { host, repository }, credential, layers: layersOf(image) },
    limits,
    budget,
  );
  return found.ok ? found.value.packages.map(({ name }) => name) : found.error;
};
const gets = ({ requests }: FakeRegistry): number =>
  requests.filter(({ kind, method }) => kind === 'blobs' && method === 'GET').length;
const heads = ({ requests }: FakeRegistry): number =>
  requests.filter(({ kind, method }) => kind === 'blobs' && method === 'HEAD').length;

describe('the packages of an image in a registry', () => {
  test('are read from its layers, whose bytes the budget is told of', async () => {
    const server = await serving();
    const image = imageWith('a', 'b');
    server.push('team/app', image, 'v1');
    const budget = budgetOf();
    expect(await look(opened().cataloger, server, image, { budget })).toEqual(['a', 'b']);
    const [, ...layers] = image.blobs;
    expect(budget.taken()).toBe(layers.reduce((sum, { bytes }) => sum + bytes.length, 0));
  });

  test('a second image on the same base reads its own layers alone', async () => {
    const server = await serving();
    const { cataloger } = opened();
    const [first, second] = [imageWith('base', 'a'), imageWith('base', 'b')];
    server.push('team/app', first, 'v1');
    server.push('team/app', second, 'v2');
    expect(await look(cataloger, server, first)).toEqual(['base', 'a']);
    expect(gets(server)).toBe(2);
    expect(await look(cataloger, server, second)).toEqual(['base', 'b']);
    expect([gets(server), heads(server)]).toEqual([3, 1]);
  });

  test('V6: a layer that its repository does not hold tells nothing, though it is known', async () => {
    const server = await serving();
    const { cataloger } = opened();
    const secret = imageWith('secret');
    server.push('team/private', secret, 'v1');
    expect(await look(cataloger, server, secret, { repository: 'team/private' })).toEqual(['secret']);
    server.push('team/app', imageWith('other'), 'v1');
    expect(await look(cataloger, server, secret)).toMatchObject({
      kind: 'source',
      failure: { kind: 'invalid', why: expect.stringContaining('does not hold the layer') as string },
    });
  });

  test('V6: a hostile registry that says it holds a layer is not told what another delivered', async () => {
    const server = await serving();
    const hostile = await serving({ address: '127.0.0.9' });
    const { cataloger } = opened();
    const secret = imageWith('secret');
    server.push('team/private', secret, 'v1');
    expect(await look(cataloger, server, secret, { repository: 'team/private' })).toEqual(['secret']);
    hostile.fault({ path: '/blobs/', method: 'HEAD' }, ({ response }) => void response.writeHead(200).end());
    expect(await look(cataloger, hostile, secret)).toMatchObject({ kind: 'source' });
  });

  test('a layer that breaks off is read on', async () => {
    const server = await serving();
    const image = imageWith('a', 'b');
    server.push('team/app', image, 'v1');
    server.fault({ path: '/blobs/', times: 1 }, truncated(50));
    expect(await look(opened().cataloger, server, image)).toEqual(['a', 'b']);
  });

  test('a login reads them, and nobody without it', async () => {
    const server = await serving({ auth: { mode: 'bearer', users: { ann: { password: 'pw' } } } });
    const image = imageWith('a');
    server.push('team/app', image, 'v1');
    const { cataloger } = opened();
    expect(await look(cataloger, server, image, { credential: basicCredential('ann', 'pw') })).toEqual(['a']);
    expect(await look(cataloger, server, image)).toMatchObject({
      kind: 'source',
      failure: { kind: 'denied' },
    });
  });

  test('R25: why they could not be read is told as the registry told it', async () => {
    const server = await serving();
    const image = imageWith('a');
    server.push('team/app', image, 'v1');
    server.fault({ path: '/blobs/' }, status(500));
    expect(await look(opened().cataloger, server, image)).toMatchObject({
      kind: 'source',
      failure: { kind: 'unreachable', stage: 'blob', excusable: true },
    });
  });

  test.each<readonly [string, (layer: Buffer) => Buffer]>([
    ['no layer', (layer) => Buffer.alloc(layer.length, 'x')],
    ['other packages', (layer) => Buffer.concat([layer.subarray(0, -1), Buffer.from('x')])],
  ])('B1: a mirror with %s is passed over, and the host itself is asked', async (_title, rot) => {
    const mirror = await serving({ address: '127.0.0.8' });
    const server = await serving();
    const image = imageWith('a', 'b');
    for (const one of [mirror, server]) one.push('team/app', image, 'v1');
    const layer = Buffer.from(image.blobs[2]?.bytes ?? '');
    mirror.fault({ path: `/blobs/${image.blobs[2]?.digest ?? ''}` }, withBody(rot(layer)));
    const { cataloger } = opened({ host: server.host, mirrors: [mirror.host] });
    expect(await look(cataloger, server, image)).toEqual(['a', 'b']);
    expect([gets(mirror), gets(server)]).toEqual([2, 1]);
  });

  test('B1: other bytes than the manifest names are no image', async () => {
    const server = await serving();
    const image = imageWith('a');
    server.push('team/app', image, 'v1');
    const other = imageWith('b').blobs[1]?.bytes ?? Buffer.from('');
    const { length } = image.blobs[1]?.bytes ?? other;
    const bytes = Buffer.concat([other, Buffer.alloc(length)]).subarray(0, length);
    server.fault({ path: '/blobs/' }, ({ response }) => void response.end(bytes));
    expect(await look(opened().cataloger, server, image)).toMatchObject({
      kind: 'source',
      failure: {
        kind: 'invalid',
        unreadable: true,
        why: expect.stringContaining('another digest') as string,
      },
    });
  });

  test('end at once when nobody wants them any more', async () => {
    const server = await serving();
    const image = imageWith('a');
    server.push('team/app', image, 'v1');
    server.fault({ path: '/blobs/' }, silence());
    const ending = new AbortController();
    const looking = look(opened().cataloger, server, image, { budget: budgetOf(0, ending.signal) });
    while (gets(server) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    ending.abort();
    expect(await looking).toEqual({ kind: 'late' });
  });

  test('no more is read than the budget gives', async () => {
    const server = await serving();
    const image = imageWith('a');
    server.push('team/app', image, 'v1');
    expect(await look(opened().cataloger, server, image, { budget: budgetOf(10) })).toMatchObject({
      kind: 'source',
      failure: { kind: 'limit' },
    });
  });
});
