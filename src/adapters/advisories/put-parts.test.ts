import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { tryLock } from '../../files/kernel-lock.ts';
import { loadPreviousGeneration, loadUsable } from './advisory-folder.ts';
import { compilePart } from './compile-part.ts';
import { feedStatuses } from './feed-status.ts';
import { putParts, type OfferedPart, type PartOutcome } from './put-parts.ts';

const root = mkdtempSync(join(tmpdir(), 'put-parts-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
beforeEach(() => {
  folder = join(mkdtempSync(join(root, 'data-')), 'advisories');
});

const offer = (
  feed: string,
  ids: readonly string[],
  modified = '2026-11-01',
  asOf = modified,
): OfferedPart => ({
  feed,
  asOf: `${asOf}T00:00:00.000Z`,
  part: compilePart(
    ids.map((id) => ({
      name: `${id}.json`,
      bytes: Buffer.from(
        JSON.stringify({
          id,
          modified: `${modified}T00:00:00Z`,
          affected: [{ package: { ecosystem: 'PyPI', name: 'a' } }],
        }),
      ),
    })),
    'PyPI',
    new Date('2026-11-29T00:00:00Z'),
  ),
});
const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `X-${index}`);
const put = async (
  offered: readonly OfferedPart[],
  options?: Parameters<typeof putParts>[2],
): Promise<readonly string[]> => {
  const put = await putParts(folder, offered, options);
  if (!put.ok) throw new Error(put.error);
  const word = (outcome: PartOutcome): string =>
    outcome.kind === 'refused' ? outcome.refusal.kind : outcome.kind;
  return put.value.map(word);
};
const inForce = async (): Promise<readonly string[]> => {
  const usable = await loadUsable(folder);
  if (!usable.ok) return [usable.error.kind];
  return feedStatuses(usable.value.loaded).map(
    ({ feed, summary, asOf }) => `${feed} ${summary.advisories} ${asOf.slice(0, 10)}`,
  );
};

describe('V15: parts', () => {
  test('are put in force together, and those of other feeds stay', async () => {
    expect(await put([offer('osv', ids(10)), offer('own', ['Y'])])).toEqual(['accepted', 'accepted']);
    expect(await put([offer('osv', ids(11))])).toEqual(['accepted']);
    expect(await inForce()).toEqual(['osv 11 2026-11-01', 'own 1 2026-11-01']);
  });

  test('are refused one by one, and the last good stays', async () => {
    await put([offer('osv', ids(10)), offer('own', ['Y'])]);
    const next = [offer('osv', ids(9), '2026-11-02'), offer('own', ['Z'], '2026-10-01'), offer('new', [])];
    expect(await put(next)).toEqual(['smaller', 'older', 'empty']);
    expect(await inForce()).toEqual(['osv 10 2026-11-01', 'own 1 2026-11-01']);
    expect(await put(next, { isLossAccepted: true })).toEqual(['accepted', 'older', 'empty']);
    expect(await inForce()).toEqual(['osv 9 2026-11-02', 'own 1 2026-11-01']);
  });

  test('that did not change grow no older, and take no place away from the generation before', async () => {
    await put([offer('osv', ids(10))]);
    await put([offer('osv', ids(12))]);
    const before = await loadPreviousGeneration(folder);
    expect(await put([offer('osv', ids(12), '2026-11-01', '2026-11-20')])).toEqual(['unchanged']);
    expect(await put([offer('osv', ids(12), '2026-11-01', '2026-11-10')])).toEqual(['unchanged']);
    expect(await inForce()).toEqual(['osv 12 2026-11-20']);
    const after = await loadPreviousGeneration(folder);
    expect(after.ok && before.ok && after.value.name === before.value.name).toBe(true);
  });

  test('that shrink a little again and again are refused too, until thirty days are over or the loss is accepted', async () => {
    const day = 86_400_000;
    const start = Date.parse('2026-11-01T12:00:00Z');
    const putOn = async (days: number, count: number, options = {}) =>
      put([offer('osv', ids(count))], { now: () => start + days * day, ...options });
    expect(await putOn(0, 100)).toEqual(['accepted']);
    expect(await putOn(1, 95)).toEqual(['accepted']);
    expect(await putOn(2, 91)).toEqual(['accepted']);
    expect(await putOn(3, 90)).toEqual(['smaller']);
    expect(await putOn(3, 96)).toEqual(['accepted']);
    expect(await putOn(4, 89)).toEqual(['smaller']);
    expect(await putOn(31, 89)).toEqual(['accepted']);
    expect(await putOn(31, 80)).toEqual(['smaller']);
    expect(await putOn(32, 50)).toEqual(['smaller']);
    expect(await putOn(32, 50, { isLossAccepted: true })).toEqual(['accepted']);
    expect(await putOn(32, 46)).toEqual(['accepted']);
    expect(await putOn(32, 45)).toEqual(['smaller']);
  });

  test('are measured against what was in force when nothing of that can be read any more', async () => {
    await put([offer('osv', ids(100)), offer('own', ids(50))]);
    rmSync(join(folder, 'parts'), { recursive: true });
    expect(await put([offer('osv', ids(90))])).toEqual(['smaller']);
    expect(await put([offer('osv', ids(95))])).toEqual(['accepted']);
    expect(await put([offer('own', ids(45))])).toEqual(['smaller']);
  });

  test('are measured against the generation before when that in force is damaged', async () => {
    await put([offer('osv', ids(10))]);
    await put([offer('osv', ids(20))]);
    writeFileSync(join(folder, 'generation.json'), '{');
    expect(await put([offer('osv', ids(8))])).toEqual(['smaller']);
    expect(await put([offer('osv', ids(19))])).toEqual(['accepted']);
    expect(await inForce()).toEqual(['osv 19 2026-11-01']);
  });
});

describe('a writer', () => {
  test('waits for another, and says so when it waited too long', async () => {
    await put([offer('osv', ids(1))]);
    const lock = tryLock(join(folder, 'writer.lock'));
    if (!lock.ok) throw new Error('not locked');
    expect(await putParts(folder, [offer('osv', ids(2))], { patience: 50 })).toEqual({
      ok: false,
      error: `another process writes the advisories of ${folder}; try again`,
    });
    setTimeout(() => lock.value.release(), 150);
    expect(await put([offer('osv', ids(2))])).toEqual(['accepted']);
  });

  test('loses nothing to others that write at the same time', async () => {
    const feeds = ids(8).map((id) => id.toLowerCase());
    await Promise.all(feeds.map((feed) => put([offer(feed, [feed])])));
    expect(await inForce()).toEqual(feeds.map((feed) => `${feed} 1 2026-11-01`));
  });

  test('says why nothing can be written', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    const put = await putParts(join(file, 'advisories'), [offer('osv', ids(1))]);
    expect(put).toMatchObject({ ok: false, error: expect.stringContaining('cannot be written') });
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});
