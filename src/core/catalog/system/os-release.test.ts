import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readOsRelease } from './os-release.ts';

describe('os-release', () => {
  test.each([
    [
      'Debian',
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
      { id: 'debian', versionId: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
    ],
    [
      'Alpine, without quotes',
      'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\n',
      { id: 'alpine', versionId: '3.20.3' },
    ],
    ['single quotes and CRLF', "ID='rocky'\r\nVERSION_ID='9.4'\r\n", { id: 'rocky', versionId: '9.4' }],
    ['signs behind a backslash', 'ID=a\nPRETTY_NAME="a \\"b\\" \\$c"', { id: 'a', name: 'a "b" $c' }],
    ['the last of equal names', 'ID=debian\nID=ubuntu\n', { id: 'ubuntu' }],
    ['no version', 'ID=arch\nVERSION_ID=\n', { id: 'arch' }],
    ['what it is like is not what it is (V11)', 'ID=linuxmint\nID_LIKE=ubuntu', { id: 'linuxmint' }],
    ['comments and nonsense beside it', '# ID=debian\n=\nID debian\nID=x', { id: 'x' }],
    ['no id', 'ID_LIKE=debian\nVERSION_ID=12\n', undefined],
    ['an id of other signs', 'ID=De bian\n', undefined],
    ['nothing', '', undefined],
  ])('%s', (_, text, want) => expect(readOsRelease(text)).toEqual(want));

  test('any text is read, and an id has the signs of one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(readOsRelease(`ID=${text}`)?.id ?? 'none').toMatch(/^[a-z0-9._-]{1,64}$/);
      }),
    );
  });
});
