import { expect, test } from 'vitest';
import { readApkInstalled } from './apk.ts';
import { maxDatabasePackages } from './system-package.ts';

const installed = `C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:alpine-baselayout
V:3.6.5-r0
A:x86_64
S:8515
o:alpine-baselayout
D:alpine-baselayout-data=3.6.5-r0 /bin/sh
F:dev
F:etc
R:motd
a:0:0:644
F:

C:Q1abc
P:libcrypto3
V:3.3.2-r1
A:x86_64
o:openssl
F:usr/lib
R:libcrypto.so.3
a:0:0:755
R:engines.so
`;

test('names package, version, origin and files', () => {
  const read = readApkInstalled(installed);
  expect(read.ok && read.value).toEqual({
    packages: [
      { name: 'alpine-baselayout', version: '3.6.5-r0', architecture: 'x86_64', files: ['etc/motd'] },
      {
        name: 'libcrypto3',
        version: '3.3.2-r1',
        architecture: 'x86_64',
        source: { name: 'openssl', version: '3.3.2-r1' },
        files: ['usr/lib/libcrypto.so.3', 'usr/lib/engines.so'],
      },
    ],
    unknown: [],
  });
});

test.each([
  ['nothing', '', 0, []],
  ['blank lines alone', '\n\n\n', 0, []],
  ['a file at the root', 'P:a\nV:1\nF:\nR:x', 1, []],
  ['no version', 'P:a\n\nP:b\nV:1\n', 1, ['a']],
  ['no name', 'V:1\n', 0, ['a package without a name']],
  ['files of nobody', 'F:bin\nR:x\n', 0, ['a package without a name']],
])('%s', (_, text, count, unknown) => {
  const read = readApkInstalled(text);
  expect(read.ok && [read.value.packages.length, read.value.unknown]).toEqual([count, unknown]);
});

test('V5: a list of a million packages is not read to its end', () => {
  const read = readApkInstalled('P:a\nV:1\n\n'.repeat(maxDatabasePackages + 1));
  expect(read.ok ? '' : read.error.kind).toBe('limit');
});
