import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  loadGeneration,
  loadPreviousGeneration,
  loadUsable,
  readAdvisoryTexts,
  swapGeneration,
} from './advisory-folder.ts';
import { compilePart, type Part } from './compile-part.ts';
import {
  nameOfGeneration,
  readGeneration,
  withParts,
  writeGeneration,
  type Generation,
} from './generation.ts';

const root = mkdtempSync(join(tmpdir(), 'advisories-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(root, 'data-'));
});

const asOf = '2026-11-01T00:00:00.000Z';
const partOf = (...ids: readonly string[]): Part =>
  compilePart(
    ids.map((id) => ({
      name: `${id}.json`,
      bytes: Buffer.from(
        JSON.stringify({
          id,
          summary: `about ${id}`,
          affected: [{ package: { ecosystem: 'PyPI', name: 'a' } }],
        }),
      ),
    })),
    'PyPI',
    new Date(asOf),
  );
const generationOf = (parts: Readonly<Record<string, Part>>): Generation =>
  withParts(
    { parts: [] },
    Object.entries(parts).map(([feed, { digest }]) => ({ feed, ecosystem: 'PyPI', digest, asOf })),
  );
const put = async (...parts: readonly Part[]): Promise<void> => {
  const before = await loadUsable(folder);
  await swapGeneration(
    folder,
    generationOf(Object.fromEntries(parts.map((part, index) => [`feed${index}`, part]))),
    parts,
    before.ok ? before.value.loaded.generation : undefined,
  );
};
const idsIn = async (load = loadGeneration): Promise<readonly string[] | string> => {
  const loaded = await load(folder);
  if (!loaded.ok) return loaded.error.kind;
  return loaded.value.lookup('PyPI', 'a').map(({ advisory }) => advisory.id);
};
const partFile = (suffix: string): string => {
  const name = readdirSync(join(folder, 'parts')).find((found) => found.endsWith(suffix));
  return join(folder, 'parts', name ?? '');
};

describe('a generation', () => {
  test('is put in force, answers from all its feeds, and gives texts', async () => {
    const parts = [partOf('X-1'), partOf('X-2', 'X-3')];
    await put(...parts);
    expect(await idsIn()).toEqual(['X-1', 'X-2', 'X-3']);
    const loaded = await loadGeneration(folder);
    if (!loaded.ok) throw new Error('not loaded');
    const texts = await readAdvisoryTexts(folder, loaded.value, new Set(['X-3', 'X-1', 'X-9', 'X']));
    expect(texts).toEqual({
      ok: true,
      value: new Map(['X-1', 'X-3'].map((id) => [id, { summary: `about ${id}`, references: [] }])),
    });
  });

  test('is kept when another takes its place, and what neither names is removed', async () => {
    await put(partOf('X-1'));
    await put(partOf('X-2'));
    expect([await idsIn(), await idsIn(loadPreviousGeneration)]).toEqual([['X-2'], ['X-1']]);
    await put(partOf('X-3'));
    expect([await idsIn(), await idsIn(loadPreviousGeneration)]).toEqual([['X-3'], ['X-2']]);
    expect(readdirSync(join(folder, 'parts'))).toHaveLength(4);
    expect(readdirSync(folder).sort()).toEqual(['generation.json', 'generation.previous.json', 'parts']);
  });

  test('shares the readers of parts that did not change', async () => {
    const [first, second] = [partOf('X-1'), partOf('X-2')];
    await put(first);
    const before = await loadGeneration(folder);
    if (!before.ok) throw new Error(before.error.why);
    await put(first, second);
    const after = await loadGeneration(folder, before.value);
    expect(after.ok && after.value.readers.get(first.digest)).toBe(before.value.readers.get(first.digest));
    expect(after.ok && after.value.name).not.toBe(before.value.name);
  });

  test.each<[string, () => void, string]>([
    ['was never there', () => rmSync(join(folder, 'generation.json')), 'none'],
    ['is no JSON', () => writeFileSync(join(folder, 'generation.json'), '{'), 'damaged'],
    [
      'lists what is no part',
      () => writeFileSync(join(folder, 'generation.json'), '{"schema":1,"parts":[{"feed":"x"}]}'),
      'damaged',
    ],
    [
      'is of another schema',
      () => writeFileSync(join(folder, 'generation.json'), '{"schema":2,"parts":[]}'),
      'other-schema',
    ],
    ['lacks a part', () => rmSync(partFile('.index')), 'unreadable'],
    ['has a part with other bytes', () => writeFileSync(partFile('.index'), 'x'), 'damaged'],
    [
      'has a part that is cut off',
      () => writeFileSync(partFile('.index'), readFileSync(partFile('.index')).subarray(0, -1)),
      'damaged',
    ],
  ])('V15: that %s is not half in force: %s', async (_, spoil, kind) => {
    await put(partOf('X-1'));
    spoil();
    expect(await idsIn()).toBe(kind);
  });

  test('V16: that cannot be used gives way to the one before, which a next one then follows', async () => {
    await put(partOf('X-1'));
    await put(partOf('X-2'));
    writeFileSync(join(folder, 'generation.json'), '{');
    const usable = await loadUsable(folder);
    expect(usable).toMatchObject({ ok: true, value: { fault: { kind: 'damaged' } } });
    expect(usable.ok && usable.value.loaded.lookup('PyPI', 'a').map(({ advisory }) => advisory.id)).toEqual([
      'X-1',
    ]);
    await put(partOf('X-3'));
    expect([await idsIn(), await idsIn(loadPreviousGeneration)]).toEqual([['X-3'], ['X-1']]);
    rmSync(folder, { recursive: true });
    expect(await loadUsable(folder)).toMatchObject({ ok: false, error: { kind: 'none' } });
  });

  test('with texts of other bytes shows none of them', async () => {
    await put(partOf('X-1'));
    writeFileSync(partFile('.texts'), 'x');
    const loaded = await loadGeneration(folder);
    if (!loaded.ok) throw new Error('not loaded');
    expect(await readAdvisoryTexts(folder, loaded.value, new Set(['X-1']))).toMatchObject({
      ok: false,
      error: { kind: 'damaged' },
    });
    expect(await readAdvisoryTexts(folder, loaded.value, new Set(['X-9']))).toEqual({
      ok: true,
      value: new Map(),
    });
  });

  test('is what it was when the new one cannot be written', async () => {
    await put(partOf('X-1'));
    const next = generationOf({ feed0: partOf('X-2') });
    const broken = { ...partOf('X-2'), index: 7 as unknown as Buffer };
    await expect(swapGeneration(folder, next, [broken])).rejects.toThrow('argument');
    expect(await idsIn()).toEqual(['X-1']);
  });

  test('is named by its parts, whatever their order and age, and is read as it was written', () => {
    const [one, other] = [partOf('X-1'), partOf('X-2')];
    const generation = generationOf({ a: one, b: other });
    const later = { parts: generation.parts.map((part) => ({ ...part, asOf: '2026-12-01T00:00:00.000Z' })) };
    expect(nameOfGeneration(generationOf({ b: other, a: one }))).toBe(nameOfGeneration(generation));
    expect(nameOfGeneration(later)).toBe(nameOfGeneration(generation));
    expect(nameOfGeneration(generationOf({ a: one }))).not.toBe(nameOfGeneration(generation));
    expect(readGeneration(writeGeneration(generation))).toEqual({ ok: true, value: generation });
  });

  test('exchanges the part of one feed, and keeps the others', () => {
    const [one, other, next] = [partOf('X-1'), partOf('X-2'), partOf('X-3')];
    const before = generationOf({ a: one, b: other });
    expect(withParts(before, generationOf({ a: next }).parts)).toEqual(generationOf({ a: next, b: other }));
  });
});
