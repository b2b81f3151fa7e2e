import { createHash, randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectGarbage } from '../../../test/collect-garbage.ts';
import { tarOf } from '../../../test/fakes/tar-writer.ts';
import { parseDigest, type Digest } from '../../core/image/digest.ts';
import { ok } from '../../core/result.ts';
import { readLayer } from './read-layer.ts';
import { unpack } from './unpack.ts';

const limits = { entries: 1000, bytes: 50_000_000, name: 4096 };
const digestOf = (bytes: Uint8Array): Digest => {
  const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  if (!digest.ok) throw new Error(digest.error);
  return digest.value;
};
// oxlint-disable-next-line func-style -- a generator has no arrow form
async function* chunksOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const tar = Buffer.from(
  tarOf(
    [
      { type: '0', name: 'app/node_modules/a/package.json', content: '{"name":"a","version":"1.0.0"}' },
      { type: '0', name: 'large', content: Buffer.alloc(300_000, 'text ') },
      { type: '0', name: 'app/node_modules/b/package.json', content: '{"name":"b","version":"2.0.0"}' },
    ],
    2,
  ),
);
const half = tar.length - 2048;
const [front, back] = [tar.subarray(0, half), tar.subarray(half)];
const zeros = Buffer.alloc(700);
const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

const read = async (packed: Uint8Array, { chunk = 65_536, diffId = digestOf(tar), most = limits } = {}) => {
  const layer = await readLayer(chunksOf(packed, chunk), { diffId, limits: most });
  return layer.ok ? layer.value : layer.error;
};
const namesIn = (layer: Awaited<ReturnType<typeof read>>): unknown => {
  if (!('root' in layer)) return layer.why;
  const app = layer.root.children.get('app');
  const modules =
    typeof app === 'object' && app.kind === 'directory' ? app.children.get('node_modules') : undefined;
  return typeof modules === 'object' && modules.kind === 'directory' ? [...modules.children.keys()] : [];
};

describe('V2: all of a layer is read', () => {
  test.each<[string, Uint8Array]>([
    ['plain', tar],
    ['gzip', gzipSync(tar)],
    ['gzip of several members', Buffer.concat([gzipSync(front), gzipSync(back)])],
    ['gzip with zeros between its members', Buffer.concat([gzipSync(front), zeros, gzipSync(back)])],
    ['gzip with zeros behind it', Buffer.concat([gzipSync(tar), zeros])],
    ['gzip with an empty member', Buffer.concat([gzipSync(front), gzipSync(''), gzipSync(back)])],
    ['zstd', zstdCompressSync(tar)],
    ['zstd of several frames', Buffer.concat([zstdCompressSync(front), zstdCompressSync(back)])],
    ['zstd that begins with a frame that is skipped', Buffer.concat([skipped, zstdCompressSync(tar)])],
    [
      'zstd with frames that are skipped',
      Buffer.concat([zstdCompressSync(front), skipped, skipped, zstdCompressSync(back), skipped]),
    ],
    [
      'zstd of a frame for each block',
      Buffer.concat(
        Array.from({ length: tar.length / 512 }, (_, at) =>
          zstdCompressSync(tar.subarray(at * 512, at * 512 + 512)),
        ),
      ),
    ],
  ])('%s', async (_, packed) => {
    const frame = zstdCompressSync(front).length;
    for (const chunk of [packed.length, 65_536, 1000, frame, frame - 1]) {
      const layer = await read(packed, { chunk });
      expect(namesIn(layer)).toEqual(['a', 'b']);
      expect(layer).toMatchObject({ unpacked: tar.length, isLazy: false });
    }
  });

  test.each<[string, Uint8Array, string]>([
    ['another layer', gzipSync(front), 'not what its config names'],
    [
      'something behind the last member',
      Buffer.concat([gzipSync(tar), gzipSync('x')]),
      'not what its config names',
    ],
    ['no gzip behind a member', Buffer.concat([gzipSync(tar), Buffer.from('rest')]), 'cannot be unpacked'],
    [
      'no zstd behind a frame',
      Buffer.concat([zstdCompressSync(tar), Buffer.from('rest')]),
      'cannot be unpacked',
    ],
    ['zeros behind zstd', Buffer.concat([zstdCompressSync(tar), zeros]), 'cannot be unpacked'],
    ['gzip that is cut', gzipSync(tar).subarray(0, -5), 'ends too early'],
    ['zstd that is cut', zstdCompressSync(tar).subarray(0, -5), 'ends too early'],
    [
      'a second frame that is cut',
      Buffer.concat([zstdCompressSync(tar), zstdCompressSync(back).subarray(0, 9)]),
      'ends too early',
    ],
    ['nothing', new Uint8Array(0), 'not what its config names'],
  ])('%s cannot be read', async (_, packed, why) => {
    for (const chunk of [65_536, 100])
      expect(await read(packed, { chunk })).toMatchObject({
        kind: 'invalid',
        why: expect.stringContaining(why),
      });
  });

  test('however it is cut into members and chunks', async () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: tar.length - 1 }), { maxLength: 6 });
    const form = fc.constantFrom('gzip', 'zstd');
    await fc.assert(
      fc.asyncProperty(cuts, form, fc.integer({ min: 50, max: 5000 }), async (at, packedForm, chunk) => {
        const ends = [...at.toSorted((one, other) => one - other), tar.length];
        const parts = ends.map((end, index) => tar.subarray(ends[index - 1] ?? 0, end));
        const packed = parts.map((part) => (packedForm === 'gzip' ? gzipSync(part) : zstdCompressSync(part)));
        expect(namesIn(await read(Buffer.concat(packed), { chunk }))).toEqual(['a', 'b']);
      }),
      { numRuns: 60 },
    );
  });
});

test.each([
  ['gzip', (bytes: Uint8Array): Uint8Array => gzipSync(bytes)],
  ['zstd', (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes)],
])('what %s unpacks to does not wait in memory for a collection when it was taken', async (_, pack) => {
  const bytes = randomBytes(10_000_000);
  const taken: Uint8Array[] = [];
  let length = 0;
  const unpacked = await unpack(chunksOf(pack(bytes), 65_536), (chunk) => {
    taken.push(chunk);
    length += chunk.length;
    return ok(undefined);
  });
  expect(unpacked.ok && length).toBe(bytes.length);
  // Memory that was freed has no length any more.
  expect(taken.reduce((sum, chunk) => sum + chunk.length, 0)).toBeLessThan(1_000_000);
});

describe('V5: layers over a limit', () => {
  test('a bomb ends at the limit, and is not unpacked to its end', async () => {
    const bomb = Buffer.concat(Array.from({ length: 50 }, () => gzipSync(Buffer.alloc(10_000_000))));
    const usage = process.cpuUsage();
    expect(await read(bomb, { most: { ...limits, bytes: 1_000_000 } })).toMatchObject({ kind: 'limit' });
    expect(process.cpuUsage(usage).user / 1000).toBeLessThan(1000);
  });

  test('more entries than may be', async () => {
    expect(await read(gzipSync(tar), { most: { ...limits, entries: 2 } })).toMatchObject({ kind: 'limit' });
  });

  test('lists of files that are longer together than a layer may keep', async () => {
    const lists = (count: number): Uint8Array =>
      tarOf(
        Array.from({ length: count }, (_, at) => ({
          type: '0',
          name: `var/lib/dpkg/info/p${at}.list`,
          content: Buffer.alloc(4_000_000, '/usr/share/file\n'),
        })),
        2,
      );
    const most = { ...limits, bytes: 100_000_000 };
    const [few, many] = [lists(12), lists(13)];
    expect(await read(gzipSync(few), { diffId: digestOf(few), most })).toMatchObject({ isLazy: false });
    expect(await read(gzipSync(many), { diffId: digestOf(many), most })).toMatchObject({ kind: 'limit' });
  });

  test('names do not keep the files in which they were found', async () => {
    const content = `{"name":"a-name-as-long-as-a-part-of-a-text-has-to-be","version":"1.0.0","x":"${'x'.repeat(1_040_000)}"}`;
    const tar = tarOf(
      Array.from({ length: 120 }, (_, at) => ({
        type: '0',
        name: `${at}/node_modules/p/package.json`,
        content,
      })),
      2,
    );
    collectGarbage();
    const before = process.memoryUsage().external + process.memoryUsage().heapUsed;
    const layer = await read(gzipSync(tar), { diffId: digestOf(tar), most: { ...limits, bytes: 1e9 } });
    const kept = (): number => {
      collectGarbage();
      const { external, heapUsed } = process.memoryUsage();
      return external + heapUsed - before;
    };
    // What a collection has found is freed a while later, by another thread.
    await expect.poll(kept).toBeLessThan(20_000_000);
    expect(layer).toMatchObject({ isLazy: false });
  });

  test('no tar', async () => {
    const text = Buffer.from('no tar, but more than one block. '.repeat(100));
    expect(await read(gzipSync(text), { diffId: digestOf(text) })).toMatchObject({ kind: 'invalid' });
  });
});

describe('V3: lazy layers', () => {
  test.each<[string, Uint8Array, Uint8Array]>([
    [
      'a table of eStargz in the archive',
      tarOf([{ type: '0', name: 'stargz.index.json', content: '{}' }], 2),
      new Uint8Array(0),
    ],
    [
      'a frame of zstd:chunked at its end',
      tar,
      Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0]), Buffer.from('GNUlInUx')]),
    ],
  ])('%s', async (_, content, behind) => {
    const packed = Buffer.concat([zstdCompressSync(content), behind]);
    expect(await read(packed, { diffId: digestOf(content) })).toMatchObject({ isLazy: true });
  });
});
