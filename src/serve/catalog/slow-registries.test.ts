import { afterEach, expect, test, vi } from 'vitest';
import { createFakeClock } from '../../../test/fakes/evidence/evidence-sources.ts';
import { imageWith, layersOf } from '../../../test/fakes/registry/npm-image.ts';
import type { FakeManifest } from '../../../test/fakes/registry/registry-content.ts';
import { anonymous, openReading } from '../../../test/fakes/registry/registry-reading.ts';
import { dripping } from '../../../test/fakes/registry/registry-wire-faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { createImageCataloger } from '../../adapters/catalog/image-cataloger.ts';
import { known } from '../../core/facts/fact.ts';
import { createReadBudget } from '../../evidence/resolve/read-budget.ts';
import { requesterFor } from '../../evidence/single-flight/shared-requester.ts';
import { createKnownLists } from '../../evidence/vulnerability/known-lists.ts';
import { createScanJobs, type ScanAnswer, type ScanEnd } from '../../evidence/vulnerability/scan-jobs.ts';
import { createRegistryCataloger } from './registry-cataloger.ts';
import { soon } from '../../../test/soon.ts';

const program = new URL('../../adapters/catalog/catalog-worker.ts', import.meta.url);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
const serving = async (address: string): Promise<FakeRegistry> => {
  const server = await startFakeRegistry({ address });
  closing.push(() => server.close());
  return server;
};

/** Looks of namespaces into images of registries, by real HTTP, in turns by a clock that the test moves. */
const openJobs = () => {
  const reading = openReading();
  const clock = createFakeClock();
  const ends: ScanEnd[] = [];
  const jobs = createScanJobs({
    cataloger: createRegistryCataloger(reading.registry, createImageCataloger(program)),
    lists: createKnownLists({ hasRow: () => true }),
    settings: { atOnce: 2, timeMs: 300_000, bytes: 2 ** 32, unpacked: 2 ** 34 },
    clock,
    lookEvery: 5,
    onEnd: (end) => ends.push(end),
  });
  closing.push(async () => {
    await jobs.close();
    await reading.close();
  });
  const look = (namespace: string, { host }: FakeRegistry, image: FakeManifest): Promise<ScanAnswer> =>
    jobs.run(
      {
        place: { repository: { host, repository: 'team/app' }, credential: anonymous },
        image: image.digest,
        bytes: image.bytes.length,
        layers: () => Promise.resolve(known(layersOf(image))),
      },
      createReadBudget(new AbortController().signal, 0, requesterFor(namespace)),
    );
  return { clock, jobs, ends, look };
};
const getsOf = ({ requests }: FakeRegistry, digest: string): number =>
  requests.filter(({ method, path }) => method === 'GET' && path.endsWith(`/blobs/${digest}`)).length;
const packagesOf = (answer: ScanAnswer): readonly string[] =>
  answer.kind === 'list' ? answer.list.packages.map(({ name }) => name) : [];

test('R26: two images that drip give way to an image of another namespace, and come again with what was read', async () => {
  const [drips, good] = [await serving('127.0.0.2'), await serving('127.0.0.3')];
  const { clock, jobs, ends, look } = openJobs();
  const slow = [imageWith('base', 'one'), imageWith('base', 'two')];
  for (const [at, image] of slow.entries()) {
    drips.push('team/app', image, `v${at}`);
    drips.fault({ path: `/blobs/${image.blobs[2]?.digest ?? ''}`, times: 1 }, dripping(1, 1000));
  }
  const quick = imageWith('quick');
  good.push('team/app', quick, 'v1');

  const lastLayerOf = ({ blobs }: FakeManifest): string => blobs[2]?.digest ?? '';
  const first = slow.map(async (image) => ({ image, answer: await look('evil', drips, image) }));
  await vi.waitFor(
    () => expect(slow.map((image) => getsOf(drips, lastLayerOf(image)))).toEqual([1, 1]),
    60_000,
  );
  const shop = look('shop', good, quick);
  await vi.waitFor(() => expect(jobs.waiting).toBe(1), soon);
  clock.pass(20_000);
  expect(packagesOf(await shop)).toEqual(['quick']);
  const { image, answer } = await Promise.race(first);
  expect(answer).toMatchObject({ kind: 'under-way', progress: { state: 'put-off' } });
  expect(ends.map(({ outcome }) => outcome)).toEqual(['put-off', 'listed']);

  // Who asks meanwhile does not wait in vain.
  expect(await look('evil', drips, image)).toMatchObject({ kind: 'under-way' });
  const baseBefore = getsOf(drips, image.blobs[1]?.digest ?? '');
  clock.pass(30_000);
  await vi.waitFor(async () => {
    expect(packagesOf(await look('evil', drips, image))[0]).toBe('base');
  }, 60_000);
  expect(getsOf(drips, lastLayerOf(image))).toBe(2);
  expect(getsOf(drips, image.blobs[1]?.digest ?? '')).toBe(baseBefore);
}, 120_000);
