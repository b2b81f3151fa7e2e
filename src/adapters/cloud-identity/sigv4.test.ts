import { describe, expect, test } from 'vitest';
import { signed, type SignableRequest } from './sigv4.ts';

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const sessionToken =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
const time = Date.UTC(2015, 7, 30, 12, 36, 0);
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

const authorization = (request: Partial<SignableRequest>, own: object = {}): string | undefined =>
  signed(
    { method: 'GET', host: 'example.amazonaws.com', headers: {}, body: '', ...request },
    { region: 'us-east-1', service: 'service', keys: { ...keys, ...own }, time },
  )['authorization'];

describe('the published test suite of AWS Signature Version 4 (aws-sig-v4-test-suite)', () => {
  test.each<[string, Partial<SignableRequest>, string, string]>([
    [
      'get-vanilla',
      {},
      'host;x-amz-date',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'post-vanilla',
      { method: 'POST' },
      'host;x-amz-date',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-header-value-case',
      { method: 'POST', headers: { 'My-Header1': 'VALUE1' } },
      'host;my-header1;x-amz-date',
      'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    ],
    [
      'get-header-value-trim',
      { headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' } },
      'host;my-header1;my-header2;x-amz-date',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'post-x-www-form-urlencoded',
      { method: 'POST', headers: form, body: 'Param1=value1' },
      'content-type;host;x-amz-date',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ])('%s', (_title, request, names, signature) => {
    expect(authorization(request)).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    );
  });

  test('post-sts-header-before: a session token is signed with the rest', () => {
    expect(authorization({ method: 'POST' }, { sessionToken })).toMatch(
      /SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead$/,
    );
  });
});

describe('a signature', () => {
  const base = authorization({ method: 'POST', headers: form, body: 'a=b' });
  test.each<[string, Partial<SignableRequest>]>([
    ['the body', { body: 'a=c' }],
    ['the host', { host: 'example.org' }],
    ['a header', { headers: { 'Content-Type': 'text/plain' } }],
    ['the method', { method: 'GET' }],
  ])('changes with %s', (_title, change) => {
    expect(authorization({ method: 'POST', headers: form, body: 'a=b', ...change })).not.toBe(base);
  });

  test('leaves the host to the HTTP client and sends everything else that it covers', () => {
    const sent = signed(
      { method: 'POST', host: 'h', headers: { 'X-Amz-Target': 't' }, body: '{}' },
      { region: 'us-east-1', service: 'ecr', keys: { ...keys, sessionToken: 'session' }, time },
    );
    expect(Object.keys(sent).toSorted()).toEqual([
      'authorization',
      'x-amz-date',
      'x-amz-security-token',
      'x-amz-target',
    ]);
    expect(sent).toMatchObject({ 'x-amz-date': '20150830T123600Z', 'x-amz-security-token': 'session' });
    expect(JSON.stringify(sent)).not.toContain(keys.secretAccessKey);
  });
});
