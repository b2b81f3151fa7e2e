import { expect, test } from 'vitest';
import { pemCertificates } from './pem.ts';

const one = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
const two = '-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----';
const key = '-----BEGIN PRIVATE KEY-----\nCCCC\n-----END PRIVATE KEY-----';
const cut = '-----BEGIN CERTIFICATE-----\nDDDD\n';

test.each([
  ['nothing', '', [], false],
  ['one', one, [one], false],
  ['a chain with talk and a key between', `CN=a\n${one}\r\n${key}\nCN=b\n${two}\n`, [one, two], false],
  ['a key alone', key, [], false],
  ['one that has no end', cut, [], true],
  ['one that has no end before a whole one', `${cut}${one}`, [one], true],
  ['one that has no end behind a whole one', `${one}\n${cut}`, [one], true],
  ['an empty one', '-----BEGIN CERTIFICATE----------END CERTIFICATE-----', [], true],
])('the certificates of %s', (_title, text, blocks, isCut) => {
  expect(pemCertificates(text)).toEqual({ blocks, isCut });
});
