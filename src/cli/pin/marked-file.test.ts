import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { markFile, replaceMarked } from './marked-file.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagegate-pin-'));
  file = join(folder, 'app.yaml');
  await writeFile(file, 'old');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a file that is as it was', () => {
  test('is replaced, with its mode, and nothing lies beside it', async () => {
    await chmod(file, 0o4711);
    expect(await replaceMarked(file, await markFile(file), 'new')).toBeUndefined();
    expect(await readFile(file, 'utf8')).toBe('new');
    expect((await stat(file)).mode & 0o7777).toBe(0o4711);
    expect(await readdir(folder)).toEqual(['app.yaml']);
  });
  test('with the longest name that there is', async () => {
    const long = join(folder, 'x'.repeat(255));
    await rename(file, long);
    expect(await replaceMarked(long, await markFile(long), 'new')).toBeUndefined();
    expect(await readFile(long, 'utf8')).toBe('new');
  });
});

describe('a file that changed is left alone', () => {
  test.each<[string, () => Promise<void>]>([
    ['written', () => writeFile(file, 'theirs, longer')],
    [
      'replaced by one of the same size',
      async () => {
        await writeFile(join(folder, 'next'), 'OLD');
        await rename(join(folder, 'next'), file);
      },
    ],
    [
      'a link that leads elsewhere now',
      async () => {
        await writeFile(join(folder, 'next'), 'OLD');
        await rm(file);
        await symlink('next', file);
      },
    ],
  ])('%s', async (_title, change) => {
    const mark = await markFile(file);
    await change();
    const theirs = await readFile(file, 'utf8');
    expect(await replaceMarked(file, mark, 'new')).toMatch(/app\.yaml changed while/);
    expect(await readFile(file, 'utf8')).toBe(theirs);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
  test('gone with its folder', async () => {
    const mark = await markFile(file);
    await rm(folder, { recursive: true });
    expect(await replaceMarked(file, mark, 'new')).toMatch(/^cannot write .*app\.yaml: /);
  });
});

test('a folder is nothing to write back', async () => {
  await mkdir(join(folder, 'sub'));
  await expect(markFile(join(folder, 'sub'))).rejects.toThrow('no regular file; use --pin -f -');
});
