import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { feedPresets } from '../src/config/advisories/feed-presets.ts';
import { feedRows } from '../src/config/advisories/feed-rows.ts';
import { schemeOf } from '../src/core/vulnerability/ecosystem.ts';
import { maxFeedBytes } from '../src/adapters/advisories/update/read-whole.ts';
import { changeLimits } from '../src/adapters/advisories/update/fetch-changes.ts';
import { wholeEvery } from '../src/adapters/advisories/update/read-changes.ts';
import { blocks, read } from './markdown.ts';

const page = read('docs/advisories.md');

test('the feeds of docs/advisories.md are read as the gate reads them', () => {
  const [example = ''] = blocks(page, 'yaml');
  const rows = feedRows.parse((parse(example) as { advisories: unknown }).advisories, '/etc/imagegate');
  expect(rows).toMatchObject({
    ok: true,
    value: [{ name: 'osv' }, { name: 'kev' }, {}, { name: 'carried' }],
  });
});

test('docs/advisories.md names every field, ecosystem and preset, and the limit', () => {
  const fields = ['name', 'format', 'url', 'path', 'ecosystems', 'every', 'caFile', 'allowPrivateAddress'];
  const rows = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, field]) => field);
  expect(rows).toEqual(fields);
  for (const preset of Object.keys(feedPresets)) expect(page).toContain(`\`${preset}\``);
  const [, listed = ''] = /as OSV names them: (.+?) +\|/.exec(page) ?? [];
  expect(listed.split(', ').filter((ecosystem) => schemeOf(ecosystem) === undefined)).toEqual([]);
  expect(listed.split(', ')).toHaveLength(8);
  expect(page).toContain(`at most ${maxFeedBytes / 2 ** 20} MiB`);
});

test('docs/advisories.md names when the whole file is read although a feed lists its changes', () => {
  const { records, share, always, bytes } = changeLimits;
  expect(share).toBe(1 / 20);
  expect(page).toContain(`once in ${wholeEvery / 3_600_000} hours`);
  expect(page).toContain(
    `more than ${records} records changed, or more than a twentieth of all (${always} are always asked for), or when those have more than ${bytes / 2 ** 20} MiB together`,
  );
});
