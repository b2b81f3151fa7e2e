import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeConfigProblem } from '../sources/origin.ts';
import { printConfig } from '../print.ts';
import { resolveConfig } from '../resolve.ts';
import type { Config } from '../resolved.ts';

const attempt = (text: string, path = '/etc/gate/gate.yaml') =>
  resolveConfig({ flags: { cluster: true }, environment: {}, file: { path, text } });
const read = (text: string, path?: string): Config => {
  const result = attempt(text, path);
  if (!result.ok) throw new Error(result.error.map(describeConfigProblem).join('\n'));
  return result.value.config;
};
const problemIn = (text: string): string => {
  const result = attempt(text);
  return result.ok ? 'accepted' : result.error.map(describeConfigProblem).join('\n');
};
const rows = (...lines: readonly string[]): string =>
  `registries:\n${lines.map((line) => `  - { ${line} }`).join('\n')}`;

describe('registries: a row', () => {
  test('holds what was written, and nothing that was not', () => {
    const text = rows(
      'host: Registry.Example.com:5000, plainHttp: false, allowPrivateAddress: true, mirrors: [cache.local:5000, "[::1]:5001"], tokenRealms: [auth.example.com], concurrency: 64, timeout: 500ms',
      'host: ghcr.io',
    );
    expect(read(text).registries.value).toEqual([
      {
        host: 'registry.example.com:5000',
        plainHttp: false,
        allowPrivateAddress: true,
        mirrors: ['cache.local:5000', '[::1]:5001'],
        tokenRealms: ['auth.example.com'],
        concurrency: 64,
        timeout: 500,
      },
      { host: 'ghcr.io' },
    ]);
  });

  test.each([
    ['a relative name starts at the folder of the file', 'ca/registry.crt', '/etc/gate/ca/registry.crt'],
    ['.. leads up from it', '../ca.crt', '/etc/ca.crt'],
    ['an absolute name stays', '/ca.crt', '/ca.crt'],
  ])('of files: %s', (_title, name, found) => {
    const text = rows(`host: a.io, caFile: ${name}, dockerConfigFile: ${name}`);
    expect(read(text).registries.value).toEqual([{ host: 'a.io', caFile: found, dockerConfigFile: found }]);
  });

  test.each([
    ['docker.io', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['INDEX.Docker.IO', 'docker.io'],
    ['registry-1.docker.io', 'registry-1.docker.io'],
    ['localhost:5000', 'localhost:5000'],
    ['127.0.0.1:5000', '127.0.0.1:5000'],
  ])('of host %s speaks about %s, as references do', (given, host) => {
    expect(read(rows(`host: "${given}"`)).registries.value).toEqual([{ host }]);
  });

  test.each([
    ['100ms', 100],
    ['30s', 30_000],
  ])('may have the timeout %s', (given, timeout) => {
    expect(read(rows(`host: a.io, timeout: ${given}`)).registries.value).toEqual([{ host: 'a.io', timeout }]);
  });

  test('is printed so that the print is read back as the same row from any folder', () => {
    const text = rows('host: a.io, caFile: ca.crt, mirrors: [b.io], timeout: 1500ms, concurrency: 2');
    const first = read(text);
    expect(printConfig(first)).toContain('caFile: /etc/gate/ca.crt');
    expect(read(printConfig(first), '/elsewhere/printed.yaml').registries.value).toEqual(
      first.registries.value,
    );
  });
});

describe('registries: a row is refused, with its place, when', () => {
  const at = (line: number, column: number, rest: string): string =>
    `/etc/gate/gate.yaml:${String(line)}:${String(column)}: registries${rest}`;

  test.each<[string, string, string | RegExp]>([
    [
      'a field is misspelt',
      rows('host: a.io, plainHTTPS: true'),
      at(2, 19, '[0].plainHTTPS: unknown field "plainHTTPS"; did you mean "plainHttp"?'),
    ],
    [
      'a field is like no other',
      rows('host: a.io, zzz: 1'),
      /unknown field "zzz"; the fields are host, plainHttp, /,
    ],
    [
      'a field would reach a prototype',
      rows('host: a.io, __proto__: { plainHttp: true }'),
      /unknown field "__proto__"/,
    ],
    ['the host is missing', rows('plainHttp: true'), at(2, 5, '[0]: host is missing')],
    [
      'the host is there twice',
      rows('host: a.io', 'host: A.io'),
      at(3, 5, '[1]: a.io stands here twice; keep one of the two'),
    ],
    [
      'it is Docker Hub twice by two names',
      rows('host: docker.io', 'host: index.docker.io'),
      /docker\.io stands here twice/,
    ],
    [
      'the host is a URL',
      rows('host: https://a.io/v2'),
      at(2, 7, '[0].host: "https://a.io/v2" is no host; write a.io'),
    ],
    ['the host has a path', rows('host: a.io/team'), /"a\.io\/team" is no host; write a\.io$/],
    ['B20: the host has a user', rows('host: a.io@evil.io'), /"a\.io@evil\.io" is no host/],
    ['the host is a wildcard', rows('host: "*.a.io"'), /"\*\.a\.io" is no host; write for example/],
    ['the host is empty', rows('host: ""'), /"" is no host/],
    ['the host is a number', rows('host: 5000'), /expected a host/],
    [
      'a switch is a word',
      rows('host: a.io, plainHttp: yes'),
      at(2, 19, '[0].plainHttp: is neither true nor false; write one of them'),
    ],
    [
      'a field has no value',
      rows('host: a.io, caFile: '),
      at(2, 19, '[0].caFile: has no value; give one, or remove the field'),
    ],
    ['a file name holds a control character', rows('host: a.io, caFile: "a\\0b"'), /control character/],
    [
      'a mirror is no host',
      rows('host: a.io, mirrors: [b.io, "c/d"]'),
      at(2, 35, '[0].mirrors[1]: "c/d" is no host; write c'),
    ],
    [
      'a mirror is there twice',
      rows('host: a.io, mirrors: [b.io, B.io]'),
      /mirrors\[1\]: b\.io stands here twice/,
    ],
    [
      'it is its own mirror',
      rows('host: a.io, mirrors: [b.io, a.io]'),
      at(2, 35, '[0].mirrors[1]: a.io is no mirror of itself; remove it'),
    ],
    [
      'there are nine mirrors',
      rows(`host: a.io, mirrors: [${Array.from({ length: 9 }, (_, n) => `m${String(n)}.io`).join(',')}]`),
      /mirrors: expected a list of at most 8/,
    ],
    ['mirrors are no list', rows('host: a.io, mirrors: b.io'), /mirrors: expected a list/],
    [
      'nothing is asked at a time',
      rows('host: a.io, concurrency: 0'),
      /concurrency: expected a whole number from 1 to 64/,
    ],
    ['too much is asked at a time', rows('host: a.io, concurrency: 65'), /from 1 to 64/],
    ['half a request is asked', rows('host: a.io, concurrency: 1.5'), /from 1 to 64/],
    ['the timeout is too short', rows('host: a.io, timeout: 99ms'), /expected a duration from 100ms to 30s/],
    ['the timeout is too long', rows('host: a.io, timeout: 31s'), /from 100ms to 30s/],
    ['the timeout has no unit', rows('host: a.io, timeout: 10'), /timeout: "10" is no duration/],
    [
      'a client certificate has no key',
      rows('host: a.io, clientCertFile: c.crt'),
      /clientCertFile: is of no use without clientKeyFile; give both/,
    ],
    [
      'a client key has no certificate',
      rows('host: a.io, clientKeyFile: c.key'),
      /clientKeyFile: is of no use without clientCertFile; give both/,
    ],
    [
      'a client certificate stands beside plain HTTP',
      rows('host: a.io, plainHttp: true, clientCertFile: c.crt, clientKeyFile: c.key'),
      /is shown to nobody beside plainHttp/,
    ],
    [
      'a CA stands beside plain HTTP',
      rows('host: a.io, plainHttp: true, caFile: ca.crt'),
      /caFile: verifies nobody beside plainHttp/,
    ],
    ['it is a text', 'registries: [a.io]', /registries\[0\]: expected a row with the fields host, /],
    ['rows are a map', 'registries: { host: a.io }', /registries: expected a list of at most 1024/],
  ])('%s', (_title, text, message) => {
    if (typeof message === 'string') expect(problemIn(text)).toBe(message);
    else expect(problemIn(text)).toMatch(message);
  });
});

test('the example of docs/registries-and-credentials.md is one', () => {
  const document = readFileSync(
    new URL('../../../docs/registries-and-credentials.md', import.meta.url),
    'utf8',
  );
  const [, example = ''] = /```yaml\n(registryDefaults:[^]*?)```/.exec(document) ?? [];
  const config = read(example);
  expect(config.registries.value).toHaveLength(3);
  expect(config.registryEvents.value).toHaveLength(1);
  expect(config.cloudIdentities.value).toEqual(['ecr']);
});

describe('registryEvents', () => {
  const good = 'source: harbor, format: harbor, tokenFile: token, hosts: [Registry.example.com]';
  const events = (...lines: readonly string[]): string =>
    rows(...lines).replace('registries', 'registryEvents');

  test('names a source, its format, its token file and the registries it may speak about', () => {
    const found = [
      { source: 'harbor', format: 'harbor', tokenFile: '/etc/gate/token', hosts: ['registry.example.com'] },
    ];
    const first = read(events(good));
    expect(first.registryEvents.value).toEqual(found);
    expect(read(printConfig(first), '/elsewhere/printed.yaml').registryEvents.value).toEqual(found);
  });

  test.each([
    [
      'a format nobody speaks',
      good.replace('format: harbor', 'format: harbour'),
      /format: "[^"]+" is not one of distribution, harbor, cloudevents; did you mean harbor\?/,
    ],
    ['no hosts', good.replace('[Registry.example.com]', '[]'), /hosts: is empty; name the registries/],
    ['hosts missing', good.replace(', hosts: [Registry.example.com]', ''), /\[0\]: hosts is missing$/],
    [
      'a token in the file itself',
      `${good}, token: secret`,
      /unknown field "token"; the fields are source, format, tokenFile, hosts$/,
    ],
    [
      'a source that would not fit a log line',
      good.replace('source: harbor', 'source: "a b"'),
      /source: expected a name/,
    ],
  ])('refuses %s', (_title, line, message) => {
    expect(problemIn(events(line))).toMatch(message);
  });

  test('refuses one source twice', () => {
    expect(problemIn(events(good, good))).toMatch(/registryEvents\[1\]: harbor stands here twice/);
  });
});
