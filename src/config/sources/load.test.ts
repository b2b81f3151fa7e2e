import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadSources, replicaFromHost } from './load.ts';
import { describeConfigProblem } from './origin.ts';

const folder = mkdtempSync(join(tmpdir(), 'imagegate-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('loadSources', () => {
  const good = file('gate.yaml', 'data: x\n');
  const other = file('other.yaml', 'data: y\n');

  test.each([
    ['the file of --config', { config: good }, {}, 'data: x\n'],
    ['the file of IMAGEGATE_CONFIG', {}, { IMAGEGATE_CONFIG: good }, 'data: x\n'],
    ['--config before IMAGEGATE_CONFIG', { config: other }, { IMAGEGATE_CONFIG: good }, 'data: y\n'],
  ])('reads %s', (_title, flags, environment, text) => {
    expect(loadSources({ ...flags, listen: 'a:1' }, environment)).toMatchObject({
      ok: true,
      value: { flags: { listen: 'a:1' }, file: { text } },
    });
  });

  test.each([{}, { IMAGEGATE_CONFIG: '' }])('reads no file without being told to: %j', (environment) => {
    expect(loadSources({}, environment)).toEqual({ ok: true, value: { flags: {}, environment } });
  });

  test.each([
    [
      'is not there',
      join(folder, 'nowhere.yaml'),
      /flag --config: cannot read .*no such file or folder; check the path/,
    ],
    ['is a folder', folder, /it is a folder; name a file/],
    ['is no text', file('binary.yaml', Buffer.from([0xff, 0xfe, 0x00])), /not valid UTF-8/],
    ['has no name', '', /cannot read ""/],
  ])('refuses a file that %s', (_title, config, message) => {
    const result = loadSources({ config }, {});
    expect(result.ok ? '' : result.error.map(describeConfigProblem).join()).toMatch(message);
  });
});

describe('replicaFromHost', () => {
  test.each([
    ['web-1.example.com', 'web-1.example.com'],
    ['my_host', 'my-host'],
    ['-x-', 'x'],
    ['', 'gate'],
  ])('%j is %j', (host, name) => expect(replicaFromHost(host)).toBe(name));
});
