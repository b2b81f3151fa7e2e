import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dpkgListOwner, readDpkgList, readDpkgStatus } from './dpkg.ts';
import { maxDatabasePackages } from './system-package.ts';

const libc = `Package: libc6
Status: install ok installed
Priority: optional
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u4
Description: GNU C Library: Shared libraries
 Contains the standard libraries.
 .
 Version: 0 is in the description

`;
const read = (text: string) => {
  const database = readDpkgStatus(text);
  if (!database.ok) throw new Error(database.error.why);
  return database.value;
};
const withState = (state: string): string => `Package: a\nStatus: ${state}\nVersion: 1\n`;

describe('the status file of dpkg', () => {
  test('names package, version, architecture and source', () => {
    expect(read(libc)).toEqual({
      packages: [
        {
          name: 'libc6',
          version: '2.36-9+deb12u4',
          architecture: 'amd64',
          source: { name: 'glibc', version: '2.36-9+deb12u4' },
        },
      ],
      unknown: [],
    });
  });

  test.each([
    ['gcc-12 (12.2.0-14)', { name: 'gcc-12', version: '12.2.0-14' }],
    ['other', { name: 'other', version: '1' }],
    ['other (', { name: 'other', version: '1' }],
    ['a (1)', undefined],
    ['', undefined],
  ])('Source: %s', (source, want) => {
    expect(read(`Package: a\nVersion: 1\nSource: ${source}\n`).packages[0]?.source).toEqual(want);
  });

  test.each([
    ['install ok installed', 1],
    ['hold ok installed', 1],
    ['install reinstreq half-installed', 1],
    ['install ok unpacked', 1],
    ['install ok half-configured', 1],
    ['install ok triggers-pending', 1],
    ['deinstall ok config-files', 0],
    ['purge ok not-installed', 0],
  ])('V11: "%s" is %i package', (state, count) =>
    expect(read(withState(state)).packages).toHaveLength(count),
  );

  test('names of fields in any case, blank lines with spaces, no end of line', () => {
    expect(
      read('PACKAGE: a\nversion: 1\n \t\npackage: b\nVersion:2').packages.map(({ name }) => name),
    ).toEqual(['a', 'b']);
  });

  test('what has no version, or an endless one, is told, not left out', () => {
    const endless = `Package: c\nVersion: ${'1'.repeat(2000)}\n`;
    expect(read(`Package: a\n\nVersion: 1\n\n${endless}`)).toEqual({
      packages: [],
      unknown: ['a', 'a package without a name', 'c'],
    });
  });

  test('V5: a list of a million packages is not read to its end', () => {
    const status = readDpkgStatus('Package: a\nVersion: 1\n\n'.repeat(maxDatabasePackages + 1));
    expect(status.ok ? '' : status.error.kind).toBe('limit');
  });

  test('any packages come back in their order', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,20}$/);
    const version = fc.stringMatching(/^[0-9][0-9a-z.+~:-]{0,20}$/);
    fc.assert(
      fc.property(fc.array(fc.record({ name, version }), { maxLength: 20 }), (packages) => {
        const text = packages.map((one) => `Package: ${one.name}\nVersion: ${one.version}\n`).join('\n');
        expect(read(text).packages).toEqual(packages);
      }),
    );
  });
});

describe('the files of a package', () => {
  test.each([
    ['var/lib/dpkg/info/libc6:amd64.list', 'libc6'],
    ['var/lib/dpkg/info/adduser.list', 'adduser'],
    ['var/lib/dpkg/status.d/base.md5sums', 'base'],
    ['var/lib/dpkg/info/adduser.md5sums', undefined],
    ['var/lib/dpkg/status', undefined],
    ['srv/var/lib/dpkg/info/a.list', undefined],
  ])('%s lists those of %s', (path, owner) => expect(dpkgListOwner(path)).toBe(owner));

  test('a path a line; in md5sums behind the hash', () => {
    expect(readDpkgList('/.\n/usr\n/usr/bin/a b\n', 'x.list')).toEqual(['usr', 'usr/bin/a b']);
    const sums = `${'0'.repeat(32)}  usr/lib/a.so\n${'1'.repeat(32)}  ./etc/a\n`;
    expect(readDpkgList(sums, 'x.md5sums')).toEqual(['usr/lib/a.so', 'etc/a']);
  });
});
