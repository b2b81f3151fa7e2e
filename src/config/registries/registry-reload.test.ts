import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../test/e2e/harness/certificates.ts';
import { describeConfigProblem } from '../sources/origin.ts';
import { createRegistryReload, rereadRegistries, type LiveRegistries } from './registry-reload.ts';

const folder = mkdtempSync(join(tmpdir(), 'imagegate-registries-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const [firstCa = '', secondCa = ''] = rootCertificates;
const token = 'a-token-that-nobody-guesses';
const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';

const problemsOf = (text: string): readonly string[] => {
  const result = rereadRegistries(write('gate.yaml', text));
  return result.ok ? [] : result.error.map(describeConfigProblem);
};
const read = (text: string): LiveRegistries => {
  const result = rereadRegistries(write('gate.yaml', text));
  if (!result.ok) throw new Error(result.error.map(describeConfigProblem).join('\n'));
  return result.value;
};
const event = (source: string, file: string): string =>
  `{ source: ${source}, format: harbor, tokenFile: ${file}, hosts: [a.io] }`;

beforeEach(() => {
  write('ca.crt', firstCa);
  write('config.json', '{"auths":{}}');
  write('token', `${token}\n`);
});

describe('the files of a registry', () => {
  test('are read beside the configuration file', () => {
    const live = read('registries: [{ host: a.io, caFile: ca.crt, dockerConfigFile: config.json }]');
    expect(live.registries).toEqual([
      {
        host: 'a.io',
        caFile: join(folder, 'ca.crt'),
        dockerConfigFile: join(folder, 'config.json'),
        ca: `${firstCa}\n`,
      },
    ]);
  });

  test('of a client are the certificate and its key', async () => {
    const { certificate, key: own } = await (await createAuthority('clients')).issueClient('gate');
    write('client.crt', certificate);
    write('client.key', own);
    const live = read('registries: [{ host: a.io, clientCertFile: client.crt, clientKeyFile: client.key }]');
    expect(live.registries[0]?.client).toEqual({ cert: `${certificate.trim()}\n`, key: own });
  });

  test.each<[string, string, RegExp]>([
    ['is no key', 'no key', /clientKeyFile: .*client\.key" holds no private key that can be read/],
    ['belongs to another certificate', 'other', /clientKeyFile holds the key of another certificate/],
    ['is missing', '', /clientKeyFile: cannot read/],
  ])('of a client are refused when the key %s, without its text (B37)', async (_title, form, why) => {
    const authority = await createAuthority('clients');
    const [one, other] = [await authority.issueClient('gate'), await authority.issueClient('gate')];
    write('client.crt', one.certificate);
    rmSync(join(folder, 'client.key'), { force: true });
    if (form !== '') write('client.key', form === 'other' ? other.key : 's3cret-text');
    const problems = problemsOf(
      'registries: [{ host: a.io, clientCertFile: client.crt, clientKeyFile: client.key }]',
    ).join();
    expect(problems).toMatch(why);
    expect(problems).not.toContain('s3cret-text');
  });

  test('of all hosts is the caFile of registryDefaults', () => {
    const live = read('registryDefaults: { caFile: ca.crt }');
    expect(live.defaults).toEqual({ caFile: join(folder, 'ca.crt'), ca: `${firstCa}\n` });
    expect(problemsOf('registryDefaults: { caFile: nowhere }').join()).toMatch(
      /registryDefaults: caFile: cannot read/,
    );
    expect(problemsOf('registryDefaults: { cafile: ca.crt }').join()).toMatch(/did you mean "caFile"/);
  });

  test('hand on the certificates and not the key that stands beside them', () => {
    write('ca.crt', `${key}${firstCa}\n${secondCa}\n`);
    expect(read('registries: [{ host: a.io, caFile: ca.crt }]').registries[0]?.ca).toBe(
      `${firstCa}\n${secondCa}\n`,
    );
  });

  test.each([
    ['that is missing', 'nowhere', '', /cannot read ".*nowhere": there is no such file/],
    ['without a certificate', 'empty', key, /empty" holds no certificate/],
    [
      'with one broken certificate among good ones',
      'broken',
      `${firstCa}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      /holds a certificate that cannot be read: number 2/,
    ],
  ])('refuse a CA file %s: a row without its CA would trust others', (_title, name, text, message) => {
    if (text !== '') write(name, text);
    expect(problemsOf(`registries: [{ host: a.io, caFile: ${name} }]`)).toEqual([
      expect.stringMatching(/gate\.yaml:1:13: registries: caFile of a\.io: /),
    ]);
    expect(problemsOf(`registries: [{ host: a.io, caFile: ${name} }]`).join()).toMatch(message);
  });

  test('are bounded: 1 MiB is read and not more', () => {
    write('big', `${' '.repeat(1024 * 1024)}x`);
    expect(problemsOf('registries: [{ host: a.io, dockerConfigFile: big }]').join()).toMatch(
      /larger than 1 MiB/,
    );
  });
});

describe('the token of a push source', () => {
  test('is the text of its file without the line break', () => {
    expect(read(`registryEvents: [${event('harbor', 'token')}]`).events[0]?.token).toBe(token);
  });

  test.each([
    ['empty', '\n', /no bearer token/],
    ['too short to withstand guessing', 'short', /can be guessed; give it at least 16 characters/],
    ['on two lines', `${token}\n${token}`, /no bearer token/],
    ['with a blank', `Bearer ${token}`, /no bearer token/],
  ])('is refused when it is %s, and never repeated', (_title, text, message) => {
    write('token', text);
    const [problem = ''] = problemsOf(`registryEvents: [${event('harbor', 'token')}]`);
    expect(problem).toMatch(message);
    expect(problem).not.toContain('nobody');
  });

  test('is refused when two sources share it: one could speak for the other', () => {
    write('other', token);
    expect(problemsOf(`registryEvents: [${event('one', 'token')}, ${event('two', 'other')}]`).join()).toMatch(
      /one and two have the same token/,
    );
  });

  test('every problem is reported at once', () => {
    expect(
      problemsOf(`registries: [{ host: a.io, caFile: no1 }]\nregistryEvents: [${event('one', 'no2')}]`),
    ).toHaveLength(2);
  });
});

describe('reload', () => {
  const follow = (text: string) => {
    const first = read(text);
    const changes: LiveRegistries[] = [];
    const problems: (readonly string[])[] = [];
    const reload = createRegistryReload({
      path: join(folder, 'gate.yaml'),
      first,
      onChange: (live) => changes.push(live),
      onProblem: (reported) => problems.push(reported),
    });
    const look = (times: number): void => {
      for (let time = 0; time < times; time += 1) reload.look();
    };
    return { changes, problems, look };
  };

  test('a changed row is in force after two looks that found the same', () => {
    const { changes, problems, look } = follow('registries: [{ host: a.io }]');
    look(3);
    write('gate.yaml', 'registries: [{ host: b.io }, { host: c.io }]');
    look(1);
    expect(changes).toEqual([]);
    look(1);
    expect(changes.map(({ registries }) => registries.map(({ host }) => host))).toEqual([['b.io', 'c.io']]);
    look(3);
    expect(changes).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  test('a file that is still being written is not read', () => {
    const { changes, look } = follow('registries: [{ host: a.io }]');
    write('gate.yaml', 'registries: [{ host: bb.io }]');
    look(1);
    write('gate.yaml', 'registries: [{ host: ccc.io }]');
    look(1);
    expect(changes).toEqual([]);
    look(1);
    expect(changes.map(({ registries }) => registries[0]?.host)).toEqual(['ccc.io']);
  });

  test('a rotated CA and a rotated token are in force without a change of the configuration', () => {
    const { changes, look } = follow(
      `registries: [{ host: a.io, caFile: ca.crt }]\nregistryEvents: [${event('harbor', 'token')}]`,
    );
    write('ca.crt', secondCa);
    look(2);
    write('token', `${token}-of-tomorrow`);
    look(4);
    expect(changes.map(({ registries }) => registries[0]?.ca)).toEqual([`${secondCa}\n`, `${secondCa}\n`]);
    expect(changes.at(-1)?.events[0]?.token).toBe(`${token}-of-tomorrow`);
  });

  test('a rotated client certificate is in force when both of its files are there', async () => {
    const authority = await createAuthority('clients');
    const [before, after] = [await authority.issueClient('gate'), await authority.issueClient('gate')];
    write('client.crt', before.certificate);
    write('client.key', before.key);
    const { changes, problems, look } = follow(
      'registries: [{ host: a.io, clientCertFile: client.crt, clientKeyFile: client.key }]',
    );
    write('client.crt', after.certificate);
    look(4);
    expect(changes).toEqual([]);
    expect(problems.join()).toMatch(/the key of another certificate/);
    write('client.key', after.key);
    look(4);
    expect(changes.map(({ registries }) => registries[0]?.client?.key)).toEqual([after.key]);
  });

  test('a rotated CA of all hosts is in force without a change of the configuration', () => {
    const { changes, look } = follow('registryDefaults: { caFile: ca.crt }');
    write('ca.crt', secondCa);
    look(4);
    expect(changes.map(({ defaults }) => defaults.ca)).toEqual([`${secondCa}\n`]);
  });

  test('a file that a new row names is followed from then on', () => {
    const { changes, look } = follow('registries: []');
    write('gate.yaml', 'registries: [{ host: a.io, caFile: ca.crt }]');
    look(4);
    write('ca.crt', secondCa);
    look(4);
    expect(changes.map(({ registries }) => registries[0]?.ca)).toEqual([`${firstCa}\n`, `${secondCa}\n`]);
  });

  test('the last good rows stay while the file is broken; it is reported once, and once more when it breaks otherwise', () => {
    const { changes, problems, look } = follow('registries: [{ host: a.io, allowPrivateAddress: false }]');
    write('gate.yaml', 'registries: [{ hosts: a.io }]');
    look(5);
    write('gate.yaml', 'registries: [{ host: a.io, plainHttp: 1 }]');
    look(5);
    rmSync(join(folder, 'gate.yaml'));
    look(5);
    expect(changes).toEqual([]);
    expect(problems.map((reported) => reported.join())).toEqual([
      expect.stringMatching(/unknown field "hosts"; did you mean "host"\?/),
      expect.stringMatching(/plainHttp: is neither true nor false/),
      expect.stringMatching(/cannot read .*gate\.yaml": there is no such file/),
    ]);
    write('gate.yaml', 'registries: [{ host: b.io }]');
    look(3);
    expect(changes.map(({ registries }) => registries[0]?.host)).toEqual(['b.io']);
  });

  test('a CA file that comes late is found, although nothing else changed', () => {
    rmSync(join(folder, 'late.crt'), { force: true });
    const { changes, problems, look } = follow('registries: [{ host: a.io }]');
    write('gate.yaml', 'registries: [{ host: a.io, caFile: late.crt }]');
    look(4);
    expect(changes).toEqual([]);
    expect(problems).toHaveLength(1);
    write('late.crt', firstCa);
    look(2);
    expect(changes[0]?.registries[0]?.ca).toBe(`${firstCa}\n`);
  });

  test('a touched file that says the same is no change', () => {
    const { changes, look } = follow('registries: [{ host: a.io }]');
    write('gate.yaml', 'registries: [{ host: a.io }] # touched');
    look(4);
    expect(changes).toEqual([]);
  });
});
