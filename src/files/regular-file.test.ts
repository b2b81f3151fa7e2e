import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fileVersion, readRegularFile } from './regular-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'regular-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'file');
const read = async (file: string, maxBytes: number) => (await readRegularFile(file, maxBytes)).bytes;

describe('a regular file', () => {
  test.each([0, 1, 64 * 1024, 64 * 1024 + 1, 200_000])('of %i bytes is whole at its limit', async (size) => {
    const bytes = Buffer.alloc(size, 'abcdefg');
    writeFileSync(path, bytes);
    expect(await read(path, size)).toEqual({ ok: true, value: bytes });
  });

  test.each([1, 64 * 1024 + 1, 200_000])('of %i bytes is refused one byte below', async (size) => {
    writeFileSync(path, Buffer.alloc(size));
    expect(await read(path, size - 1)).toEqual({ ok: false, error: 'too-large' });
  });

  test('that says it is empty and is not is bounded too', async () => {
    // Files of /proc have the size 0.
    expect(statSync('/proc/self/status').size).toBe(0);
    expect(await read('/proc/self/status', 64 * 1024)).toMatchObject({ ok: true });
    expect(await read('/proc/self/status', 100)).toEqual({ ok: false, error: 'too-large' });
  });

  test('is what a link leads to', async () => {
    writeFileSync(path, 'text');
    const link = join(folder, 'link');
    symlinkSync(path, link);
    expect(await read(link, 10)).toEqual({ ok: true, value: Buffer.from('text') });
  });

  test('that is not there rejects with the code of the system', async () => {
    await expect(read(join(folder, 'nowhere'), 10)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test.each([
  ['a pipe without a writer (B9)', (at: string) => execFileSync('mkfifo', [at])],
  ['a device without an end', (at: string) => symlinkSync('/dev/zero', at)],
  ['a folder', (at: string) => symlinkSync(folder, at)],
])('%s is not read, and nobody waits for it', async (title, make) => {
  const at = join(folder, title.replaceAll(/\W/g, '-'));
  make(at);
  expect(await read(at, 10)).toEqual({ ok: false, error: 'not-regular' });
});

describe('the version of a file', () => {
  const version = (): string => fileVersion(statSync(path, { bigint: true }));

  test('is that of the bytes that were read', async () => {
    writeFileSync(path, 'text');
    expect((await readRegularFile(path, 10)).version).toBe(version());
  });

  test('changes when the file is written or replaced by one that looks alike', () => {
    writeFileSync(path, 'text');
    const first = version();
    expect(version()).toBe(first);
    appendFileSync(path, '!');
    const second = version();
    writeFileSync(`${path}.new`, 'text!');
    renameSync(`${path}.new`, path);
    expect(new Set([first, second, version()]).size).toBe(3);
  });
});
