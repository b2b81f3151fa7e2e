import { fstatSync, mkdtempSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withScratchFile } from './scratch-file.ts';

const root = mkdtempSync(join(tmpdir(), 'scratch-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a scratch file holds bytes, has no name, and ends with its use', async () => {
  const folder = join(root, 'new');
  let used = -1;
  const read = await withScratchFile(folder, async (descriptor) => {
    used = descriptor;
    writeSync(descriptor, Buffer.from('advisories'));
    expect(readdirSync(folder)).toEqual([]);
    const bytes = Buffer.alloc(20);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, 20, 0));
  });
  expect(read).toBe('advisories');
  expect(() => fstatSync(used)).toThrow('EBADF');
});

test('a scratch file ends with a use that fails', async () => {
  await expect(withScratchFile(root, () => Promise.reject(new Error('no space')))).rejects.toThrow(
    'no space',
  );
  expect(readdirSync(root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
