import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthority, type Authority } from '../../../test/e2e/harness/certificates.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { readClientCa } from '../webhook/server/caller.ts';
import { followClientCa, readClientCaFile } from './client-ca-file.ts';
import { soon } from '../../../test/soon.ts';

let first: Authority;
let second: Authority;
let folder: string;
let file: string;
let logged: { level: string; message: string; fields: object }[];
const write =
  (level: string) =>
  (message: string, fields: object = {}) =>
    void logged.push({ level, message, fields });
const log = { info: write('info'), error: write('error') };

beforeAll(async () => {
  first = await createAuthority('first');
  second = await createAuthority('second');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imagegate-client-ca-'));
  file = join(folder, 'client-ca.crt');
  writeFileSync(file, first.certificate);
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the file of --client-ca is followed', () => {
  const every = 20;
  /** Long enough for two looks and the reading, many times over. */
  const long = 400;
  const ends: (() => void)[] = [];
  afterEach(() => ends.splice(0).forEach((end) => end()));

  const follow = async (swap = (_ca: string): Result<void, string> => ok(undefined)) => {
    const read = await readClientCaFile(file, readClientCa);
    if (!read.ok) throw new Error(read.error.join());
    const swaps: string[] = [];
    const end = followClientCa(
      read.value,
      (ca) => {
        swaps.push(ca);
        return swap(ca);
      },
      log,
      every,
    );
    ends.push(end);
    return swaps;
  };

  test('a file that stays as it is says and changes nothing, neither when it is only touched', async () => {
    const swaps = await follow();
    await sleep(100);
    writeFileSync(file, first.certificate);
    await sleep(long);
    expect([swaps, logged]).toEqual([[], []]);
  });

  test('a new CA is put to use and reported', async () => {
    const swaps = await follow();
    writeFileSync(file, second.certificate);
    await vi.waitFor(() => expect(swaps).toEqual([second.certificate]), soon);
    await sleep(long);
    expect(swaps).toHaveLength(1);
    expect(logged).toEqual([{ level: 'info', message: 'client CA replaced', fields: { file } }]);
  });

  test('a mounted ConfigMap changes by a link', async () => {
    for (const [name, authority] of [
      ['a', first],
      ['b', second],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'client-ca.crt'), authority.certificate);
    }
    rmSync(file);
    symlinkSync('a', join(folder, '..data'));
    symlinkSync('..data/client-ca.crt', file);
    const swaps = await follow();
    symlinkSync('b', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await vi.waitFor(() => expect(swaps).toEqual([second.certificate]), soon);
  });

  const broken: readonly (readonly [string, () => void, RegExp])[] = [
    ['an empty file', () => writeFileSync(file, ''), /client-ca\.crt holds no certificate in PEM form$/],
    ['rubbish', () => writeFileSync(file, 'rubbish'), /client-ca\.crt holds no certificate in PEM form$/],
    [
      'a bundle that is cut off',
      () => writeFileSync(file, second.certificate + second.certificate.slice(0, 99)),
      /client-ca\.crt holds a certificate that cannot be read$/,
    ],
    ['no file', () => rmSync(file), /client-ca\.crt cannot be read: ENOENT/],
    ['a folder', () => (rmSync(file), mkdirSync(file)), /client-ca\.crt cannot be read: EISDIR/],
  ];
  test.each(broken)(
    '%s is reported once, never put to use, and its correction is',
    async (_title, damage, want) => {
      const swaps = await follow();
      damage();
      await vi.waitFor(() => expect(logged).toHaveLength(1), soon);
      await sleep(long);
      expect(swaps).toEqual([]);
      expect(logged).toEqual([
        {
          level: 'error',
          message: 'the file of --client-ca cannot be used; the CA before it stays',
          fields: { problem: expect.stringMatching(want) as string },
        },
      ]);
      rmSync(file, { recursive: true, force: true });
      writeFileSync(file, second.certificate);
      await vi.waitFor(() => expect(swaps).toEqual([second.certificate]), soon);
    },
  );

  test('a CA that the server refuses is reported once, and tried until it is taken', async () => {
    let refuses = true;
    const swaps = await follow(() => (refuses ? fail('not now') : ok(undefined)));
    writeFileSync(file, second.certificate);
    await vi.waitFor(() => expect(swaps.length).toBeGreaterThan(2), soon);
    expect(logged.map(({ fields }) => fields)).toEqual([{ problem: 'not now' }]);
    refuses = false;
    await vi.waitFor(() => expect(logged.at(-1)?.level).toBe('info'), soon);
  });

  test('a file that is still being written is left alone', async () => {
    const swaps = await follow();
    const end = performance.now() + 300;
    for (let length = 1; performance.now() < end; length++) {
      writeFileSync(file, `${second.certificate}\n${first.certificate.slice(0, length)}`);
      await sleep(2);
    }
    expect([swaps, logged]).toEqual([[], []]);
  });
});
