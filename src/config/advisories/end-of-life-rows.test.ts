import { expect, test } from 'vitest';
import { endOfLifeDates, endOfLifeRows } from './end-of-life-rows.ts';

const parse = (value: unknown) => {
  const read = endOfLifeRows.parse(value, '/');
  return read.ok ? [...endOfLifeDates(read.value)] : read.error.message;
};

test('own ends of releases are read, and shown as they were written', () => {
  const rows = [
    { ecosystem: 'Debian:11', until: '2031-06-30' },
    { ecosystem: 'Ubuntu:18.04:LTS', until: '2028-04-30' },
  ];
  expect(parse(rows)).toEqual([
    ['Debian:11', '2031-06-30'],
    ['Ubuntu:18.04:LTS', '2028-04-30'],
  ]);
  expect(endOfLifeRows.show(rows)).toEqual(rows);
});

test.each<[string, unknown, RegExp]>([
  [
    'a system without its release',
    [{ ecosystem: 'Debian', until: '2031-06-30' }],
    /no release that is judged/,
  ],
  [
    'a release that nobody knows',
    [{ ecosystem: 'Debian:99', until: '2031-06-30' }],
    /no release that is judged/,
  ],
  ['a day that is none', [{ ecosystem: 'Debian:11', until: '2031-02-30' }], /is no day/],
  ['a time', [{ ecosystem: 'Debian:11', until: '2031-02-28T00:00:00Z' }], /is no day/],
  ['no day', [{ ecosystem: 'Debian:11' }], /until/],
  [
    'one release twice',
    [
      { ecosystem: 'Debian:11', until: '2031-06-30' },
      { ecosystem: 'Debian:11', until: '2032-06-30' },
    ],
    /Debian:11/,
  ],
])('%s is refused', (_, value, why) => {
  expect(parse(value)).toMatch(why);
});
