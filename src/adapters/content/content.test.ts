import { createHash } from 'node:crypto';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import type { Digest } from '../../core/image/digest.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scanContent } from './scan.ts';
import { createContentStore, type ContentStoreOptions, type OpenContentStore } from './content.ts';

const shop = { host: 'registry.example.com', repository: 'shop/web' };
const guest = { host: 'registry.example.com', repository: 'guest/web' };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const digestOf = (text: string, algorithm = 'sha256'): Digest =>
  `${algorithm}:${createHash(algorithm).update(text).digest('hex')}` as Digest;
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

let directory = '';
let problems: string[] = [];
const opened: OpenContentStore[] = [];
const open = (options: Partial<ContentStoreOptions> = {}): OpenContentStore => {
  const onProblem = (problem: string): void => {
    problems.push(problem);
  };
  const store = createContentStore({
    directory,
    maxMemoryBytes: 1e6,
    maxDiskBytes: 1e6,
    onProblem,
    ...options,
  });
  opened.push(store);
  return store;
};
/** Nothing in memory, so that everything is read from disk. */
const diskOnly = { maxMemoryBytes: 0 };
const files = async (): Promise<readonly string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
};
const kept = async (...texts: readonly string[]): Promise<void> => {
  const store = open();
  for (const text of texts) store.put({ ...shop, digest: digestOf(text) }, bytesOf(text));
  await store.close();
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'content-'));
  problems = [];
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(directory, { recursive: true, force: true });
});

describe('content', () => {
  test.each(['sha256', 'sha384', 'sha512'])('by %s outlives the process', async (algorithm) => {
    const first = open();
    first.put({ ...shop, digest: digestOf('web', algorithm) }, bytesOf('web'));
    expect(textOf(await first.get({ ...shop, digest: digestOf('web', algorithm) }))).toBe('web');
    await first.close();
    expect(textOf(await open().get({ ...shop, digest: digestOf('web', algorithm) }))).toBe('web');
    expect(problems).toEqual([]);
  });

  test('is written a while after it was read, when the reviews of a rollout are answered', async () => {
    const store = open();
    await store.opened;
    store.put({ ...shop, digest: digestOf('web') }, bytesOf('web'));
    await setTimeout(100);
    expect(await files()).toEqual([]);
    expect(textOf(await store.get({ ...shop, digest: digestOf('web') }))).toBe('web');
    await store.close();
    expect(await files()).toHaveLength(1);
  });

  test('lies by its digest, readable by the owner alone', async () => {
    await kept('web');
    const [file = ''] = await files();
    const hex = digestOf('web').slice(7);
    expect(file.slice(directory.length)).toMatch(
      new RegExp(`^/sha256/${hex.slice(0, 2)}/${hex}-[0-9a-f]{32}$`),
    );
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect((await readFile(file)).toString()).toBe('web');
  });

  test('is shown for the repository that delivered it, and for no other', async () => {
    const store = open();
    store.put({ ...shop, digest: digestOf('secret') }, bytesOf('secret'));
    expect(await store.get({ ...guest, digest: digestOf('secret') })).toBeUndefined();
    await store.close();
    const later = open(diskOnly);
    expect(await later.get({ ...guest, digest: digestOf('secret') })).toBeUndefined();
    expect(textOf(await later.get({ ...shop, digest: digestOf('secret') }))).toBe('secret');
  });

  test('that does not hash to its digest is not kept, wherever it comes from', async () => {
    const store = open();
    store.put({ ...shop, digest: digestOf('web') }, bytesOf('other'));
    expect(await store.get({ ...shop, digest: digestOf('web') })).toBeUndefined();
  });

  test.each([
    'sha256:../../../etc/passwd',
    `sha256:${'A'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    'latest',
    '',
  ])('by %j is no content, and no file is touched for it', async (text) => {
    const store = open();
    const digest = text as Digest;
    store.put({ ...shop, digest }, bytesOf('web'));
    expect(await store.get({ ...shop, digest })).toBeUndefined();
    await store.close();
    expect(await files()).toEqual([]);
  });

  test('does not change when the buffer that it came from does', async () => {
    const buffer = Buffer.from('..web..');
    const store = open();
    store.put({ ...shop, digest: digestOf('web') }, buffer.subarray(2, 5));
    buffer.fill(0);
    expect(textOf(await store.get({ ...shop, digest: digestOf('web') }))).toBe('web');
  });

  test('needs no directory', async () => {
    const store = createContentStore({ maxMemoryBytes: 1e6, maxDiskBytes: 1e6 });
    store.put({ ...shop, digest: digestOf('web') }, bytesOf('web'));
    expect(textOf(await store.get({ ...shop, digest: digestOf('web') }))).toBe('web');
    await store.close();
  });
});

describe('a file that is not what was written', () => {
  const damages: readonly (readonly [string, (file: string) => Promise<void>])[] = [
    ['altered', (file) => writeFile(file, 'evil')],
    ['cut off', (file) => writeFile(file, 'we')],
    ['longer than content may be', (file) => writeFile(file, 'x'.repeat(2000))],
    [
      'a link to what would fit',
      async (file) => {
        await writeFile(join(directory, 'elsewhere'), 'web');
        await rm(file);
        await symlink(join(directory, 'elsewhere'), file);
      },
    ],
    [
      'a pipe',
      async (file) => {
        await rm(file);
        execFileSync('mkfifo', [file]);
      },
    ],
    [
      'a directory',
      async (file) => {
        await rm(file);
        await mkdir(file);
      },
    ],
  ];

  test.each(damages)('%s is a miss, is removed, and can be written again', async (_, damage) => {
    await kept('web');
    const [file = ''] = await files();
    const store = open({ ...diskOnly, maxFileBytes: 1000 });
    expect(textOf(await store.get({ ...shop, digest: digestOf('web') }))).toBe('web');
    await damage(file);
    expect(await store.get({ ...shop, digest: digestOf('web') })).toBeUndefined();
    await store.close();
    await expect(lstat(file)).rejects.toThrow('ENOENT');
    await kept('web');
    expect(textOf(await open(diskOnly).get({ ...shop, digest: digestOf('web') }))).toBe('web');
  });

  test.each(damages)('%s is no content for a later process either', async (_, damage) => {
    await kept('web');
    const [file = ''] = await files();
    await damage(file);
    expect(
      await open({ ...diskOnly, maxFileBytes: 1000 }).get({ ...shop, digest: digestOf('web') }),
    ).toBeUndefined();
  });

  test('a folder that is a link is not followed, for reading or for writing', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'outside-'));
    await symlink(outside, join(directory, 'sha256'));
    await kept('web');
    expect(await readdir(outside)).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('is not a directory')]);
    await rm(outside, { recursive: true });
  });

  test('what a write left half done does not keep the next one out', async () => {
    await kept('web');
    const [file = ''] = await files();
    const store = open();
    await store.opened;
    await rm(file);
    await symlink(join(directory, 'elsewhere'), `${file}.tmp`);
    expect(textOf(await store.get({ ...shop, digest: digestOf('web') }))).toBeUndefined();
    store.put({ ...shop, digest: digestOf('web') }, bytesOf('web'));
    await store.close();
    expect(await files()).toEqual([file]);
    expect((await lstat(file)).isFile()).toBe(true);
  });

  test('what a killed process left half written is removed', async () => {
    await kept('web');
    const [file = ''] = await files();
    await writeFile(`${file}.tmp`, 'we');
    await open().close();
    expect(await files()).toEqual([file]);
  });
});

describe('bounds', () => {
  test('on disk the oldest goes first, also what an earlier process wrote', async () => {
    await kept('one!', 'two!');
    for (const file of await files()) {
      const old = (await readFile(file, 'utf8')) === 'one!' ? 1 : 2;
      await utimes(file, old, old);
    }
    const store = open({ ...diskOnly, maxDiskBytes: 12 });
    for (const text of ['tri!', 'for!']) store.put({ ...shop, digest: digestOf(text) }, bytesOf(text));
    await store.close();
    const texts = await Promise.all((await files()).map((file) => readFile(file, 'utf8')));
    expect(texts.sort()).toEqual(['for!', 'tri!', 'two!']);
  });

  test('a directory that is over its bounds is brought within them at the start', async () => {
    await kept(...Array.from({ length: 20 }, (_, n) => `text ${n}`));
    await open({ maxFiles: 5 }).close();
    expect(await files()).toHaveLength(5);
    await open({ maxDiskBytes: 13 }).close();
    expect((await files()).length).toBeLessThanOrEqual(2);
  });

  test('what is used stays, what is not goes', async () => {
    await kept('a', 'b');
    for (const file of await files()) {
      const old = (await readFile(file, 'utf8')) === 'a' ? 1 : 2;
      await utimes(file, old, old);
    }
    const store = open({ ...diskOnly, maxFiles: 2 });
    await store.opened;
    expect(textOf(await store.get({ ...shop, digest: digestOf('a') }))).toBe('a');
    store.put({ ...shop, digest: digestOf('c') }, bytesOf('c'));
    await store.close();
    const texts = await Promise.all((await files()).map((file) => readFile(file, 'utf8')));
    expect(texts.sort()).toEqual(['a', 'c']);
  });

  test('what waits to be written is bounded: the rest is left out', async () => {
    const store = open({ maxWaitingBytes: 10 });
    for (let n = 0; n < 20; n++) store.put({ ...shop, digest: digestOf(`four${n}`) }, bytesOf(`four${n}`));
    await store.close();
    expect((await files()).length).toBeLessThanOrEqual(2);
    expect((await files()).length).toBeGreaterThan(0);
  });

  test('memory holds no more than its bytes', async () => {
    const store = createContentStore({ maxMemoryBytes: 1500, maxDiskBytes: 0 });
    const texts = ['a', 'b', 'c', 'd'];
    for (const text of texts) store.put({ ...shop, digest: digestOf(text) }, bytesOf(text));
    const found = await Promise.all(texts.map((text) => store.get({ ...shop, digest: digestOf(text) })));
    expect(found.map(textOf)).toEqual([undefined, undefined, 'c', 'd']);
  });
});

describe('a directory that does not work', () => {
  test('costs requests, never an answer, and is reported once', async () => {
    await writeFile(join(directory, 'file'), '');
    const store = open({ directory: join(directory, 'file') });
    for (const text of ['a', 'b']) store.put({ ...shop, digest: digestOf(text) }, bytesOf(text));
    expect(textOf(await store.get({ ...shop, digest: digestOf('a') }))).toBe('a');
    await store.close();
    expect(problems).toEqual([expect.stringContaining('cannot be used')]);
  });

  test('that is removed while in use is a miss, and is made again', async () => {
    const store = open(diskOnly);
    store.put({ ...shop, digest: digestOf('a') }, bytesOf('a'));
    await store.close();
    const later = open(diskOnly);
    expect(textOf(await later.get({ ...shop, digest: digestOf('a') }))).toBe('a');
    await rm(join(directory, 'sha256'), { recursive: true });
    expect(await later.get({ ...shop, digest: digestOf('a') })).toBeUndefined();
    later.put({ ...shop, digest: digestOf('a') }, bytesOf('a'));
    await later.close();
    expect(await files()).toHaveLength(1);
  });
});

describe('B9: a directory of very many files', () => {
  const many = 3000;
  /** As another process left them; what they hold means nothing to the scan. */
  const leave = async (): Promise<void> => {
    await mkdir(join(directory, 'sha256', 'aa'), { recursive: true });
    for (let at = 0; at < many; at++) {
      const name = `${at.toString(16).padStart(64, '0')}-${'0'.repeat(32)}`;
      await writeFile(join(directory, 'sha256', 'aa', name), 'x');
    }
  };

  test('that have to go goes a few files at a time, and the end does not wait for all', async () => {
    await leave();
    const store = open({ maxDiskBytes: 10 });
    await store.opened;
    const underWay = process.getActiveResourcesInfo().filter((name) => name.startsWith('FSReq'));
    expect(underWay.length).toBeLessThan(20);
    await store.close();
    expect((await files()).length).toBeGreaterThan(many / 2);
  });

  test('is not read to its end when the gate ends', async () => {
    await leave();
    const looked: string[] = [];
    const found = await scanContent(directory, many, () => looked.push('once') > 100);
    expect(found.length).toBeLessThan(110);
  });
});
