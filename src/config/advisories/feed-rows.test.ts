import { describe, expect, test } from 'vitest';
import { feedPresets } from './feed-presets.ts';
import { feedRows } from './feed-rows.ts';

const parse = (row: object) => feedRows.parse([row], '/etc/gate');
const osv = { name: 'osv', format: 'osv', url: 'osv.dev', ecosystems: ['npm', 'Debian'] };

describe('rows of feeds', () => {
  test('name a preset or an address, and are shown as they are meant', () => {
    const read = parse({ ...osv, every: '1h', caFile: 'ca.crt' });
    expect(read).toEqual({
      ok: true,
      value: [
        {
          ...osv,
          url: 'https://storage.googleapis.com/osv-vulnerabilities',
          every: 3_600_000,
          caFile: '/etc/gate/ca.crt',
        },
      ],
    });
    expect(read.ok && feedRows.show(read.value)).toMatchObject([{ every: '1h' }]);
    expect(parse({ name: 'own', format: 'kev', path: 'kev.json' })).toMatchObject({
      ok: true,
      value: [{ path: '/etc/gate/kev.json' }],
    });
  });

  test('presets are https, each of a format', () => {
    for (const { url } of Object.values(feedPresets)) expect(url).toMatch(/^https:\/\/[^/]+\/.*[^/]$/);
  });

  test.each<[string, object, RegExp]>([
    ['neither url nor path', { name: 'x', format: 'kev' }, /either url or path/],
    ['both', { ...osv, path: 'x' }, /either url or path/],
    ['no ecosystems', { name: 'x', format: 'osv', url: 'osv.dev' }, /ecosystems is missing/],
    ['an ecosystem that is not judged', { ...osv, ecosystems: ['Maven'] }, /"Maven" is no ecosystem/],
    ['a release', { ...osv, ecosystems: ['Debian:12'] }, /"Debian:12" is no ecosystem/],
    ['plain http', { ...osv, url: 'http://mirror.example.com' }, /is no address/],
    ['a login', { ...osv, url: 'https://u:p@mirror.example.com' }, /holds a login/],
    ['a CA for a file', { name: 'x', format: 'kev', path: 'x', caFile: 'y' }, /of no use without url/],
    ['ecosystems of KEV', { name: 'x', format: 'kev', url: 'cisa.gov', ecosystems: ['npm'] }, /says nothing/],
    ['a second a time', { ...osv, every: '1s' }, /from 5m to 7d/],
    ['a name for labels that is none', { ...osv, name: 'a b' }, /lower case letters/],
  ])('with %s are refused', (_, row, why) => {
    const read = parse(row);
    expect(read.ok ? '' : read.error.message).toMatch(why);
  });
});
