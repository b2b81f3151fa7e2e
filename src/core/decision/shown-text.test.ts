import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shown, shownLimit } from './shown-text.ts';

test.each([
  ['plain text stays', 'registry.example.com/web:1', 'registry.example.com/web:1'],
  ['a line break cannot start a new log line', 'a\nb', 'a\\u{a}b'],
  ['a terminal escape is shown, not run', '\u001b[2J', '\\u{1b}[2J'],
  ['a bidirectional override is shown', 'a\u202eb', 'a\\u{202e}b'],
  ['a zero-width space is shown', 'goo\u200bgle', 'goo\\u{200b}gle'],
  ['a lone surrogate is shown', 'a\ud800', 'a\\u{d800}'],
  ['other scripts stay readable', 'образ', 'образ'],
  [
    'a password without a scheme is not repeated (B37)',
    'jane:hunter2@registry:5000/x',
    'jane:…@registry:5000/x',
  ],
  ['tag and digest stay', 'a.io/x:1@sha256:abc', 'a.io/x:1@sha256:abc'],
  ['a password in a URL is not repeated (B37)', 'https://jane:hunter2@registry/x', 'https://…@registry/x'],
])('%s', (_title, given, want) => {
  expect(shown(given)).toBe(want);
});

test('is cut at 512 characters and never holds a control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
      const safe = shown(text);
      expect(safe.length).toBeLessThanOrEqual(shownLimit);
      expect(safe.isWellFormed()).toBe(true);
      expect(safe).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
});
