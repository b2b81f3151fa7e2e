import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { tarOf, type Written } from '../../../test/fakes/tar-writer.ts';
import { parseDigest, type Digest } from '../../core/image/digest.ts';
import { fail, ok } from '../../core/result.ts';
import { createImageCataloger, type LayerSource } from './image-cataloger.ts';

const program = new URL('./catalog-worker.ts', import.meta.url);
const limits = { timeMs: 60_000, unpacked: 2 ** 30, entries: 1_000_000 };
const never = new AbortController().signal;
const scratch = mkdtempSync(join(tmpdir(), 'imagegate-catalog-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const digestOf = (bytes: Uint8Array): Digest => {
  const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  if (!digest.ok) throw new Error(digest.error);
  return digest.value;
};
const chunkLength = 10_000;
interface Source extends LayerSource<string> {
  reads: number;
}
const sourceOf = (
  entries: readonly Written[],
  more: Partial<LayerSource<string>> = {},
  pack = gzipSync,
): Source => {
  const tar = tarOf(entries, 2);
  const packed = pack(tar);
  const source: Source = {
    digest: digestOf(packed),
    diffId: digestOf(tar),
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    mayKnow: async () => true,
    reads: 0,
    read: async (take) => {
      source.reads += 1;
      for (let at = 0; at < packed.length; at += chunkLength)
        if (!(await take(packed.subarray(at, at + chunkLength)))) break;
      return ok(undefined);
    },
    ...more,
  };
  return source;
};
const file = (name: string, content: string | Uint8Array): Written => ({ type: '0', name, content });
const npm = (name: string, version: string): Written =>
  file(`app/node_modules/${name}/package.json`, JSON.stringify({ name, version }));
const base = [
  file('etc/os-release', 'ID=debian\nVERSION_ID=12\n'),
  file('srv/status', 'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n'),
  { type: '2', name: 'var/lib/dpkg/status', link: '/srv/status', content: '' },
];
const namesOf = (
  outcome: Awaited<ReturnType<ReturnType<typeof createImageCataloger>['catalog']>>,
): unknown =>
  outcome.ok ? outcome.value.packages.map(({ name, version }) => `${name} ${version}`) : outcome.error;

describe('an image in a thread', () => {
  test('is listed over all its layers; what a link leads to is read once more (V4)', async () => {
    const cataloger = createImageCataloger(program);
    const layers = [
      sourceOf(base, { createdBy: 'FROM debian' }),
      sourceOf([npm('a', '1.0.0')], {}, (bytes) => zstdCompressSync(bytes)),
    ];
    const outcome = await cataloger.catalog(layers, limits, never);
    expect(namesOf(outcome)).toEqual(['libc6 2.36-9', 'a 1.0.0']);
    expect(outcome.ok && outcome.value.packages[0]).toMatchObject({
      layer: layers[0]?.digest,
      createdBy: 'FROM debian',
    });
    expect(layers.map(({ reads }) => reads)).toEqual([2, 1]);
  });

  test('that cannot be started says nothing for long: a machine may have room for another one soon', async () => {
    const cataloger = createImageCataloger(new URL('https://registry.example.com/catalog-worker.js'));
    expect(namesOf(await cataloger.catalog([sourceOf(base)], limits, never))).toMatchObject({
      kind: 'unreadable',
      error: { why: expect.stringContaining('it could not be read') },
      mayPass: true,
    });
  });

  test('V6: a layer that is known is not read again, and only for who has shown that it is there', async () => {
    const cataloger = createImageCataloger(program);
    const entries = [npm('a', '1.0.0')];
    await cataloger.catalog([sourceOf(entries)], limits, never);
    const again = sourceOf(entries, { createdBy: 'another step' });
    const outcome = await cataloger.catalog([again, sourceOf([npm('b', '2.0.0')])], limits, never);
    expect(namesOf(outcome)).toEqual(['a 1.0.0', 'b 2.0.0']);
    expect(outcome.ok && outcome.value.packages[0]?.createdBy).toBe('another step');
    expect(again.reads).toBe(0);
    const stranger = sourceOf(entries, {
      mayKnow: async () => false,
      read: async () => fail('no such blob'),
    });
    expect(namesOf(await cataloger.catalog([stranger], limits, never))).toEqual({
      kind: 'source',
      failure: 'no such blob',
    });
  });

  test('what is known of a layer goes to the thread when that has taken what went before', async () => {
    const busy = join(scratch, 'busy.mjs');
    writeFileSync(
      busy,
      `import { parentPort } from 'node:worker_threads';
       const layer = { ok: true, value: { bytes: new Uint8Array(1), unpacked: 1 } };
       const catalog = { ok: true, value: { kind: 'list', list: { packages: [], gaps: [] } } };
       parentPort.on('message', ({ kind }) => {
         if (kind === 'end') parentPort.postMessage({ kind: 'layer', read: layer });
         if (kind === 'catalog') parentPort.postMessage({ kind: 'catalog', catalog });
       });`,
    );
    const ending = new AbortController();
    let asked = 0;
    const mayKnow = async (): Promise<boolean> => {
      asked += 1;
      setTimeout(() => ending.abort(), 50);
      return true;
    };
    const layers = Array.from({ length: 10 }, () => sourceOf(base, { mayKnow }));
    const cataloger = createImageCataloger(pathToFileURL(busy));
    expect(namesOf(await cataloger.catalog(layers, limits, ending.signal))).toEqual({ kind: 'late' });
    expect(asked).toBe(1);
  });

  test('V4: what a link leads to is read once more for the first image on a base, and not for the next', async () => {
    const cataloger = createImageCataloger(program);
    const status = 'Package: musl\nStatus: install ok installed\nVersion: 1.2.3\n';
    const entries = [...base, file('srv/other', status)];
    await cataloger.catalog([sourceOf(entries)], limits, never);
    const again = sourceOf(entries);
    const next = [again, sourceOf([npm('a', '1.0.0')])];
    expect(namesOf(await cataloger.catalog(next, limits, never))).toEqual(['libc6 2.36-9', 'a 1.0.0']);
    expect(again.reads).toBe(0);
    // Another image leads to another file of the same layer.
    const other = sourceOf(entries);
    const link = { type: '2', name: 'var/lib/dpkg/status', link: '/srv/other', content: '' };
    expect(namesOf(await cataloger.catalog([other, sourceOf([link])], limits, never))).toEqual([
      'musl 1.2.3',
    ]);
    expect(other.reads).toBe(1);
    const stranger = sourceOf(entries, {
      mayKnow: async () => false,
      read: async () => fail('no such blob'),
    });
    expect(namesOf(await cataloger.catalog([stranger], limits, never))).toMatchObject({ kind: 'source' });
  });

  test('V2: a layer under the name of another is not known by it', async () => {
    const cataloger = createImageCataloger(program);
    const honest = sourceOf([npm('a', '1.0.0')]);
    await cataloger.catalog([honest], limits, never);
    const other = sourceOf([npm('a', '1.0.0')], { diffId: digestOf(Buffer.from('x')) });
    expect(namesOf(await cataloger.catalog([other], limits, never))).toMatchObject({ kind: 'unreadable' });
    expect(other.reads).toBe(1);
  });

  test('V3: a layer is lazy by its annotations', async () => {
    const annotations = { 'containerd.io/snapshot/stargz/toc.digest': 'x' };
    const outcome = await createImageCataloger(program).catalog(
      [sourceOf([], { annotations })],
      limits,
      never,
    );
    expect(outcome).toMatchObject({ value: { gaps: [{ kind: 'lazy-layer' }] } });
  });

  test('V5: a foreign layer is not asked for', async () => {
    const foreign = sourceOf([], { mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' });
    const outcome = await createImageCataloger(program).catalog([foreign], limits, never);
    expect(namesOf(outcome)).toMatchObject({ kind: 'unreadable', error: { kind: 'invalid' } });
    expect(foreign.reads).toBe(0);
  });
});

describe('V5: an image that nobody can trust ends, and the next one is read', () => {
  const good = (): Source => sourceOf([npm('good', '1.0.0')]);

  test.each<[string, () => Source, Partial<typeof limits>, object]>([
    [
      'a bomb',
      () => sourceOf([file('zeros', Buffer.alloc(50_000_000))]),
      { unpacked: 1_000_000 },
      { error: { kind: 'limit' } },
    ],
    [
      'more files than may be',
      () => sourceOf(Array.from({ length: 2000 }, (_, at) => file(`${at}`, ''))),
      { entries: 1000 },
      { error: { kind: 'limit' } },
    ],
    [
      'packages that fill the memory',
      () => sourceOf([file('var/lib/dpkg/status', 'Package: a\nVersion: 1\n\n'.repeat(200_000))]),
      {},
      { error: { kind: 'limit' } },
    ],
  ])('%s', async (_, hostile, bounds, want) => {
    const cataloger = createImageCataloger(program);
    const outcome = await cataloger.catalog([hostile()], { ...limits, ...bounds }, never);
    expect(namesOf(outcome)).toMatchObject({ kind: 'unreadable', ...want });
    expect(namesOf(await cataloger.catalog([good()], limits, never))).toEqual(['good 1.0.0']);
  });

  test('V2: a layer of three bytes is no empty one', async () => {
    const tiny = Buffer.from('abc');
    const layer = sourceOf([], {
      digest: digestOf(tiny),
      diffId: digestOf(Buffer.alloc(0)),
      read: async (take) => {
        await take(tiny);
        return ok(undefined);
      },
    });
    expect(namesOf(await createImageCataloger(program).catalog([layer], limits, never))).toMatchObject({
      kind: 'unreadable',
    });
  });

  test('layers together unpack to no more than one alone may', async () => {
    const large = (at: number): Source => sourceOf([file('zeros', Buffer.alloc(600_000, at))]);
    const outcome = await createImageCataloger(program).catalog(
      [large(1), large(2)],
      { ...limits, unpacked: 1_000_000 },
      never,
    );
    expect(namesOf(outcome)).toMatchObject({ kind: 'unreadable', error: { kind: 'limit' } });
  });

  const playing = (body: string): URL => {
    const path = join(scratch, `${createHash('sha256').update(body).digest('hex')}.mjs`);
    writeFileSync(
      path,
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { ${body} });`,
    );
    return pathToFileURL(path);
  };

  test.each<[string, string, string, true | undefined]>([
    ['a thread that ends, which may pass', 'process.exit(1)', 'the thread ended', true],
    ['a defect, which may pass', 'throw new Error("a defect")', 'a defect', true],
    [
      'more memory than a thread has, which stays so',
      'const held = []; for (;;) held.push(new Array(1e5).fill(held.length));',
      'more memory',
      undefined,
    ],
    ['a program that is not there', '', 'Cannot find module', true],
  ])('%s', async (_, body, why, mayPass) => {
    const thread = body === '' ? pathToFileURL(join(scratch, 'nowhere.mjs')) : playing(body);
    const outcome = await createImageCataloger(thread).catalog([good()], limits, never);
    expect(outcome).toMatchObject({
      error: { kind: 'unreadable', error: { why: expect.stringContaining(why) } },
    });
    expect(outcome.ok || ('mayPass' in outcome.error ? outcome.error.mayPass : undefined)).toBe(mayPass);
  });

  test.each([
    ['gives way to reviews where there are some', { givesWay: true }],
    ['gives way to nobody in a command, which has nothing else to do', undefined],
  ])('%s', async (_, data) => {
    const asked = playing(
      'throw new Error(JSON.stringify(process.getBuiltinModule("node:worker_threads").workerData))',
    );
    const outcome = await createImageCataloger(asked, data).catalog([good()], limits, never);
    const why = expect.stringContaining(JSON.stringify(data ?? { givesWay: false }));
    expect(outcome).toMatchObject({ error: { error: { why } } });
  });

  test.each([
    ['its time is over', 'for (;;);', { timeMs: 300 }],
    ['a thread that takes nothing', '', { timeMs: 300 }],
  ])('%s', async (_, body, bounds) => {
    const endless = sourceOf([], {
      read: async (take) => {
        while (await take(new Uint8Array(1000)));
        return ok(undefined);
      },
    });
    const outcome = await createImageCataloger(playing(`${body};`)).catalog(
      [endless],
      { ...limits, ...bounds },
      never,
    );
    expect(outcome).toEqual(fail({ kind: 'late' }));
  });

  test('nobody waits any more: the reading is told so', async () => {
    const gone = new AbortController();
    let told = false;
    const hanging = sourceOf([], {
      read: (_take, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            told = true;
            resolve(fail('aborted'));
          });
          gone.abort();
        }),
    });
    expect(await createImageCataloger(program).catalog([hanging], limits, gone.signal)).toEqual(
      fail({ kind: 'late' }),
    );
    expect(told).toBe(true);
  });
});
