import { expect, test } from 'vitest';
import { retryAfter } from './rate-limit-state.ts';

const now = Date.parse('Sat, 21 Nov 2026 10:00:00 GMT');

test.each([
  ['seconds', '120', undefined, 120_000],
  ['no wait', '0', undefined, 0],
  ['spaces around', ' 7 ', undefined, 7000],
  ['a date', 'Sat, 21 Nov 2026 10:00:05 GMT', undefined, 5000],
  ['a date of RFC 850', 'Saturday, 21-Nov-26 10:00:05 GMT', undefined, 5000],
  ['a date that has passed', 'Sat, 21 Nov 2026 09:00:00 GMT', undefined, 0],
  [
    'a date of a server whose clock is an hour ahead',
    'Sat, 21 Nov 2026 11:00:05 GMT',
    'Sat, 21 Nov 2026 11:00:00 GMT',
    5000,
  ],
  ['no header', undefined, undefined, undefined],
  ['nothing', '', undefined, undefined],
  ['a negative number', '-5', undefined, undefined],
  ['a fraction', '1.5', undefined, undefined],
  ['a number beyond reason', '99999999999', undefined, undefined],
  ['words', 'soon', undefined, undefined],
  ['a date without a zone', 'Sat Nov 21 10:00:05 2026', undefined, undefined],
  ['a date that is none', 'Sat, 99 Xyz 2026 10:00:05 GMT', undefined, undefined],
])('%s', (_title, text, date, expected) => {
  expect(retryAfter(text, date, now)).toBe(expected);
});
