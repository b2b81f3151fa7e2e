import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  chmodSync,
  mkdirSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCa, day, issueLeaf } from './issue.ts';
import { selfSignedCertificates, type SelfSignedOptions } from './self-signed.ts';
import type { CertificateSource, ServingMaterial } from './source.ts';

let root: string;
let dir: string;
let now: number;
let problems: string[];
const sources: CertificateSource[] = [];
const clock = { now: () => now };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imagegate-tls-'));
  dir = join(root, 'tls');
  now = Date.now();
  problems = [];
});
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
  rmSync(root, { recursive: true, force: true });
});

const tryOpen = (more: Partial<SelfSignedOptions> = {}) =>
  selfSignedCertificates({
    dir,
    names: ['gate.example.com'],
    clock,
    onProblem: (problem) => problems.push(problem),
    ...more,
  });
const open = async (more: Partial<SelfSignedOptions> = {}): Promise<CertificateSource> => {
  const opened = await tryOpen(more);
  if (!opened.ok) throw new Error(opened.error);
  sources.push(opened.value);
  return opened.value;
};
const file = (name: string): string => readFileSync(join(dir, name), 'utf8');
const bundle = (pem: string): readonly X509Certificate[] =>
  pem
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((text) => text.trim() !== '')
    .map((text) => new X509Certificate(text));
const issuerOf = ({ cert }: ServingMaterial): string => new X509Certificate(cert).issuer;

/** Whether Node's TLS client accepts the certificate for a name; the error code when not. */
const verify = async ({ cert, key }: ServingMaterial, ca: string, name: string): Promise<string> => {
  const server = createServer({ cert, key }, (socket) => socket.end()).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ip = /^[\d.]+$|:/.test(name);
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: bundle(ca).map(String),
    ...(ip ? {} : { servername: name }),
    checkServerIdentity: (_host, peer) => {
      const shown = new X509Certificate(peer.raw);
      const matches = ip ? shown.checkIP(name) : shown.checkHost(name, { subject: 'never' });
      return matches === undefined ? new Error(`not for ${name}`) : undefined;
    },
  });
  try {
    await once(socket, 'secureConnect');
    return 'verified';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  } finally {
    socket.destroy();
    server.close();
  }
};

describe('the first start', () => {
  test.each(['gate.example.com', 'localhost', '127.0.0.1', '::1', '10.1.2.3', 'gate.imagegate-system.svc'])(
    'makes a certificate that a client with ca.crt accepts for %s',
    async (name) => {
      const source = await open({ names: ['gate.example.com', '10.1.2.3', 'gate.imagegate-system.svc'] });
      expect(await verify(source.current(), file('ca.crt'), name)).toBe('verified');
    },
  );

  test('and for no other name', async () => {
    const source = await open();
    expect(await verify(source.current(), file('ca.crt'), 'evil.example.com')).toBe(
      'not for evil.example.com',
    );
    const stranger = await createCa(clock);
    expect(await verify(source.current(), stranger.cert, 'localhost')).toBe(
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    );
  });

  test('has the extensions that Go asks for', async () => {
    const { cert, ca = '' } = (await open()).current();
    const leaf = new X509Certificate(cert);
    const [authority] = bundle(ca);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.subjectAltName).toBe(
      'DNS:gate.example.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(authority?.ca).toBe(true);
    expect(leaf.checkIssued(authority as X509Certificate)).toBe(true);
    expect(leaf.serialNumber).toMatch(/^[0-7][0-9A-F]{31}$/);
    expect(leaf.serialNumber).not.toBe(authority?.serialNumber);
    expect(Date.parse(leaf.validFrom)).toBeLessThanOrEqual(now - 4 * 60 * 1000);
    expect(Math.round((Date.parse(leaf.validTo) - now) / day)).toBe(90);
    expect((Date.parse(authority?.validTo ?? '') - now) / day).toBeCloseTo(3652.5, 1);
  });

  test('keeps private keys to itself and leaves no half-written file', async () => {
    await open();
    expect(readdirSync(dir).toSorted()).toEqual(['ca.crt', 'ca.key', 'server.pem']);
    expect(statSync(join(dir, 'ca.key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'server.pem')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'ca.crt')).mode & 0o777).toBe(0o644);
    expect(problems).toEqual([]);
  });

  test('of several processes at once ends with one CA', async () => {
    const all = await Promise.all([open(), open(), open()]);
    const [ca] = bundle(file('ca.crt'));
    for (const source of all) expect(issuerOf(source.current())).toBe(ca?.subject);
  });

  test('that was cut short after the key is completed with the same key', async () => {
    const ca = await createCa(clock);
    mkdirSync(dir);
    writeFileSync(join(dir, 'ca.key'), ca.key, { mode: 0o600 });
    const source = await open();
    expect(file('ca.key')).toBe(ca.key);
    expect(await verify(source.current(), ca.cert, 'localhost')).toBe('verified');
  });
});

describe('a later start', () => {
  test('uses what is there', async () => {
    const first = (await open()).current();
    const second = (await open()).current();
    expect(second).toEqual(first);
  });

  test('issues a new leaf of the same CA when a name was added', async () => {
    const first = (await open()).current();
    const second = (await open({ names: ['gate.example.com', 'new.example.com'] })).current();
    expect(second.cert).not.toBe(first.cert);
    expect(second.ca).toBe(first.ca);
  });

  test.each<[string, (path: string) => void, RegExp]>([
    [
      'a corrupt ca.crt',
      (path) => writeFileSync(join(path, 'ca.crt'), 'rubbish'),
      /ca\.crt holds no certificate.*move /s,
    ],
    [
      'a truncated ca.crt',
      (path) =>
        writeFileSync(join(path, 'ca.crt'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
      /cannot be read/,
    ],
    [
      'a corrupt ca.key',
      (path) => writeFileSync(join(path, 'ca.key'), 'rubbish'),
      /ca\.key holds no private key/,
    ],
    ['a missing ca.key', (path) => rmSync(join(path, 'ca.key')), /ca\.key is missing/],
  ])('refuses %s and says what to do', async (_title, damage, want) => {
    await open();
    damage(dir);
    const before = readdirSync(dir).map((name) => [name, file(name)]);
    const opened = await tryOpen();
    expect(opened).toMatchObject({ ok: false, error: expect.stringMatching(want) as string });
    expect(readdirSync(dir).map((name) => [name, file(name)])).toEqual(before);
  });

  test('refuses a key of somebody else', async () => {
    await open();
    writeFileSync(join(dir, 'ca.key'), (await createCa(clock)).key);
    expect(await tryOpen()).toMatchObject({
      ok: false,
      error: expect.stringContaining('is not the key of any certificate') as string,
    });
  });

  test('moves a foreign leaf aside and says so', async () => {
    const { cert: own } = (await open()).current();
    const stranger = await issueLeaf(await createCa(clock), ['localhost'], clock);
    writeFileSync(join(dir, 'server.pem'), stranger.key + stranger.cert);
    const source = await open();
    expect(problems[0]).toContain('was not issued by a CA in ca.crt');
    expect(file('server.pem.old')).toContain(stranger.cert);
    expect(source.current().cert).not.toBe(own);
    expect(await verify(source.current(), file('ca.crt'), 'localhost')).toBe('verified');
  });

  test('warns about a key that others may read', async () => {
    await open();
    chmodSync(join(dir, 'ca.key'), 0o644);
    await open();
    expect(problems[0]).toContain('chmod 600');
  });
});

describe('R15: renewal by the clock', () => {
  test('a leaf is renewed 30 days before its end, once, and swapped', async () => {
    const source = await open();
    const swapped: ServingMaterial[] = [];
    source.onChange((material) => swapped.push(material));
    const first = source.current();
    now += 59 * day;
    await source.check();
    expect(swapped).toHaveLength(0);
    now += 2 * day;
    await Promise.all([source.check(), source.check()]);
    await source.check();
    expect(swapped).toHaveLength(1);
    expect(source.current().cert).not.toBe(first.cert);
    expect(source.current().expiresAt).toBeGreaterThan(now + 89 * day);
    expect(file('server.pem')).toContain(source.current().cert.trim());
    expect(issuerOf(source.current())).toBe(issuerOf(first));
  });

  test('the host of manifests --url stays in every leaf, renewed ones too', async () => {
    await open({ names: [], rememberNames: ['hook.example.com'] });
    const served = await open();
    expect(await verify(served.current(), file('ca.crt'), 'hook.example.com')).toBe('verified');
    now += 61 * day;
    await served.check();
    const names = new X509Certificate(served.current().cert).subjectAltName;
    expect(names).toContain('DNS:hook.example.com');
    expect(names).toContain('DNS:gate.example.com');
  });

  test('a line in the file of names that is no name is passed over', async () => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'names'), 'ok.example.com\n\nnot a name\n');
    const names = new X509Certificate((await open()).current().cert).subjectAltName;
    expect(names).toContain('DNS:ok.example.com');
    expect(names).not.toContain('not a name');
  });

  test('a new CA stands in ca.crt before any leaf uses it, and the old one stays there', async () => {
    const source = await open();
    const before = file('ca.crt');
    const old = issuerOf(source.current());
    now += 3653 * day - 364 * day;
    await source.check();
    const announced = file('ca.crt');
    expect(bundle(announced)).toHaveLength(2);
    expect(announced).toContain(before.trim());
    expect(source.current().ca).toBe(announced);
    expect(issuerOf(source.current())).toBe(old);
    expect(problems.some((problem) => problem.includes('its successor was added'))).toBe(true);
    now += 190 * day;
    await source.check();
    expect(file('ca.crt')).toBe(announced);
    await source.check();
    now += 61 * day;
    await source.check();
    expect(issuerOf(source.current())).not.toBe(old);
    expect(readdirSync(dir).toSorted()).toEqual(['ca.crt', 'ca.key', 'server.pem']);
    const again = await open();
    expect(again.current()).toEqual(source.current());
  });

  test('old and new trust overlap: a client with any ca.crt since the announcement accepts every leaf', async () => {
    const source = await open();
    let held = file('ca.crt');
    let announced = false;
    for (let step = 0; step < 3653 / 30; step++) {
      now += 30 * day;
      await source.check();
      if (!announced && file('ca.crt') !== held) {
        held = file('ca.crt');
        announced = true;
      }
      const leaf = new X509Certificate(source.current().cert);
      expect(bundle(held).some((ca) => leaf.verify(ca.publicKey))).toBe(true);
      expect(Date.parse(leaf.validTo)).toBeGreaterThan(now);
    }
    expect(announced).toBe(true);
  });

  test('a gate that slept until shortly before the end still announces before it takes over', async () => {
    const first = await open();
    const old = issuerOf(first.current());
    first.close();
    now += 3640 * day;
    const source = await open();
    expect(bundle(file('ca.crt'))).toHaveLength(2);
    expect(issuerOf(source.current())).toBe(old);
    now += 8 * day;
    await source.check();
    expect(issuerOf(source.current())).not.toBe(old);
  });

  test('a leaf that cannot be written still serves, and the trouble is reported', async () => {
    const source = await open();
    const first = source.current();
    rmSync(dir, { recursive: true });
    writeFileSync(dir, 'a file where the directory was');
    now += 61 * day;
    await source.check();
    expect(source.current().cert).not.toBe(first.cert);
    expect(problems[0]).toContain('kept in memory only');
  });
});

test('CA and leaf are made within 80 ms once the library is loaded', async () => {
  await createCa(clock);
  const times: number[] = [];
  for (let at = 0; at < 5; at++) {
    // Of this process: keys are made by another thread, and what else keeps the machine busy does not count.
    const before = process.cpuUsage();
    await issueLeaf(await createCa(clock), ['localhost'], clock);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  expect(Math.min(...times)).toBeLessThan(80);
});
