import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginningOf, cutMiddle, endOf } from './cut-middle.ts';

test.each([
  ['a text that fits stays', 'registry.example.com', 20, 'registry.example.com'],
  ['both ends of a name stay', 'registry.example.com/team/web:1', 15, 'registr…m/web:1'],
  ['a host that ends otherwise shows how it ends', 'registry.example.com.evil.io', 11, 'regis…il.io'],
  ['a character of two units is not parted at the beginning', 'ab😀defgh', 7, 'ab…fgh'],
  ['a character of two units is not parted at the end', 'abcdef😀h', 5, 'ab…h'],
  ['nothing stays nothing', '', 3, ''],
])('%s', (_title, text, limit, want) => {
  expect(cutMiddle(text, limit)).toBe(want);
});

test('what a sentence says of a long name stays, however long the name is', () => {
  const host = 'h'.repeat(100_000);
  expect(cutMiddle(`the login for '${host}' ends with a line break`, 128)).toMatch(
    /^the login for 'h+…h+' ends with a line break$/,
  );
});

const anyText = fc.string({ unit: 'binary', maxLength: 300 });
const limits = fc.integer({ min: 3, max: 310 });

test('is never longer than its limit, stays well-formed, and says where it was cut', () => {
  fc.assert(
    fc.property(anyText, limits, (text, limit) => {
      const cut = cutMiddle(text, limit);
      expect(cut.length).toBeLessThanOrEqual(limit);
      if (text.length <= limit) expect(cut).toBe(text);
      else expect(cut).toContain('…');
      if (text.isWellFormed()) expect(cut.isWellFormed()).toBe(true);
    }),
  );
});

test('keeps the ends of the text, and nearly all that there is room for', () => {
  fc.assert(
    fc.property(anyText, limits, (text, limit) => {
      fc.pre(text.length > limit && !text.includes('…'));
      const [beginning = '', end = ''] = cutMiddle(text, limit).split('…');
      expect(text.startsWith(beginning)).toBe(true);
      expect(text.endsWith(end)).toBe(true);
      expect(beginning.length + end.length).toBeGreaterThanOrEqual(limit - 3);
    }),
  );
});

test('beginning and end part no character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(45), (text, length) => {
      expect(beginningOf(text, length).isWellFormed()).toBe(true);
      expect(endOf(text, length).isWellFormed()).toBe(true);
      expect(text.startsWith(beginningOf(text, length))).toBe(true);
      expect(text.endsWith(endOf(text, length))).toBe(true);
    }),
  );
});
