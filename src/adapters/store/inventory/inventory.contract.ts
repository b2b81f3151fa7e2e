import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Digest } from '../../../core/image/digest.ts';
import type { AdvisoryEntry, AdvisoryLookup, VersionEvent } from '../../../core/vulnerability/advisory.ts';
import { gapKinds } from '../../../core/vulnerability/gap.ts';
import type { Package } from '../../../core/vulnerability/package.ts';
import type { PackageList } from '../../../core/vulnerability/package-list.ts';
import { affectedImages } from '../../../gate/affected-images.ts';
import type { Inventory, InventoryPage, InventoryPosition } from '../../../gate/inventory.ts';
import type { RetentionPolicy } from '../../../gate/store.ts';
import { tellsHosts } from './delivering-hosts.contract.ts';

const start = Date.UTC(2026, 0, 1);
const [cataloger, host] = ['imagegate 3', 'registry.example.com'] as const;
const keepAll: RetentionPolicy = { maxAgeMs: 1e12, maxBytes: 1e12, slice: 10 };

export const imageNumber = (n: number): Digest => `sha256:${n.toString(16).padStart(64, '0')}` as Digest;
const deb = (name: string, version: string, source = name): Package => ({
  ecosystem: 'Debian:12',
  name,
  version,
  ...(source !== name && { source: { name: source, version } }),
});
const npm = (name: string, version: string): Package => ({ ecosystem: 'npm', name, version });
export const listFrom = (...packages: Package[]): PackageList => ({ packages, gaps: [] });

/** Everything that a list can hold: owners in the list and beside it, layers, build steps, gaps. */
export const richList: PackageList = {
  packages: [
    {
      ...deb('python3-yaml', '6.0-3+b2', 'pyyaml'),
      purl: 'pkg:deb/debian/python3-yaml@6.0-3+b2?arch=amd64',
      path: 'var/lib/dpkg/status',
      layer: imageNumber(71),
      createdBy: 'RUN apt-get install python3-yaml',
    },
    {
      ecosystem: 'PyPI',
      name: 'PyYAML',
      version: '6.0',
      path: 'usr/lib/python3/dist-packages/PyYAML-6.0.egg-info',
      layer: imageNumber(71),
      owner: {
        ...deb('python3-yaml', '6.0-3+b2', 'pyyaml'),
        purl: 'pkg:deb/debian/python3-yaml@6.0-3+b2?arch=amd64',
        path: 'var/lib/dpkg/status',
        layer: imageNumber(71),
        createdBy: 'RUN apt-get install python3-yaml',
      },
    },
    { ...npm('left-pad', '1.3.0'), layer: imageNumber(72), owner: deb('node-left-pad', '1.3.0-2') },
    { ecosystem: 'AlmaLinux:9', name: 'php', version: '8.1.2-1', module: 'php:8.1', createdBy: '' },
    npm('left-pad', '1.3.0'),
  ],
  gaps: [
    { kind: 'unowned-binary', what: 'usr/local/bin/tool' },
    { kind: 'version-unknown', what: '' },
  ],
  createdAt: '2026-01-01T00:00:00Z',
  distribution: { id: 'debian', versionId: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
};

const keep = (store: Inventory, n: number, list: PackageList, usedAt = start + n): Promise<void> =>
  store.append([{ image: imageNumber(n), usedAt, found: { cataloger, host, list } }]);
const ask = (store: Inventory, n: number, usedAt: number): Promise<void> =>
  store.append([{ image: imageNumber(n), usedAt }]);

const allRows = async <Row>(
  read: (after?: InventoryPosition) => Promise<InventoryPage<Row>>,
): Promise<Row[]> => {
  const rows: Row[] = [];
  let after: InventoryPosition | undefined;
  do {
    const page = await read(after);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
};
const heldBy = async (store: Inventory, query: Parameters<Inventory['holding']>[0]) => {
  const rows = await allRows((after) => store.holding(query, after));
  return rows.map((row) => `${Number.parseInt(row.image.slice(-8), 16)} ${row.package.version}`).sort();
};

/** What reviews rely on. */
const givesListsBack = (store: () => Inventory): void => {
  test('gives back a list as it was', async () => {
    await keep(store(), 1, richList);
    expect(await store().list(imageNumber(1), cataloger)).toEqual(richList);
  });
};

const text = fc.string({ unit: 'binary', maxLength: 20 });
const anyPackage = fc.letrec<{ found: Package }>((tie) => ({
  found: fc.record(
    {
      ecosystem: fc.constantFrom('Debian:12', 'npm', 'PyPI', 'Go'),
      name: text,
      version: text,
      purl: text,
      source: fc.record({ name: text, version: text }),
      module: text,
      path: text,
      layer: fc.nat(3).map(imageNumber),
      createdBy: text,
      owner: fc.oneof({ maxDepth: 2 }, fc.constant(npm('owner', '1')), tie('found')),
    },
    { requiredKeys: ['ecosystem', 'name', 'version'] },
  ),
})).found;
const anyList = fc.record(
  {
    packages: fc.array(anyPackage, { maxLength: 8 }),
    gaps: fc.array(fc.record({ kind: fc.constantFrom(...gapKinds), what: text }), { maxLength: 3 }),
    createdAt: text,
    distribution: fc.record({ id: text, versionId: text, name: text }, { requiredKeys: ['id'] }),
  },
  { requiredKeys: ['packages', 'gaps'] },
) as fc.Arbitrary<PackageList>;

/** What comes from strangers. */
const keepsAnyText = (store: () => Inventory): void => {
  test('V18: keeps any text as it is', async () => {
    const texts = [
      'a\u0000b',
      '\ud800',
      '\u0001"x"',
      `'); DROP TABLE images; --`,
      '\u202e%_\\',
      ' ',
      '漢'.repeat(4096),
    ];
    const packages = texts.map((text) => ({
      ecosystem: `npm:${text}`,
      name: text,
      version: text,
      purl: text,
      source: { name: text, version: text },
      module: text,
      path: text,
      createdBy: text,
    }));
    const list: PackageList = {
      packages,
      gaps: texts.map((what) => ({ kind: 'lazy-layer', what })),
      createdAt: texts[0] ?? '',
      distribution: { id: texts[1] ?? '', versionId: texts[2] ?? '', name: texts[6] ?? '' },
    };
    await keep(store(), 1, list);
    expect(await store().list(imageNumber(1), cataloger)).toEqual(list);
    for (const text of texts)
      expect(await heldBy(store(), { names: [{ ecosystem: `npm:${text}`, name: text }] })).toEqual([
        `1 ${text}`,
      ]);
  });

  test('gives back any list as it was', async () => {
    await fc.assert(
      fc.asyncProperty(anyList, async (list) => {
        await keep(store(), 1, list);
        expect(await store().list(imageNumber(1), cataloger)).toEqual(list);
      }),
      { numRuns: 25 },
    );
  });
};

/** What becomes of the lists of one image. */
const tellsListsApart = (store: () => Inventory): void => {
  test('gives back a long list, and tells an empty one from none', async () => {
    const long = listFrom(...Array.from({ length: 2_345 }, (_, n) => npm(`p${n % 2_000}`, `${n}.0.0`)));
    await keep(store(), 1, long);
    await keep(store(), 2, listFrom());
    expect(await store().list(imageNumber(1), cataloger)).toEqual(long);
    expect(await store().list(imageNumber(2), cataloger)).toEqual(listFrom());
    expect(await store().list(imageNumber(3), cataloger)).toBeUndefined();
  });

  test('V16: the list of another digest, or of another version of the cataloger, is none', async () => {
    await keep(store(), 1, richList);
    await ask(store(), 2, start);
    expect(await store().list(imageNumber(2), cataloger)).toBeUndefined();
    expect(await store().list(imageNumber(1), 'imagegate 4')).toBeUndefined();
  });

  test('keeps the lists of two versions of the cataloger, and of each the last', async () => {
    const [older, newer, last] = ['1', '2', '3'].map((version) => listFrom(npm('a', version), npm('b', '1')));
    const found = (version: string, list = listFrom()) => ({
      image: imageNumber(1),
      usedAt: start,
      found: { cataloger: version, host, list },
    });
    await store().append([found('1', older), found('2', newer)]);
    await store().append([found('2', last), found('2', last)]);
    expect(await store().list(imageNumber(1), '1')).toEqual(older);
    expect(await store().list(imageNumber(1), '2')).toEqual(last);
    expect(await heldBy(store(), { names: [{ ecosystem: 'npm', name: 'a' }] })).toEqual(['1 1', '1 3']);
  });

  test('stores nothing of a batch that holds something it cannot store', async () => {
    const broken = { image: null as unknown as Digest, usedAt: start };
    const whole = { image: imageNumber(1), usedAt: start, found: { cataloger, host, list: richList } };
    await expect(store().append([whole, broken])).rejects.toThrow(/null/i);
    expect(await store().list(imageNumber(1), cataloger)).toBeUndefined();
    await store().append([whole]);
    expect(await store().list(imageNumber(1), cataloger)).toEqual(richList);
  });
};

const entryOf = (ecosystem: string, name: string, events: readonly VersionEvent[]): AdvisoryEntry => ({
  advisory: { id: 'CVE-2026-1', aliases: [], upstream: [], ratings: [] },
  affected: { ecosystem, name, ranges: [events], versions: [], ratings: [] },
});

/** What later views rely on. */
const answersQuestions = (store: () => Inventory): void => {
  test('finds the images that hold a package, by its own name and by that of its source', async () => {
    await keep(store(), 1, listFrom(deb('libssl3', '3.0.9-1', 'openssl'), npm('openssl', '1.0.0')));
    await keep(store(), 2, listFrom(deb('openssl', '3.0.11-1'), deb('zlib1g', '1', 'zlib')));
    await keep(store(), 3, listFrom({ ...deb('openssl', '1.1.1'), ecosystem: 'Debian:11' }));
    const held = (ecosystem: string, name: string) => heldBy(store(), { names: [{ ecosystem, name }] });
    expect(await held('Debian:12', 'libssl3')).toEqual(['1 3.0.9-1']);
    expect(await held('Debian:12', 'openssl')).toEqual(['1 3.0.9-1', '2 3.0.11-1']);
    expect(await held('Debian', 'openssl')).toEqual(['1 3.0.9-1', '2 3.0.11-1', '3 1.1.1']);
    expect(await held('npm', 'openssl')).toEqual(['1 1.0.0']);
    expect(await held('npm', 'open')).toEqual([]);
    expect(await heldBy(store(), { names: [] })).toEqual([]);
    const both = ['openssl', 'zlib'].map((name) => ({ ecosystem: 'Debian:12', name }));
    expect(await heldBy(store(), { names: both })).toEqual(['1 3.0.9-1', '2 1', '2 3.0.11-1']);
  });

  test('finds names as their ecosystem writes them, and where they lie', async () => {
    await keep(store(), 1, richList);
    expect(await heldBy(store(), { names: [{ ecosystem: 'PyPI', name: 'pyyaml' }] })).toEqual(['1 6.0']);
    const { rows } = await store().holding({ names: [{ ecosystem: 'Debian', name: 'pyyaml' }] });
    expect(rows).toEqual([{ image: imageNumber(1), cataloger, package: richList.packages[0] }]);
    // An owner that is in no list is nothing that the image holds.
    expect(await heldBy(store(), { names: [{ ecosystem: 'Debian', name: 'node-left-pad' }] })).toEqual([]);
  });
};

/** What is derived from versions. */
const findsVersions = (store: () => Inventory): void => {
  test('finds a range of versions in the order of their ecosystem, and what nobody can compare', async () => {
    for (const [n, version] of ['1.9-1', '1.10-1', '1:0.1-1', '1.8~rc1-1', 'no version'].entries())
      await keep(store(), n, listFrom(deb('curl', version)));
    const range: VersionEvent[] = [
      { kind: 'introduced', version: '1.8' },
      { kind: 'fixed', version: '1.10-1' },
    ];
    const names = [{ ecosystem: 'Debian:12', name: 'curl' }];
    expect(await heldBy(store(), { names, range })).toEqual(['0 1.9-1', '4 no version']);
  });

  test('finds the images of a vulnerability, as a review would judge them', async () => {
    await keep(store(), 1, listFrom(deb('libssl3', '3.0.9-1', 'openssl'), npm('tar', '6.0.0')));
    await keep(store(), 2, listFrom(deb('libssl3', '3.0.11-1', 'openssl')));
    await keep(store(), 3, listFrom(npm('tar', '6.0.1'), npm('tar', '5.0.0')));
    const entries = [
      entryOf('Debian:12', 'openssl', [{ kind: 'fixed', version: '3.0.10-1' }]),
      entryOf('npm', 'tar', [{ kind: 'fixed', version: '6.0.1' }]),
    ];
    const lookup: AdvisoryLookup = (ecosystem, name) =>
      entries.filter(({ affected }) => affected.ecosystem === ecosystem && affected.name === name);
    const found: string[] = [];
    for await (const { image, match } of affectedImages(store(), entries, lookup))
      found.push(`${Number(image.slice(-1))} ${match.package.name} ${match.package.version} ${match.fixed}`);
    expect(found.sort()).toEqual(['1 libssl3 3.0.9-1 3.0.10-1', '1 tar 6.0.0 6.0.1', '3 tar 5.0.0 6.0.1']);
  });
};

/** What is known of all images. */
const knowsAllImages = (store: () => Inventory): void => {
  test('answers in pages, and leaves nothing out', async () => {
    for (let n = 0; n < 600; n += 100)
      await store().append(
        Array.from({ length: 100 }, (_, at) => ({
          image: imageNumber(n + at),
          usedAt: start,
          found: { cataloger, host, list: listFrom(npm('same', '1.0.0'), npm('other', `${n + at}.0.0`)) },
        })),
      );
    const first = await store().holding({ names: [{ ecosystem: 'npm', name: 'same' }] });
    expect(first.rows.length).toBeLessThan(600);
    expect(new Set(await heldBy(store(), { names: [{ ecosystem: 'npm', name: 'same' }] })).size).toBe(600);
    expect(await heldBy(store(), { names: [{ ecosystem: 'npm', name: 'other' }] })).toHaveLength(600);
    const range: VersionEvent[] = [{ kind: 'introduced', version: '590.0.0' }];
    expect(await heldBy(store(), { names: [{ ecosystem: 'npm', name: 'other' }], range })).toHaveLength(10);
    expect(await allRows((after) => store().listed(after))).toHaveLength(600);
    expect(await allRows((after) => store().lacking('none', after))).toHaveLength(600);
  });

  test('knows what was asked for and has no list', async () => {
    await ask(store(), 1, start);
    await keep(store(), 2, listFrom());
    await store().append([
      { image: imageNumber(3), usedAt: start, found: { cataloger: 'old', host, list: listFrom() } },
    ]);
    expect((await store().lacking(cataloger)).rows).toEqual([imageNumber(1), imageNumber(3)]);
    await keep(store(), 1, listFrom());
    expect((await store().lacking(cataloger)).rows).toEqual([imageNumber(3)]);
  });

  test('knows of each list who made it, when, of which system, and its last use', async () => {
    await keep(store(), 1, richList, start);
    await ask(store(), 1, start + 9_000);
    await ask(store(), 1, start + 3_000);
    expect((await store().listed()).rows).toEqual([
      {
        image: imageNumber(1),
        cataloger,
        listedAt: start,
        usedAt: start + 9_000,
        distribution: richList.distribution,
      },
    ]);
  });
};

const pruneAll = async (store: Inventory, policy: RetentionPolicy, now: number): Promise<number[]> => {
  const slices: number[] = [];
  for (;;) {
    const { removed, more } = await store.prune(policy, now);
    slices.push(removed);
    if (!more) return slices;
  }
};
const numbersLeft = async (store: Inventory): Promise<number[]> =>
  (await allRows((after) => store.listed(after))).map(({ image }) => Number.parseInt(image.slice(-8), 16));

/** What retention relies on. */
const forgets = (store: () => Inventory): void => {
  test('forgets what nobody has asked for longest, a slice at a time, and keeps what others hold too', async () => {
    for (let n = 0; n < 35; n += 1)
      await keep(store(), n, listFrom(npm('shared', '1.0.0'), npm(`own-${n}`, '1.0.0')), start + n * 1_000);
    await ask(store(), 3, start + 100_000);
    const slices = await pruneAll(store(), { ...keepAll, maxAgeMs: 10_000 }, start + 40_000);
    expect(Math.max(...slices)).toBeLessThanOrEqual(10);
    expect(await numbersLeft(store())).toEqual([3, 30, 31, 32, 33, 34]);
    expect(await heldBy(store(), { names: [{ ecosystem: 'npm', name: 'shared' }] })).toHaveLength(6);
    expect(await heldBy(store(), { names: [{ ecosystem: 'npm', name: 'own-7' }] })).toEqual([]);
    expect(await store().list(imageNumber(3), cataloger)).toEqual(
      listFrom(npm('shared', '1.0.0'), npm('own-3', '1.0.0')),
    );
  });

  test('forgets by size, and no more than needed', async () => {
    const long = 'x'.repeat(1_000);
    for (let n = 0; n < 60; n += 1)
      await keep(
        store(),
        n,
        listFrom(...Array.from({ length: 30 }, (_, at) => npm(`${long}-${at}`, `${n}.0.0`))),
      );
    await pruneAll(store(), { ...keepAll, maxBytes: 3_000_000, slice: 4 }, start);
    const left = await numbersLeft(store());
    expect(left.length).toBeGreaterThan(5);
    expect(left.length).toBeLessThan(55);
    expect(left).toEqual(left.map((_, at) => 60 - left.length + at));
  });

  test('removes nothing that the policy keeps', async () => {
    await keep(store(), 1, richList);
    expect(await store().prune(keepAll, start)).toEqual({ removed: 0, more: false });
    expect(await store().list(imageNumber(1), cataloger)).toEqual(richList);
  });
};

/** What every inventory must do. `reopen` closes the store and opens the same data again. */
export const inventoryContract = (
  name: string,
  makeStore: () => Promise<{ store: Inventory; reopen: () => Promise<Inventory> }>,
): void => {
  describe(`${name} as an inventory`, () => {
    let store: Inventory;
    let reopen: () => Promise<Inventory>;
    beforeEach(async () => {
      ({ store, reopen } = await makeStore());
    });
    afterEach(() => store.close());

    givesListsBack(() => store);
    keepsAnyText(() => store);
    tellsListsApart(() => store);
    answersQuestions(() => store);
    findsVersions(() => store);
    knowsAllImages(() => store);
    forgets(() => store);
    tellsHosts(() => store);

    test('keeps everything across a restart, and goes on after it', async () => {
      await keep(store, 1, richList);
      store = await reopen();
      await keep(store, 2, richList);
      for (const n of [1, 2]) expect(await store.list(imageNumber(n), cataloger)).toEqual(richList);
    });
  });
};
