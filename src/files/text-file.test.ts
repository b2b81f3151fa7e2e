import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readTextFile } from './text-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'bounded-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let pipes = 0;
const pipe = (): string => {
  const path = join(folder, `pipe-${String(pipes++)}`);
  execFileSync('mkfifo', [path]);
  return path;
};
const file = (text: string | Buffer): string => {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  return path;
};

describe('a file is read within its bounds', () => {
  test('up to the last byte that is allowed', () => {
    expect(readTextFile(file('é'.repeat(50)), { bytes: 100 })).toEqual({ ok: true, value: 'é'.repeat(50) });
    expect(readTextFile(file('x'.repeat(101)), { bytes: 100 })).toEqual({
      ok: false,
      error: 'it is larger than 100 bytes',
    });
  });

  test('a file of more than one chunk is whole', () => {
    const text = '0123456789abcdef'.repeat(20_000);
    expect(readTextFile(file(text), { bytes: 2 ** 20 })).toEqual({ ok: true, value: text });
  });

  test.each([
    ['nothing there', join(folder, 'nowhere'), 'there is no such file'],
    ['a folder', folder, 'it is a folder'],
    ['a device without end', '/dev/zero', 'neither a file nor a pipe'],
  ])('%s is refused', (_title, path, sentence) => {
    const read = readTextFile(path, { bytes: 2 ** 20 });
    expect(read.ok ? '' : read.error).toContain(sentence);
  });

  test('what is no UTF-8 is refused', () => {
    const read = readTextFile(file(Buffer.from([0x61, 0xff])), { bytes: 10 });
    expect(read).toEqual({ ok: false, error: 'it is not valid UTF-8; save it as UTF-8' });
  });
});

describe('a pipe is read as long as it speaks', () => {
  const write = (path: string, script: string) => spawn('sh', ['-c', `(${script}) > "$0"`, path]);

  test('a writer that comes late and pauses is waited for', () => {
    const path = pipe();
    write(path, 'sleep 0.2; printf one; sleep 0.2; printf two');
    expect(readTextFile(path, { bytes: 100, silence: 5000 })).toEqual({ ok: true, value: 'onetwo' });
  });

  test('one that never comes, or falls silent, ends with a sentence', () => {
    expect(readTextFile(pipe(), { bytes: 100, silence: 50 })).toEqual({
      ok: false,
      error: 'nothing came from the pipe for 0.05 s',
    });
    const path = pipe();
    const writer = write(path, 'printf one; exec sleep 20');
    const read = readTextFile(path, { bytes: 100, silence: 1000 });
    writer.kill();
    expect(read).toEqual({ ok: false, error: 'nothing came from the pipe for 1 s' });
  });

  test('one that never ends is cut', () => {
    const path = pipe();
    const writer = write(path, 'exec yes');
    const read = readTextFile(path, { bytes: 2 ** 20, silence: 5000 });
    writer.kill();
    expect(read).toEqual({ ok: false, error: 'it is larger than 1 MiB' });
  });
});
