import { describe, expect, test } from 'vitest';
import { pythonFolderName, readPythonMetadata } from './python.ts';

const site = 'usr/lib/python3/dist-packages';
test.each([
  [`${site}/requests-2.31.0.dist-info/METADATA`, 'requests-2.31.0'],
  [`${site}/Jinja2-3.1.2.egg-info/PKG-INFO`, 'Jinja2-3.1.2'],
  [`${site}/six-1.16.0.egg-info`, 'six-1.16.0'],
  [`${site}/a-1.0-py3.8.egg/EGG-INFO/PKG-INFO`, 'a-1.0-py3.8.egg'],
  [`${site}/requests-2.31.0.dist-info/RECORD`, undefined],
  [`${site}/requests/METADATA`, undefined],
  [`${site}/a.dist-info/PKG-INFO`, undefined],
  ['PKG-INFO', undefined],
])('%s is %s', (path, want) => expect(pythonFolderName(path)).toBe(want));

describe('core metadata', () => {
  test.each([
    [
      'Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\nSummary: HTTP\n\nName: other\n',
      ['requests', '2.31.0'],
      [],
    ],
    ['Name: a\r\nVersion: 1\r\n\r\ntext', ['a', '1'], []],
    ['name: a\nVERSION: 1', ['a', '1'], []],
    ['Name: a\nDescription: x\n Version: 9\nVersion: 1\n', ['a', '1'], []],
    ['Name: a\n\nVersion: 1\n', undefined, ['a']],
    ['Version: 1\n', undefined, ['folder']],
    ['', undefined, ['folder']],
  ])('%j', (text, found, unknown) => {
    const read = readPythonMetadata(text, 'folder');
    expect(read.packages.map(({ name, version }) => [name, version])).toEqual(
      found === undefined ? [] : [found],
    );
    expect(read.unknown).toEqual(unknown);
  });
});
