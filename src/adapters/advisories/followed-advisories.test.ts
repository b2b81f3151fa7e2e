import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AdvisoriesUnreadable, type AdvisorySet } from '../../evidence/ports.ts';
import { swapGeneration } from './advisory-folder.ts';
import { compileKev } from './compile-kev.ts';
import { compilePart, type Part } from './compile-part.ts';
import { followAdvisories, type FollowedAdvisories } from './followed-advisories.ts';
import { withParts } from './generation.ts';
import { putParts } from './put-parts.ts';
import { soon } from '../../../test/soon.ts';

const root = mkdtempSync(join(tmpdir(), 'followed-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
let problems: string[] = [];
const open: FollowedAdvisories[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(root, 'data-'));
  problems = [];
});
afterEach(() => open.splice(0).forEach((one) => one.close()));

const follow = (): FollowedAdvisories => {
  const advisories = followAdvisories(folder, { onProblem: (problem) => problems.push(problem), pollMs: 20 });
  open.push(advisories);
  return advisories;
};

const day = '2026-11-01T00:00:00.000Z';
const partOf = (...ids: readonly string[]): Part =>
  compilePart(
    ids.map((id) => ({
      name: `${id}.json`,
      bytes: Buffer.from(
        JSON.stringify({
          id,
          summary: 'Bad',
          affected: [{ package: { ecosystem: 'PyPI', name: 'a' } }],
          references: [{ url: 'https://example.com/X' }],
        }),
      ),
    })),
    'PyPI',
    new Date(day),
  );
const listOf = (...ids: readonly string[]): Part => {
  const list = JSON.stringify({ vulnerabilities: ids.map((cveID) => ({ cveID })) });
  const part = compileKev(Buffer.from(list), new Date(day));
  if (!part.ok) throw new Error(part.error.what);
  return part.value;
};
/** As a command does. */
const offer = async (feed: string, part: Part, on = '2026-11-01'): Promise<void> => {
  const done = await putParts(folder, [{ feed, part, asOf: `${on}T00:00:00.000Z` }]);
  if (!done.ok) throw new Error(done.error);
};
const put = async (id: string, asOf = day): Promise<void> => {
  const part = partOf(id);
  const parts = [{ feed: 'osv', ecosystem: 'PyPI', digest: part.digest, asOf }];
  await swapGeneration(folder, withParts({ parts: [] }, parts), [part], undefined);
};
const idsIn = async (advisories: FollowedAdvisories): Promise<readonly string[] | string> => {
  const fact = await advisories.inForce();
  if (fact.state === 'unavailable') return fact.why.why;
  return fact.state === 'absent'
    ? 'absent'
    : fact.value.lookup('PyPI', 'a').map(({ advisory }) => advisory.id);
};

describe('advisories that are followed', () => {
  test('are read when somebody asks, and name their feeds with times', async () => {
    await put('X-1');
    const advisories = follow();
    expect(advisories.isInForce('')).toBe(false);
    expect(await advisories.inForce()).toMatchObject({
      state: 'known',
      value: { feeds: [{ feed: 'osv', ecosystem: 'PyPI', asOf: day }] },
    });
    expect(await idsIn(advisories)).toEqual(['X-1']);
  });

  test('say in words what each is about, from the first part that has it, or why that cannot be read', async () => {
    await offer('osv', partOf('X-1', 'X-2'));
    await offer('other', partOf('X-2', 'X-3'));
    const advisories = follow();
    const texts = (): ReturnType<FollowedAdvisories['texts']> =>
      advisories.texts(new Set(['X-1', 'X-3', 'X-9']));
    expect(await texts()).toEqual({ ok: true, value: new Map() });
    await advisories.inForce();
    const said = { summary: 'Bad', references: ['https://example.com/X'] };
    expect(await texts()).toEqual({
      ok: true,
      value: new Map([
        ['X-1', said],
        ['X-3', said],
      ]),
    });
    for (const name of readdirSync(join(folder, 'parts')))
      if (name.endsWith('.texts')) writeFileSync(join(folder, 'parts', name), '');
    expect(await texts()).toMatchObject({ ok: false, error: expect.stringMatching(/^damaged: /) });
    for (const name of readdirSync(join(folder, 'parts'))) truncateSync(join(folder, 'parts', name), 0);
    expect(await texts()).toMatchObject({ ok: false, error: expect.stringContaining('shorter') });
  });

  test('are exchanged by a swap, and what was looked up in them stays as it was', async () => {
    await put('X-1');
    const advisories = follow();
    const before = await advisories.inForce();
    if (before.state !== 'known') throw new Error('not known');
    expect(advisories.isInForce(before.value.revision)).toBe(true);
    await put('X-2');
    await vi.waitFor(async () => expect(await idsIn(advisories)).toEqual(['X-2']), soon);
    expect(advisories.isInForce(before.value.revision)).toBe(false);
    expect(before.value.lookup('PyPI', 'a').map(({ advisory }) => advisory.id)).toEqual(['X-1']);
  });

  test('are of another revision when their feed is found unchanged later, and of one generation', async () => {
    await put('X-1');
    const advisories = follow();
    const before = await advisories.inForce();
    await put('X-1', '2026-11-02T00:00:00.000Z');
    if (before.state !== 'known') throw new Error('not known');
    await vi.waitFor(() => expect(advisories.isInForce(before.value.revision)).toBe(false), soon);
    expect(await advisories.inForce()).toMatchObject({ value: { generation: before.value.generation } });
  });

  test('are absent before the first import, and there after it', async () => {
    const advisories = follow();
    expect(await idsIn(advisories)).toBe('absent');
    await put('X-1');
    await vi.waitFor(async () => expect(await idsIn(advisories)).toEqual(['X-1']), soon);
    expect(problems).toEqual([]);
  });

  test.each<[string, () => void]>([
    ['is damaged', () => writeFileSync(join(folder, 'generation.json'), '{')],
    ['is of another schema', () => writeFileSync(join(folder, 'generation.json'), '{"schema":9,"parts":[]}')],
  ])('V16: stay as they were when what comes after them %s', async (_, damage) => {
    await put('X-1');
    const advisories = follow();
    expect(await idsIn(advisories)).toEqual(['X-1']);
    damage();
    await vi.waitFor(() => expect(problems).toHaveLength(1), soon);
    expect(await idsIn(advisories)).toEqual(['X-1']);
  });

  test('V16: cannot be read: that is said, and is not "none"', async () => {
    await put('X-1');
    writeFileSync(join(folder, 'generation.json'), '{');
    expect(await idsIn(follow())).toContain('damaged');
  });

  test('V16: a start beside a damaged generation judges by the one before, until it is mended', async () => {
    await offer('osv', partOf('X-1'));
    await offer('osv', partOf('X-1', 'X-2'));
    const part = readdirSync(join(folder, 'parts')).find(
      (name) => name.endsWith('.index') && readFileSync(join(folder, 'parts', name)).includes('X-2'),
    );
    const path = join(folder, 'parts', part ?? '');
    const bytes = readFileSync(path);
    writeFileSync(path, 'x');
    const advisories = follow();
    expect(await idsIn(advisories)).toEqual(['X-1']);
    await vi.waitFor(() => expect(problems).toEqual([expect.stringContaining('damaged')]), soon);
    writeFileSync(path, bytes);
    await vi.waitFor(async () => expect(await idsIn(advisories)).toEqual(['X-1', 'X-2']), soon);
    expect(problems).toHaveLength(1);
  });

  test('say what is exploited, and how old that list is; without such a list they do not know', async () => {
    await offer('osv', partOf('X-1'));
    const advisories = follow();
    const set = async () => {
      const fact = await advisories.inForce();
      if (fact.state !== 'known') throw new Error(fact.state);
      return fact.value;
    };
    expect(await set()).not.toHaveProperty('exploited');
    await offer('kev', listOf('CVE-2021-44228'), '2026-11-02');
    await offer('own', listOf('CVE-2020-0001'), '2026-10-01');
    await vi.waitFor(async () => expect((await set()).exploited?.feed.feed).toBe('own'), soon);
    const { exploited, feeds } = await set();
    expect(['CVE-2021-44228', 'CVE-2020-0001', 'CVE-2021-1'].map((id) => exploited?.has(id))).toEqual([
      true,
      true,
      false,
    ]);
    expect(exploited?.feed.asOf).toBe('2026-10-01T00:00:00.000Z');
    expect(feeds.map(({ feed }) => feed)).toEqual(['osv']);
  });

  const indexFile = (): string => {
    const name = readdirSync(join(folder, 'parts')).find((found) => found.endsWith('.index'));
    return join(folder, 'parts', name ?? '');
  };
  const setOf = async (advisories: FollowedAdvisories): Promise<AdvisorySet> => {
    const fact = await advisories.inForce();
    if (fact.state !== 'known') throw new Error(fact.state);
    return fact.value;
  };

  test('V16: whose file is cut while it is open are unreadable, never "no match", and are read anew when it is mended', async () => {
    await put('X-1');
    const advisories = follow();
    const { lookup } = await setOf(advisories);
    const whole = readFileSync(indexFile());
    const before = lookup('PyPI', 'a');
    truncateSync(indexFile(), 40);
    expect(() => before[0]?.advisory).toThrow(AdvisoriesUnreadable);
    expect(() => (lookup('PyPI', 'a'), lookup('PyPI', 'a')[0]?.advisory)).toThrow(AdvisoriesUnreadable);
    await vi.waitFor(() => expect(problems).toEqual([expect.stringContaining('damaged')]), soon);
    expect(await idsIn(advisories)).toContain('damaged');
    writeFileSync(indexFile(), whole);
    await vi.waitFor(async () => expect(await idsIn(advisories)).toEqual(['X-1']), soon);
    expect(advisories.problem()).toBeUndefined();
  });

  test('that nobody wants are not read, and yet their feeds are told, until somebody does', async () => {
    await put('X-1');
    let isWanted = false;
    const seen: string[] = [];
    const advisories = followAdvisories(folder, {
      isWanted: () => isWanted,
      onGeneration: ({ generation }) => seen.push(generation),
      pollMs: 20,
    });
    open.push(advisories);
    await advisories.start();
    expect(advisories.statuses()).toMatchObject([{ feed: 'osv', summary: { advisories: 1 } }]);
    await offer('own', partOf('X-2', 'X-3'));
    await vi.waitFor(() => expect(advisories.statuses()).toHaveLength(2), soon);
    const generation = readFileSync(join(folder, 'generation.json'));
    writeFileSync(join(folder, 'generation.json'), '{');
    await vi.waitFor(() => expect(advisories.problem()).toContain('damaged'), soon);
    expect(advisories.statuses()).toHaveLength(2);
    writeFileSync(join(folder, 'generation.json'), generation);
    await vi.waitFor(() => expect(advisories.problem()).toBeUndefined(), soon);
    expect(seen).toEqual([]);
    isWanted = true;
    await vi.waitFor(() => expect(seen).toHaveLength(1), soon);
    expect(await idsIn(advisories)).toEqual(['X-1', 'X-2', 'X-3']);
  });

  test('of another version of the gate are named with what to do, whether anybody wants them or not', async () => {
    await put('X-1');
    const bytes = readFileSync(indexFile());
    const other = Buffer.from(bytes.toString('latin1').replace(/advisories \d/, 'advisories 2'), 'latin1');
    const digest = createHash('sha256').update(other).digest('hex');
    rmSync(indexFile());
    writeFileSync(join(folder, 'parts', `${digest}.index`), other);
    const generation = readFileSync(join(folder, 'generation.json'), 'utf8');
    const old = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'generation.json'), generation.replace(old, digest));
    const advisories = follow();
    await advisories.start();
    expect(advisories.problem()).toMatch(
      /^other-schema: .* of another version of the gate; .*import others anew$/,
    );
    expect(await idsIn(advisories)).toContain('import others anew');
    await offer('osv', partOf('X-1'));
    await vi.waitFor(async () => expect(await idsIn(advisories)).toEqual(['X-1']), soon);
    expect(advisories.problem()).toBeUndefined();
  });

  test('are read once, however many ask at once', async () => {
    await put('X-1');
    const advisories = follow();
    const [one, other] = await Promise.all([advisories.inForce(), advisories.inForce()]);
    expect(one).toBe(other);
  });
});
