import { expect, test } from 'vitest';
import { algorithmOf, hexOf, parseDigest } from './digest.ts';

const hex = (length: number, digit = 'a') => digit.repeat(length);

test.each([
  ['sha256 with 64 digits', `sha256:${hex(64)}`],
  ['sha384 with 96 digits', `sha384:${hex(96, '0')}`],
  ['sha512 with 128 digits', `sha512:${hex(128, 'f')}`],
])('accepts %s and writes it back unchanged', (_title, text) => {
  const parsed = parseDigest(text);
  expect(parsed.ok && parsed.value).toBe(text);
  expect(parsed.ok && `${algorithmOf(parsed.value)}:${hexOf(parsed.value)}`).toBe(text);
});

test.each([
  ['63 digits', `sha256:${hex(63)}`, 'sha256 has 64 hexadecimal digits, here are 63'],
  ['the length of another algorithm', `sha512:${hex(64)}`, 'sha512 has 128'],
  ['upper-case digits', `sha256:${hex(64, 'A')}`, 'must be lower case'],
  ['an upper-case algorithm', `SHA256:${hex(64)}`, 'algorithm must be lower case'],
  ['a letter that is not hexadecimal', `sha256:${hex(63)}g`, 'other than hexadecimal'],
  ['a second colon', `sha256:sha256:${hex(57)}`, 'other than hexadecimal'],
  [
    'an algorithm that is not registered',
    `md5:${hex(32)}`,
    'not supported; supported are sha256, sha384, sha512',
  ],
  ['a composed algorithm of the generic grammar', `sha256+b64:${hex(64)}`, 'not supported'],
  ['a name that objects have by themselves', `constructor:${hex(64)}`, 'not supported'],
  ['an algorithm that starts with a digit', `1sha:${hex(64)}`, 'does not start with an algorithm'],
  ['no algorithm', `:${hex(64)}`, 'does not start with an algorithm'],
  ['no digits', 'sha256:', 'here are 0'],
  ['no colon', hex(64), 'algorithm:hex'],
  ['nothing', '', 'algorithm:hex'],
])('refuses %s', (_title, text, why) => {
  const parsed = parseDigest(text);
  expect(parsed.ok ? 'accepted' : parsed.error).toContain(why);
});
