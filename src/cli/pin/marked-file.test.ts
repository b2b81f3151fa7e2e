import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { markFile, replaceMarked, type FileMark } from './marked-file.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imagegate-pin-'));
  file = join(folder, 'app.yaml');
  await writeFile(file, 'old');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const mark = async (path: string, inside = folder): Promise<FileMark> => {
  const marked = await markFile(path, inside);
  if (typeof marked === 'string') throw new Error(marked);
  return marked;
};

describe('a file that is as it was', () => {
  test('is replaced, with its mode, and nothing lies beside it', async () => {
    await chmod(file, 0o4711);
    expect(await replaceMarked(file, await mark(file), 'new')).toBeUndefined();
    expect(await readFile(file, 'utf8')).toBe('new');
    expect((await stat(file)).mode & 0o7777).toBe(0o4711);
    expect(await readdir(folder)).toEqual(['app.yaml']);
  });
  test('with the longest name that there is', async () => {
    const long = join(folder, 'x'.repeat(255));
    await rename(file, long);
    expect(await replaceMarked(long, await mark(long), 'new')).toBeUndefined();
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
    const marked = await mark(file);
    await change();
    const theirs = await readFile(file, 'utf8');
    expect(await replaceMarked(file, marked, 'new')).toMatch(/app\.yaml changed while/);
    expect(await readFile(file, 'utf8')).toBe(theirs);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
  test('gone with its folder', async () => {
    const marked = await mark(file);
    await rm(folder, { recursive: true });
    expect(await replaceMarked(file, marked, 'new')).toMatch(/^cannot write .*app\.yaml: /);
  });
});

test('a folder is nothing to write back', async () => {
  await mkdir(join(folder, 'sub'));
  expect(await markFile(join(folder, 'sub'), folder)).toContain('no regular file; use --pin -f -');
});

describe('nothing outside of the folder that was named is written', () => {
  const linked = async (target: string): Promise<string> => {
    await mkdir(join(folder, 'named/deep'), { recursive: true });
    await writeFile(join(folder, 'named/inside.yaml'), 'old');
    await symlink(target, join(folder, 'named/link.yaml'));
    return join(folder, 'named/link.yaml');
  };
  test.each([
    ['a link into the folder', './inside.yaml'],
    ['a link through folders of it', 'deep/../inside.yaml'],
  ])('%s is followed', async (_title, target) => {
    const link = await linked(target);
    expect((await mark(link, join(folder, 'named'))).refusal).toBeUndefined();
  });
  test.each([
    ['a link to a file beside the folder', '../app.yaml'],
    ['a link through a folder that is a link itself', 'out/app.yaml'],
  ])('%s is refused and says what to name', async (_title, target) => {
    const link = await linked(target);
    await symlink('..', join(folder, 'named/out'));
    const { refusal } = await mark(link, join(folder, 'named'));
    expect(refusal).toContain(`name ${await realpath(file)} with -f`);
  });
  test('a folder whose name only begins alike is another one', async () => {
    await mkdir(join(folder, 'named-too'));
    await writeFile(join(folder, 'named-too/app.yaml'), 'old');
    const link = await linked('../named-too/app.yaml');
    expect((await mark(link, join(folder, 'named'))).refusal).toContain('link out of');
  });
  test('a named folder that is a link is the folder that it leads to', async () => {
    await linked('./inside.yaml');
    await symlink('named', join(folder, 'other'));
    const found = await mark(join(folder, 'other/link.yaml'), join(folder, 'other'));
    expect(found.refusal).toBeUndefined();
  });
});
