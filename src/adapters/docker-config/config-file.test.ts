import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { standingClock } from '../../../test/fakes/credentials.ts';
import { entriesFor } from '../../evidence/credential/docker-config.ts';
import { followConfigFile, type ConfigFile, type ConfigFileState } from './config-file.ts';

let folder: string;
let path: string;
const clock = standingClock();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagegate-docker-config-'));
  path = join(folder, 'config.json');
});
afterEach(() => rm(folder, { recursive: true }));

const text = (username: string): string =>
  JSON.stringify({ auths: { 'r.example.com': { username, password: 's3cret-text' } } });
const userOf = ({ config }: ConfigFileState): unknown => {
  const [entry] =
    config === undefined ? [] : entriesFor(config, { host: 'r.example.com', repository: 'app' });
  return entry?.secret.ok === true && 'username' in entry.secret.value
    ? entry.secret.value.username
    : undefined;
};
/** What the file says once it may be looked at again. */
const later = (file: ConfigFile): Promise<ConfigFileState> => {
  clock.advance(1000);
  return file.current();
};

describe('a docker config file', () => {
  test('is read again when it was written, replaced, or a link leads elsewhere', async () => {
    await writeFile(path, text('one'));
    const file = followConfigFile(path, clock);
    expect(userOf(await file.current())).toBe('one');
    await writeFile(path, text('two'));
    expect(userOf(await later(file))).toBe('two');
    await writeFile(join(folder, 'beside'), text('six'));
    await rename(join(folder, 'beside'), path);
    expect(userOf(await later(file))).toBe('six');
    await writeFile(join(folder, 'target'), text('ten'));
    await unlink(path);
    await symlink(join(folder, 'target'), path);
    expect(userOf(await later(file))).toBe('ten');
  });

  test('is looked at once a second at most, however many ask', async () => {
    await writeFile(path, text('one'));
    const file = followConfigFile(path, clock);
    await file.current();
    await writeFile(path, text('two'));
    clock.advance(999);
    const all = await Promise.all(Array.from({ length: 20 }, () => file.current()));
    expect(new Set(all.map(userOf))).toEqual(new Set(['one']));
    clock.advance(1);
    expect(userOf(await file.current())).toBe('two');
  });

  test('that did not change is not parsed again', async () => {
    await writeFile(path, text('one'));
    const file = followConfigFile(path, clock);
    const { config } = await file.current();
    expect((await later(file)).config).toBe(config);
  });

  test('that is broken says so and keeps what it held; mended it is used again', async () => {
    await writeFile(path, text('one'));
    const file = followConfigFile(path, clock);
    await file.current();
    await writeFile(path, text('two').slice(0, -3));
    const broken = await later(file);
    expect([userOf(broken), broken.problem]).toEqual(['one', 'it is no JSON']);
    await writeFile(path, text('two'));
    expect(await later(file)).not.toHaveProperty('problem');
    expect(userOf(await later(file))).toBe('two');
  });

  test('that is gone takes its credentials with it', async () => {
    await writeFile(path, text('one'));
    const file = followConfigFile(path, clock);
    await file.current();
    await unlink(path);
    expect(await later(file)).toEqual({});
    await writeFile(path, text('two'));
    expect(userOf(await later(file))).toBe('two');
  });

  test.each<[string, () => unknown, string]>([
    ['a folder', () => mkdir(path), 'it is no file'],
    ['no UTF-8', () => writeFile(path, Buffer.from([0x7b, 0xff, 0x7d])), 'it is no UTF-8 text'],
    ['no JSON', () => writeFile(path, 's3cret-text'), 'it is no JSON'],
    [
      'larger than any (B9)',
      async () => {
        await writeFile(path, '{}');
        await truncate(path, 2 ** 40);
      },
      'it is larger than 1 MiB',
    ],
    ['a pipe that nobody writes to (B9)', () => execFileSync('mkfifo', [path]), 'it is no file'],
  ])('that is %s is a problem without its text (B37)', async (_title, make, problem) => {
    await make();
    expect(await followConfigFile(path, clock).current()).toEqual({ problem });
  });

  test('that is not there is no problem, nor is a folder that is none', async () => {
    expect(await followConfigFile(path, clock).current()).toEqual({});
    await writeFile(path, '');
    expect(await followConfigFile(join(path, 'config.json'), clock).current()).toEqual({});
  });

  test('may have the form from before auths', async () => {
    await writeFile(
      path,
      JSON.stringify({ 'https://r.example.com/v1/': { username: 'old', password: 'x' } }),
    );
    expect(userOf(await followConfigFile(path, clock, 'dockercfg').current())).toBe('old');
    expect(userOf(await followConfigFile(path, clock).current())).toBeUndefined();
  });

  test('that cannot be reached is a problem', async () => {
    await symlink(path, path);
    expect(await followConfigFile(path, clock).current()).toEqual({ problem: 'it cannot be read (ELOOP)' });
  });
});
