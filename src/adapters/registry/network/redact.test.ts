import { expect, test } from 'vitest';
import type { CredentialSecret } from '../../../evidence/ports.ts';
import { containsSecret, secretsToRedact } from './redact.ts';

const basic: CredentialSecret = { kind: 'basic', username: 'ann', password: 'p&w 1' };
const encoded = Buffer.from('ann:p&w 1').toString('base64');

test.each<[string, CredentialSecret, string | undefined, string, boolean]>([
  ['the password', basic, undefined, 'wrong password p&w 1', true],
  ['the password in a URL', basic, undefined, 'GET /x?password=p%26w%201', true],
  ['user and password as they were sent', basic, undefined, `Authorization: Basic ${encoded}`, true],
  ['the user alone', basic, undefined, 'no such user ann', false],
  ['an identity token', { kind: 'identity-token', token: 'ey.x' }, undefined, 'token ey.x is old', true],
  ['a registry token', { kind: 'bearer', token: 'abc' }, 'Bearer abc', 'invalid token abc', true],
  ['the token of a token server', basic, 'Bearer tok', 'invalid token tok', true],
  ['anything where nothing was sent', { kind: 'none' }, undefined, '', false],
  ['half a character', { kind: 'bearer', token: 'a\ud800' }, undefined, 'a\ud800', true],
  ['an empty password', { kind: 'basic', username: 'ann', password: '' }, undefined, 'denied', false],
])('%s', (_title, secret, authorization, text, want) => {
  expect(containsSecret(text, secretsToRedact(secret, authorization))).toBe(want);
});
