import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packageKeyName } from '../../core/vulnerability/package.ts';
import { readAdvisory } from '../../core/vulnerability/read-advisory.ts';
import { bufferSource } from '../../files/zip/byte-source.ts';
import { readZipDirectory } from '../../files/zip/zip-directory.ts';
import { readZipEntry } from '../../files/zip/zip-entry.ts';
import { acceptPart } from './accept/accept-part.ts';
import { compilePart, type Part } from './compile-part.ts';
import { compileOsvZip, osvZipLimits } from './osv-zip.ts';
import { lookupIn } from './name-lookup.ts';
import { keyHash, type PartSummary } from './part-format.ts';
import { openPart, type PartReader } from './part-reader.ts';

const at = new Date('2026-11-29T00:00:00Z');
const fixture = (ecosystem: string): Buffer =>
  readFileSync(join(import.meta.dirname, `../../../test/fixtures/advisories/${ecosystem}.zip`));
const opened = (part: Part): PartReader => {
  const reader = openPart(bufferSource(part.index));
  if (!reader.ok) throw new Error(reader.error);
  return reader.value;
};
const compileFixture = (ecosystem: string): Part => {
  const part = compileOsvZip(bufferSource(fixture(ecosystem)), ecosystem, at);
  if (!part.ok) throw new Error(part.error.kind);
  return part.value;
};
const recordsOf = (ecosystem: string): unknown[] => {
  const source = bufferSource(fixture(ecosystem));
  const directory = readZipDirectory(source, osvZipLimits);
  if (!directory.ok) throw new Error(directory.error.kind);
  return directory.value.map((entry) => {
    const bytes = readZipEntry(source, entry);
    return bytes.ok ? JSON.parse(bytes.value.toString()) : undefined;
  });
};
const compile = (records: readonly unknown[], ecosystem = 'PyPI'): Part =>
  compilePart(
    records.map((record, index) => ({
      name: `${index}.json`,
      bytes: Buffer.from(typeof record === 'string' ? record : JSON.stringify(record)),
    })),
    ecosystem,
    at,
  );
const recordOf = (id: string, ecosystem: string, name: string, more = {}) => ({
  id,
  affected: [
    { package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] },
  ],
  ...more,
});

describe('a lookup in many parts', () => {
  test('two names may have one hash', () => {
    expect(keyHash('npm', 'costarring')).toBe(keyHash('npm', 'liquid'));
  });

  test('finds of each name what every part says of it, in the order of the parts', () => {
    const name = fc.constantFrom('costarring', 'liquid', 'a', 'b', 'c', 'left-pad', 'react');
    const feeds = fc.array(
      fc.record({
        ecosystem: fc.constantFrom('npm', 'PyPI'),
        names: fc.uniqueArray(name, { minLength: 1 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(feeds, name, fc.constantFrom('npm', 'PyPI', 'Go'), (parts, asked, ecosystem) => {
        const idOf = (feed: number, of: string): string => `X-${String(feed)}-${of}`;
        const lookup = lookupIn(
          parts.map((part, feed) =>
            opened(
              compile(
                part.names.map((one) => recordOf(idOf(feed, one), part.ecosystem, one)),
                part.ecosystem,
              ),
            ),
          ),
        );
        const expected = parts.flatMap((part, feed) =>
          part.ecosystem === ecosystem && part.names.includes(asked) ? [idOf(feed, asked)] : [],
        );
        expect(lookup(ecosystem, asked).map(({ advisory }) => advisory.id)).toEqual(expected);
      }),
    );
  });
});

describe.each(['AlmaLinux', 'Go', 'PyPI'])('a part compiled from real advisories of %s', (ecosystem) => {
  test('answers for each of them what the record says', () => {
    const part = compileFixture(ecosystem);
    const reader = opened(part);
    let answered = 0;
    for (const value of recordsOf(ecosystem)) {
      const record = readAdvisory(value);
      if (!record.ok) throw new Error(record.error);
      const { advisory, affected, withdrawn, text } = record.value;
      for (const one of affected) {
        const name = packageKeyName(one.ecosystem, one.name);
        const expected = { ...one, name };
        const found = reader
          .find(expected.ecosystem, expected.name)
          .filter((entry) => entry.advisory.id === advisory.id)
          .map(({ affected: of, advisory: read }) => ({
            affected: { ...of, versions: of.versions },
            advisory: read,
          }));
        if (withdrawn) expect(found).toEqual([]);
        else expect(found).toContainEqual({ affected: expected, advisory });
        answered += 1;
      }
      const number = reader.numbersOf(new Set([advisory.id])).get(advisory.id);
      expect(number === undefined).toBe(withdrawn);
      if (number === undefined) continue;
      const { from, to, read } = reader.textOf(number);
      expect(read(part.texts.subarray(from, to))).toEqual(text);
    }
    expect(answered).toBeGreaterThanOrEqual(24);
    expect(reader.summary).toMatchObject({ ecosystem, unreadable: 0 });
    expect(reader.find(ecosystem, 'nobody-has-this')).toEqual([]);
  });

  test('has the same bytes each time', () => {
    expect(compileFixture(ecosystem)).toEqual(compileFixture(ecosystem));
  });
});

test('a part has the same bytes for the same records, and others for others (property)', () => {
  const record = fc
    .record({
      id: fc.stringMatching(/^X-[0-9]{1,2}$/),
      name: fc.stringMatching(/^[a-c]{1,2}$/),
      summary: fc.string(),
    })
    .map(({ id, name, summary }) => recordOf(id, 'PyPI', name, { summary }));
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
      const part = compile(records);
      expect(compile(structuredClone(records)).digest).toBe(part.digest);
      expect(compile([...records, recordOf('Y', 'PyPI', 'z')]).digest).not.toBe(part.digest);
      const reader = opened(part);
      for (const { affected } of records)
        for (const { package: found } of affected)
          expect(reader.find('PyPI', found.name).map(({ advisory }) => advisory.id)).toEqual(
            records.filter((one) => one.affected[0]?.package.name === found.name).map(({ id }) => id),
          );
    }),
  );
});

describe('a record', () => {
  test('that cannot be read is counted and named, never dropped in silence', () => {
    const { summary } = compile([recordOf('X', 'PyPI', 'a'), '{"id":', { id: 7 }, 'null']);
    expect(summary).toMatchObject({
      advisories: 1,
      unreadable: 3,
      unreadableNames: ['1.json', '2.json', '3.json'],
    });
  });

  test('V7: that was withdrawn is counted and never found', () => {
    const part = compile([recordOf('X', 'PyPI', 'a', { withdrawn: '2024-01-01T00:00:00Z' })]);
    expect(part.summary).toMatchObject({ advisories: 0, withdrawn: 1 });
    expect(opened(part).find('PyPI', 'a')).toEqual([]);
  });

  test('of another ecosystem is counted and never found', () => {
    const part = compile([recordOf('X', 'npm', 'a')]);
    expect(part.summary).toMatchObject({ advisories: 0, elsewhere: 1 });
    expect(opened(part).find('npm', 'a')).toEqual([]);
  });

  test('of a release is found under it alone, whatever the order of the hashes', () => {
    const names = Array.from({ length: 500 }, (_, index) => `n${index}`);
    const reader = opened(
      compile(
        names.map((name) => recordOf(`X-${name}`, 'Debian:12', name)),
        'Debian',
      ),
    );
    for (const name of names) {
      expect(reader.find('Debian:12', name).map(({ advisory }) => advisory.id)).toEqual([`X-${name}`]);
      expect(reader.find('Debian:11', name)).toEqual([]);
    }
  });

  test('V10, V15: of the future or of the year 1 does not count as the newest', () => {
    const modified = (time: string) => recordOf('X', 'PyPI', 'a', { modified: time });
    const times = ['2024-01-01T00:00:00Z', '2099-01-01T00:00:00Z', '2023-01-01T00:00:00Z', 'soon'];
    expect(compile(times.map(modified)).summary.newest).toBe('2024-01-01T00:00:00.000Z');
    expect(compile([modified('0001-01-01T00:00:00Z')]).summary).not.toHaveProperty('newest');
  });
});

describe('V15: a part is refused', () => {
  const current = { ...compile([]).summary, advisories: 1000, newest: '2024-06-01T00:00:00.000Z' };
  test.each<[string, Partial<PartSummary>, string]>([
    ['when it is empty', { advisories: 0 }, 'empty'],
    ['when it is a tenth smaller', { advisories: 900 }, 'smaller'],
    ['when its newest record is older', { newest: '2024-05-31T00:00:00.000Z' }, 'older'],
    ['not when it is a little smaller', { advisories: 901 }, 'accepted'],
    ['not when it is larger', { advisories: 1001 }, 'accepted'],
    ['not when its newest record is as old', {}, 'accepted'],
  ])('%s', (_, change, expected) => {
    const accepted = acceptPart({ ...current, ...change }, current);
    expect(accepted.ok ? 'accepted' : accepted.error.kind).toBe(expected);
  });

  test('when it has lost its times', () => {
    const { newest: _, ...timeless } = current;
    expect(acceptPart(timeless, current)).toMatchObject({ ok: false, error: { kind: 'older' } });
    expect(acceptPart(timeless, timeless).ok).toBe(true);
  });

  test('but a loss that an operator accepts is not, as long as something is left', () => {
    expect(acceptPart({ ...current, advisories: 1 }, current, { isLossAccepted: true }).ok).toBe(true);
    expect(acceptPart({ ...current, advisories: 0 }, current, { isLossAccepted: true }).ok).toBe(false);
  });

  test('never, when it is the first, for being small', () => {
    expect(acceptPart({ ...current, advisories: 1 }, undefined).ok).toBe(true);
  });

  test('when its zip breaks off or one entry is damaged', () => {
    const whole = fixture('Go');
    const cut = compileOsvZip(bufferSource(whole.subarray(0, -100)), 'Go', at);
    expect(cut).toMatchObject({ ok: false, error: { kind: 'truncated' } });
    const changed = Buffer.from(whole);
    changed[200] = (changed[200] ?? 0) ^ 0xff;
    expect(compileOsvZip(bufferSource(changed), 'Go', at)).toMatchObject({
      ok: false,
      error: { kind: 'damaged' },
    });
  });

  test('when it is of another schema or cut off', () => {
    const { index } = compile([recordOf('X', 'PyPI', 'a')]);
    const other = Buffer.from(index.toString('latin1').replace(/advisories \d/, 'advisories 2'), 'latin1');
    expect(openPart(bufferSource(other))).toEqual({ ok: false, error: 'other-schema' });
    for (const length of [0, 10, 30, index.length - 1])
      expect(openPart(bufferSource(index.subarray(0, length)))).toEqual({ ok: false, error: 'damaged' });
  });
});

test('a part says of which releases it speaks', () => {
  const reader = opened(
    compile(
      [recordOf('A', 'Debian:12', 'x'), recordOf('B', 'Debian:13', 'x'), recordOf('C', 'Alpine:v3.20', 'x')],
      'Debian',
    ),
  );
  expect(
    ['Debian:12', 'Debian:13', 'Debian:11', 'Debian', 'Alpine:v3.20', ''].filter((name) =>
      reader.speaksOf(name),
    ),
  ).toEqual(['Debian:12', 'Debian:13']);
});

test('a Go module is found in lower case too, as package URLs want it', () => {
  const reader = opened(compile([recordOf('A', 'Go', 'github.com/Azure/go-ntlmssp')], 'Go'));
  expect(reader.find('Go', packageKeyName('Go', 'github.com/azure/go-ntlmssp'))).toHaveLength(1);
  expect(reader.find('Go', packageKeyName('Go', 'github.com/Azure/go-ntlmssp'))).toHaveLength(1);
});
