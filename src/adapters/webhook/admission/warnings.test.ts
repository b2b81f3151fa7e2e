import { describe, expect, test } from 'vitest';
import { admissionWarnings } from './warnings.ts';

const runes = (text: string): number => Array.from(text).length;

describe('warnings of an answer', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['keeps short ones in order', ['b', 'a'], ['b', 'a']],
    ['drops duplicates and empty ones', ['a', '', ' ', 'a'], ['a']],
    ['escapes line breaks and control characters', ['a\nb\u0007'], ['a\\u{a}b\\u{7}']],
    ['escapes text direction controls', ['a\u202eb'], ['a\\u{202e}b']],
    ['keeps letters beyond ASCII', ['größe 日本'], ['größe 日本']],
    ['cuts the middle at 256 runes', ['x'.repeat(300)], [`${'x'.repeat(128)}…${'x'.repeat(127)}`]],
    [
      'what is wrong stays, however long the name',
      [`image '${'x'.repeat(400)}' is not from an allowed registry`],
      [`image '${'x'.repeat(121)}…${'x'.repeat(94)}' is not from an allowed registry`],
    ],
    ['has none when there are none', [], []],
  ])('%s', (_title, texts, want) => expect(admissionWarnings(texts)).toEqual(want));

  test('counts runes, not UTF-16 units', () => {
    const [cut] = admissionWarnings(['🚢'.repeat(254)]);
    expect(runes(cut ?? '')).toBeLessThanOrEqual(256);
    expect(cut).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/u);
  });

  test('stays within 4,096 runes and says how many were left out', () => {
    const texts = Array.from({ length: 100 }, (_, at) => `${String(at)} ${'w'.repeat(200)}`);
    const warnings = admissionWarnings(texts);
    expect(warnings.reduce((sum, warning) => sum + runes(warning), 0)).toBeLessThanOrEqual(4_096);
    expect(warnings.at(-1)).toBe(
      `${String(100 - (warnings.length - 1))} more warnings: see the decision record`,
    );
    expect(warnings.length).toBeGreaterThan(15);
  });
});
