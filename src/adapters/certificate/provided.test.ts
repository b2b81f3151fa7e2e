import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { providedCertificates } from './provided.ts';
import { createCa, day, issueLeaf, type IssuedLeaf } from './issue.ts';
import type { CertificateSource } from './source.ts';

const clock = { now: () => Date.now() };
let first: IssuedLeaf;
let second: IssuedLeaf;
let root: string;
let problems: string[];
let certFile: string;
let keyFile: string;
const sources: CertificateSource[] = [];

beforeAll(async () => {
  const ca = await createCa(clock);
  first = await issueLeaf(ca, ['localhost'], clock);
  second = await issueLeaf(ca, ['localhost'], clock);
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imagegate-given-'));
  certFile = join(root, 'tls.crt');
  keyFile = join(root, 'tls.key');
  problems = [];
  write(first);
});
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
  rmSync(root, { recursive: true, force: true });
});

const write = ({ cert, key }: IssuedLeaf): void => {
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
};
const tryOpen = (checkEvery = 3_600_000, at = clock) =>
  providedCertificates({
    certFile,
    keyFile,
    clock: at,
    checkEvery,
    onProblem: (problem) => problems.push(problem),
  });
const open = async (...args: Parameters<typeof tryOpen>): Promise<CertificateSource> => {
  const opened = await tryOpen(...args);
  if (!opened.ok) throw new Error(opened.error);
  sources.push(opened.value);
  return opened.value;
};

test('serves the pair with its end', async () => {
  const source = await open();
  expect(source.current()).toEqual({ cert: first.cert, key: first.key, expiresAt: first.expiresAt });
});

test('follows a change by itself', async () => {
  const source = await open();
  const changed = new Promise((resolve) => source.onChange(resolve));
  write(second);
  expect(await changed).toMatchObject({ cert: second.cert, key: second.key });
});

test('follows a mounted Secret, which changes by a link', async () => {
  for (const [name, leaf] of [
    ['a', first],
    ['b', second],
  ] as const) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'tls.crt'), leaf.cert);
    writeFileSync(join(root, name, 'tls.key'), leaf.key);
  }
  rmSync(certFile);
  rmSync(keyFile);
  symlinkSync('a', join(root, '..data'));
  symlinkSync('..data/tls.crt', certFile);
  symlinkSync('..data/tls.key', keyFile);
  const source = await open();
  const changed = new Promise((resolve) => source.onChange(resolve));
  symlinkSync('b', join(root, '..data_tmp'));
  renameSync(join(root, '..data_tmp'), join(root, '..data'));
  expect(await changed).toMatchObject({ cert: second.cert });
});

test('keeps the last good pair while the files are broken, and says so once', async () => {
  const source = await open();
  writeFileSync(certFile, second.cert);
  await source.check();
  expect(problems).toEqual([]);
  await source.check();
  await source.check();
  expect(problems).toEqual([
    `${keyFile} is not the key of the first certificate in ${certFile}; the certificate that was read before stays in use`,
  ]);
  expect(source.current().cert).toBe(first.cert);
  write(second);
  await source.check();
  expect(source.current().cert).toBe(second.cert);
});

test.each<[string, () => void, RegExp]>([
  ['a missing certificate', () => rmSync(certFile), /tls\.crt cannot be read/],
  ['a missing key', () => rmSync(keyFile), /tls\.key cannot be read/],
  ['rubbish', () => writeFileSync(certFile, 'rubbish'), /tls\.crt holds no certificate/],
  ['a key of another certificate', () => writeFileSync(keyFile, second.key), /is not the key of/],
  ['a certificate as key', () => writeFileSync(keyFile, first.cert), /tls\.key holds no private key/],
])('refuses to start with %s', async (_title, damage, want) => {
  damage();
  expect(await tryOpen()).toMatchObject({ ok: false, error: expect.stringMatching(want) as string });
});

test('serves an expired certificate but says so', async () => {
  await open(3_600_000, { now: () => Date.now() + 100 * day });
  expect(problems[0]).toContain('has expired');
});
