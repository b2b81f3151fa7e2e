import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { folderWith, imagegate, root } from './imagegate.ts';

const zip = (ecosystem: string): Buffer =>
  readFileSync(join(root, `test/fixtures/advisories/${ecosystem}.zip`));

interface List {
  readonly generation?: string;
  readonly items: readonly Record<string, unknown>[];
}
const statusOf = async (cwd: string, ...flags: readonly string[]) => {
  const ended = await imagegate(['advisories', 'status', '-o', 'json', ...flags], { cwd });
  return { ...ended, list: JSON.parse(ended.stdout) as List };
};

describe('imagegate advisories', () => {
  test('import puts a folder in the layout of OSV in force, and status shows it', async () => {
    const cwd = folderWith({
      'osv/PyPI/all.zip': zip('PyPI'),
      'osv/AlmaLinux/all.zip': zip('AlmaLinux'),
      'osv/Maven/all.zip': zip('PyPI'),
      'osv/SOURCE.md': 'no feed',
    });
    const put = await imagegate(['advisories', 'import', 'osv', '--as-of', '2026-11-20'], { cwd });
    expect(put).toMatchObject({
      code: 0,
      stderr: 'imagegate: osv/Maven/all.zip: advisories about "Maven" are not judged\n',
    });
    expect(put.stdout.split('\n').map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['OUTCOME', 'ECOSYSTEM'],
      ['accepted', 'AlmaLinux'],
      ['accepted', 'PyPI'],
      [''],
    ]);
    const { code, list } = await statusOf(cwd);
    expect(code).toBe(0);
    expect(list).toMatchObject({
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'AdvisoryFeedList',
      items: [
        { feed: 'osv', ecosystem: 'AlmaLinux', asOf: '2026-11-20T00:00:00.000Z', unreadable: 0 },
        { feed: 'osv', ecosystem: 'PyPI', asOf: '2026-11-20T00:00:00.000Z' },
      ],
    });
    expect(list.generation).toMatch(/^[0-9a-f]{16}$/);
    const again = await imagegate(['advisories', 'status', '-o', 'yaml'], { cwd });
    expect(parse(again.stdout)).toMatchObject({ generation: list.generation });
    expect((await imagegate(['advisories', 'status'], { cwd })).stdout).toMatch(
      /^FEED +ECOSYSTEM +ADVISORIES/,
    );
  });

  test('V15: a file is as old as its newest record, and one without times needs --as-of', async () => {
    const cwd = folderWith({ 'PyPI.zip': zip('PyPI'), 'Go.zip': zip('Go') });
    const put = await imagegate(['advisories', 'import', 'PyPI.zip', 'Go.zip', '-o', 'json'], { cwd });
    const { items } = JSON.parse(put.stdout) as List;
    expect({ code: put.code, items }).toMatchObject({
      code: 3,
      items: [
        { ecosystem: 'PyPI', outcome: 'accepted' },
        { ecosystem: 'Go', outcome: 'refused', why: 'no record has a time; say --as-of' },
      ],
    });
    const [item] = (await statusOf(cwd)).list.items;
    expect(item?.['asOf']).toBe(item?.['newest']);
    const dated = await imagegate(['advisories', 'import', 'Go.zip', '--as-of', '2026-08-21T00:00:00Z'], {
      cwd,
    });
    expect(dated.code).toBe(0);
    expect((await statusOf(cwd)).list.items.map((one) => one['ecosystem'])).toEqual(['Go', 'PyPI']);
  });

  test('V15: what is cut off is refused, and the last good stays', async () => {
    const cwd = folderWith({ 'PyPI.zip': zip('PyPI') });
    await imagegate(['advisories', 'import', 'PyPI.zip'], { cwd });
    const before = await statusOf(cwd);
    writeFileSync(join(cwd, 'PyPI.zip'), zip('PyPI').subarray(0, -30));
    const cut = await imagegate(['advisories', 'import', 'PyPI.zip'], { cwd });
    expect(cut).toMatchObject({ code: 3, stdout: expect.stringMatching(/\nrefused +PyPI .* truncated: /) });
    expect((await statusOf(cwd)).list.generation).toBe(before.list.generation);
  });

  test('import takes the list of known exploited vulnerabilities too', async () => {
    const list = readFileSync(join(root, 'test/fixtures/advisories/known_exploited_vulnerabilities.json'));
    const cwd = folderWith({
      'mirror/PyPI/all.zip': zip('PyPI'),
      'mirror/known_exploited_vulnerabilities.json': list,
      'cut.json': list.subarray(0, -9),
    });
    expect((await imagegate(['advisories', 'import', 'mirror'], { cwd })).code).toBe(0);
    expect((await statusOf(cwd)).list.items).toMatchObject([
      { feed: 'kev', ecosystem: 'KEV', advisories: 4, asOf: '2023-11-21T00:00:00.000Z' },
      { feed: 'osv', ecosystem: 'PyPI' },
    ]);
    const cut = await imagegate(['advisories', 'import', 'cut.json'], { cwd });
    expect(cut).toMatchObject({ code: 3, stdout: expect.stringContaining('truncated: it is no JSON') });
    expect((await statusOf(cwd)).list.items).toHaveLength(2);
  });

  test('exit code 1 when a feed is older than --max-age', async () => {
    const cwd = folderWith({ 'PyPI.zip': zip('PyPI') });
    const put = ['advisories', 'import', 'PyPI.zip', '--as-of', '2026-01-01', '--max-age', '1d'];
    expect((await imagegate(put, { cwd })).code).toBe(1);
    expect((await statusOf(cwd, '--max-age', '1d')).code).toBe(1);
    expect((await statusOf(cwd, '--max-age', '3650d')).code).toBe(0);
  });

  test('exit code 3 when there are none, and when those in force cannot be used', async () => {
    const cwd = folderWith({ 'PyPI.zip': zip('PyPI') });
    const none = await statusOf(cwd, '--data', 'data');
    expect(none).toMatchObject({ code: 3, list: { items: [] } });
    expect(none.stderr).toContain('no advisories in ');
    await imagegate(['advisories', 'import', 'PyPI.zip', '--data', 'data'], { cwd });
    await imagegate(['advisories', 'import', 'PyPI.zip', '--data', 'data', '--name', 'own'], { cwd });
    writeFileSync(join(cwd, 'data/advisories/generation.json'), '{');
    const broken = await statusOf(cwd, '--data', 'data');
    expect(broken).toMatchObject({ code: 3, list: { items: [{ feed: 'osv' }] } });
    expect(broken.stderr).toContain('cannot be used (damaged)');
    expect(broken.stderr).toContain('those before stay in force');
  });

  test('commands that import at the same time lose nothing', async () => {
    const cwd = folderWith({ 'PyPI.zip': zip('PyPI') });
    const names = ['a', 'b', 'c'];
    const ended = await Promise.all(
      names.map((name) => imagegate(['advisories', 'import', 'PyPI.zip', '--name', name], { cwd })),
    );
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect((await statusOf(cwd)).list.items.map((item) => item['feed'])).toEqual(names);
  });

  test.each<[string, readonly string[], string]>([
    ['a path that is not there', ['gone.zip'], 'gone.zip: there is no such file or folder; check the path'],
    [
      'an ecosystem that is not judged',
      ['Maven.zip'],
      'Maven.zip: advisories about "Maven" are not judged; name a file <ECOSYSTEM>/all.zip, such as PyPI/all.zip',
    ],
    ['a folder without any', ['empty'], 'empty: no advisories; they lie in <ECOSYSTEM>/all.zip'],
    [
      'two files about one ecosystem',
      ['PyPI.zip', 'osv'],
      'osv/PyPI/all.zip: PyPI.zip speaks of PyPI too; import one after the other, each with a --name',
    ],
    ['a time of the future', ['PyPI.zip', '--as-of', '2999-01-01'], '--as-of "2999-01-01" is in the future'],
    [
      'what is no time',
      ['PyPI.zip', '--as-of', 'yesterday'],
      '--as-of "yesterday": write a day or a time, such as 2026-11-29',
    ],
  ])('exit code 2 for %s', async (_, words, why) => {
    const cwd = folderWith({
      'PyPI.zip': zip('PyPI'),
      'Maven.zip': zip('PyPI'),
      'osv/PyPI/all.zip': zip('PyPI'),
    });
    mkdirSync(join(cwd, 'empty'));
    const ended = await imagegate(['advisories', 'import', ...words], { cwd });
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: `imagegate: ${why}\n` });
  });

  test('exit code 4 when the folder cannot be written', async () => {
    const cwd = folderWith({ 'PyPI.zip': zip('PyPI'), data: 'a file' });
    const ended = await imagegate(['advisories', 'import', 'PyPI.zip', '--data', 'data'], { cwd });
    expect(ended).toMatchObject({ code: 4, stderr: expect.stringContaining('cannot be written') });
  });
});
