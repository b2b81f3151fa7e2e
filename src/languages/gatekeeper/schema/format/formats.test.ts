import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOfNumberFormat, isOfTextFormat } from './formats.ts';

/** By format: texts that the API server takes, and texts that it refuses. */
const table: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  bsonobjectid: [
    ['507f1f77bcf86cd799439011', '507F1F77BCF86CD799439011'],
    ['507f1f77', 'g07f1f77bcf86cd799439011'],
  ],
  uri: [
    [
      'https://registry.example.com:5000/v2/?a=b#c',
      '/abs/path',
      'mailto:a@example.com',
      'http://user:pass@host/',
      'http://[::1]:80/x',
      'http://%E4%B8%AD.example/',
      '*',
      '//x/y',
      'urn:a:b',
    ],
    [
      '',
      'registry.example.com',
      './rel',
      ':a',
      'http://host:port/',
      'http://a::80/',
      'http://a b/',
      'http://[::1/',
      '/a%zz',
      'http://a\u0000/',
      '1http://x',
    ],
  ],
  email: [
    ['a@example.com', 'A B <a.b+c@example.com>', '"a b"@example.com', '<a@b>', 'a@b (note)', 'é@example.com'],
    ['', 'a', 'a@', '@b', 'a b@c', 'a@b, c@d', 'a..b@c', '.a@b', 'A <a@b', 'a@b c'],
  ],
  hostname: [
    ['localhost', 'registry.example.com', '1.example.com', 'bücher.example', `${'a'.repeat(63)}.com`],
    [
      '',
      '-a.com',
      'a_b.com',
      'a..com',
      `${'a'.repeat(64)}.com`,
      'a.1',
      'example.com.',
      `${'a.'.repeat(130)}com`,
    ],
  ],
  ipv4: [
    ['10.0.0.1', '010.1.1.1', '::ffff:1.2.3.4'],
    ['', '10.0.0', '256.0.0.1', '::1', '10.0.0.1/8', 'a.b.c.d'],
  ],
  ipv6: [
    ['::1', '2001:db8::1', '::ffff:1.2.3.4'],
    ['', '10.0.0.1', '2001:db8::1/64', 'fe80::1%eth0', '1:2:3'],
  ],
  cidr: [
    ['10.0.0.0/8', '010.0.0.0/8', '2001:db8::/32', '10.1.2.3/8'],
    ['', '10.0.0.0', '10.0.0.0/33', '2001:db8::/129', '/8'],
  ],
  mac: [
    ['00:00:5e:00:53:01', '00005e005301', '00-00-5E-00-53-01', '0000.5e00.5301', '02:00:5e:10:00:00:00:01'],
    ['', '00:00:5e:00:53', '00:00-5e:00:53:01', '0000.5e00.53'],
  ],
  uuid: [
    ['A987FBC9-4BED-3078-CF07-9141BA07C9F3', 'a987fbc94bed3078cf079141ba07c9f3'],
    ['', 'a987fbc9-4bed-3078-cf07-9141ba07c9f', 'xa987fbc9-4bed-3078-cf07-9141ba07c9f3'],
  ],
  uuid3: [['a987fbc9-4bed-3078-cf07-9141ba07c9f3'], ['a987fbc9-4bed-4078-8f07-9141ba07c9f3']],
  uuid4: [['57b73598-8764-4ad0-a76a-679bb6640eb1'], ['57b73598-8764-4ad0-c76a-679bb6640eb1']],
  uuid5: [['987fbc97-4bed-5078-9f07-9141ba07c9f3'], ['987fbc97-4bed-4078-9f07-9141ba07c9f3']],
  isbn: [
    ['0321751043', '978-0321751041', '3 401 01319 X'],
    ['0321751044', '978-0321751042', ''],
  ],
  isbn10: [['0-321-75104-3'], ['978-0321751041']],
  isbn13: [['978-0321751041'], ['0321751043']],
  creditcard: [
    ['4111 1111 1111 1111', '3714-496353-98431'],
    ['4111 1111 1111 1112', '', '1234'],
  ],
  ssn: [
    ['111-22-3333', '111 22-3333'],
    ['111223333', '111-22-333', 'a11-22-3333'],
  ],
  hexcolor: [
    ['#FFFFFF', 'fff'],
    ['', '#ffff', '#gggggg'],
  ],
  rgbcolor: [
    ['rgb(0,31,255)', 'rgb( 0 , 31 , 255 )'],
    ['rgb(0,31,256)', 'rgb(01,31,255)', 'rgba(0,31,255)'],
  ],
  byte: [
    ['dGVzdA==', 'dGVz', 'dGVzdDE='],
    ['', 'dGVzdA', 'dGV*', 'dGVzd===', '====', 'dG==dGVz'],
  ],
  password: [['', 'anything'], []],
  date: [
    ['2024-02-29', '2000-02-29', '0000-01-01'],
    ['', '2023-02-29', '1900-02-29', '0100-02-29', '2024-1-1', '2024-13-01', '2024-00-01', '24-01-01'],
  ],
  duration: [
    ['1h30m', '-1.5h', '0', '5.h', '1\u03bcs', '22 ns', '3 days and 2 hours', '1 week', '5 Minutes'],
    ['', '1', 'h', '1 year', 'soon', '99999999999999999999 s', '9223372036854775.9\u03bcs'],
  ],
  'date-time': [
    ['2014-12-15T19:30:20.000Z', '2014-12-15t19:30:20+01:00'],
    [
      '',
      '2014-12-15',
      '2014-12-15 19:30:20Z',
      '2014-12-15T24:00:00Z',
      '2014-12-15T19:30:60Z',
      '2014-12-15T19:30:20',
    ],
  ],
  'k8s-short-name': [
    ['a', 'web-1', 'a'.repeat(63)],
    ['', '-a', 'A', 'a.b', 'a'.repeat(64)],
  ],
  'k8s-long-name': [
    ['web-1.example.com', 'a'.repeat(253)],
    ['', 'a..b', 'A.b', 'a'.repeat(254)],
  ],
};

describe.each(Object.entries(table))('format %s', (format, [taken, refused]) => {
  test.each(taken.map((text) => [text] as const))('takes %j', (text) => {
    expect(isOfTextFormat(format, text)).toBe(true);
  });
  test.each(refused.map((text) => [text] as const))('refuses %j', (text) => {
    expect(isOfTextFormat(format, text)).toBe(false);
  });
});

test('certificates and secrets may be long, and a longer text has no other format', () => {
  const long = 'dGVz'.repeat(100_000);
  expect(isOfTextFormat('byte', long)).toBe(true);
  expect(isOfTextFormat('byte', `${long}d`)).toBe(false);
  expect(isOfTextFormat('password', long)).toBe(true);
  expect(isOfTextFormat('uri', `/${long}`)).toBe(false);
});

test('hyphens in the name of a format mean nothing, and a format that nobody knows is none', () => {
  expect(isOfTextFormat('datetime', 'x')).toBe(false);
  expect(isOfTextFormat('date-time', 'x')).toBe(false);
  expect(isOfTextFormat('semver', 'x')).toBe(true);
  expect(isOfTextFormat('int32', 'x')).toBe(true);
});

test.each([
  ['the largest of 32 bits', 'integer', 'int32', 2_147_483_647, true],
  ['one more', 'integer', 'int32', 2_147_483_648, false],
  ['the least of 32 bits', 'integer', 'int32', -2_147_483_648, true],
  ['one less', 'integer', 'int32', -2_147_483_649, false],
  ['more than 64 bits', 'integer', '', 1e20, false],
  ['64 bits', 'integer', 'int64', 2 ** 62, true],
  ['more than a float', 'number', 'float', 1e39, false],
  ['a float', 'number', 'float', 1e38, true],
  ['any number', 'number', 'double', 1e300, true],
  ['no type', '', 'int32', 1e20, true],
])('numbers: %s', (_title, type, format, value, wanted) => {
  expect(isOfNumberFormat(type, format, value)).toBe(wanted);
});

test('whatever a text is, each format answers, and soon', () => {
  const hostile = [
    'a'.repeat(100_000),
    '1'.repeat(100_000),
    `${'a.'.repeat(30_000)}!`,
    '"'.repeat(60_000),
    ':'.repeat(60_000),
  ];
  const started = process.cpuUsage().user;
  for (const format of Object.keys(table))
    for (const text of hostile) expect(typeof isOfTextFormat(format, text)).toBe('boolean');
  expect(process.cpuUsage().user - started).toBeLessThan(5_000_000);
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(table)), fc.string({ unit: 'binary' }), (format, text) => {
      expect(typeof isOfTextFormat(format, text)).toBe('boolean');
    }),
  );
});
