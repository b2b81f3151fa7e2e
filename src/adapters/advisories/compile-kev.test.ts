import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../files/zip/byte-source.ts';
import { compileKev } from './compile-kev.ts';
import { openPart } from './part-reader.ts';

const at = new Date('2026-11-29T00:00:00Z');
const path = join(
  import.meta.dirname,
  '../../../test/fixtures/advisories/known_exploited_vulnerabilities.json',
);
const published = readFileSync(path);
const spoilt = (change: object): Buffer =>
  Buffer.from(JSON.stringify({ ...(JSON.parse(published.toString()) as object), ...change }));

describe('the list of what is exploited', () => {
  test('answers by CVE id', () => {
    const part = compileKev(published, at);
    if (!part.ok) throw new Error(part.error.what);
    const reader = openPart(bufferSource(part.value.index));
    if (!reader.ok) throw new Error(reader.error);
    expect(reader.value.find('KEV', 'CVE-2021-44228').map(({ advisory }) => advisory.id)).toEqual([
      'CVE-2021-44228',
    ]);
    expect(reader.value.find('KEV', 'CVE-2021-44229')).toEqual([]);
    expect(part.value.summary).toMatchObject({
      ecosystem: 'KEV',
      advisories: 4,
      unreadable: 0,
      newest: '2023-11-21T00:00:00.000Z',
    });
    expect(compileKev(published, at)).toEqual(part);
  });

  test('with an entry without a CVE id counts and names it', () => {
    const part = compileKev(
      spoilt({ count: 2, vulnerabilities: [{ cveID: 'CVE-2020-0001' }, { id: 1 }] }),
      at,
    );
    expect(part.ok && part.value.summary).toMatchObject({
      advisories: 1,
      unreadable: 1,
      unreadableNames: ['entry 2'],
    });
  });

  test.each<[string, Buffer, string]>([
    ['breaks off', published.subarray(0, -10), 'truncated'],
    ['has fewer entries than it says', spoilt({ count: 5 }), 'truncated'],
    ['is of another schema', spoilt({ vulnerabilities: undefined }), 'other-schema'],
    ['is a page of a proxy', Buffer.from('<html>'), 'truncated'],
    [
      'is endless',
      spoilt({ count: 100_001, vulnerabilities: Array.from({ length: 100_001 }, () => ({})) }),
      'too-large',
    ],
  ])('V15: that %s is refused', (_, bytes, kind) => {
    expect(compileKev(bytes, at)).toMatchObject({ ok: false, error: { kind } });
  });
});
