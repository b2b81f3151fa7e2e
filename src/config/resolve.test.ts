import { describe, expect, test } from 'vitest';
import { describeConfigProblem } from './sources/origin.ts';
import { resolveConfig, resolveSettings, type ConfigSources, type ResolvedConfig } from './resolve.ts';

type Given = Partial<Omit<ConfigSources, 'file'>> & { readonly file?: string };
const sourcesOf = ({ file, ...given }: Given): ConfigSources => ({
  flags: {},
  environment: {},
  ...given,
  ...(file === undefined ? undefined : { file: { path: 'gate.yaml', text: file } }),
});
const resolve = (given: Given): ResolvedConfig => {
  const result = resolveConfig(sourcesOf({ ...given, flags: { cluster: true, ...given.flags } }));
  if (!result.ok) throw new Error(result.error.map(describeConfigProblem).join('\n'));
  return result.value;
};
const problemsIn = (given: Given): readonly string[] => {
  const result = resolveConfig(sourcesOf({ ...given, flags: { cluster: true, ...given.flags } }));
  return result.ok ? [] : result.error.map(describeConfigProblem);
};

describe('precedence: flag, environment, file, default', () => {
  const flags = { listen: '127.0.0.1:1' };
  const environment = { IMAGEGATE_LISTEN: '127.0.0.1:2' };
  const file = 'data: x\nlisten: 127.0.0.1:3\n';

  test.each<[string, Given, number, object]>([
    ['the flag wins', { flags, environment, file }, 1, { kind: 'flag', flag: '--listen' }],
    ['then the environment', { environment, file }, 2, { kind: 'environment', variable: 'IMAGEGATE_LISTEN' }],
    ['then the file', { file }, 3, { kind: 'file', path: 'gate.yaml', line: 2, column: 9 }],
    ['then the default', {}, 8443, { kind: 'default' }],
  ])('%s', (_title, given, port, origin) => {
    expect(resolve(given).config.listen).toEqual({ value: { host: '127.0.0.1', port }, origin });
  });

  test('a higher list replaces a lower one, it does not add to it', () => {
    const { config } = resolve({
      flags: { admins: ['ops'] },
      environment: { IMAGEGATE_ADMINS: 'a,b' },
      file: 'admins: [c]',
    });
    expect(config.admins.value).toEqual(['ops']);
  });

  test('a broken higher value is refused, not passed over for a good lower one', () => {
    expect(problemsIn({ flags: { listen: '8443' }, file })).toEqual([
      expect.stringMatching(/^flag --listen: "8443" is no HOST:PORT: write 127\.0\.0\.1:8443$/),
    ]);
  });
});

describe('values', () => {
  test('are frozen all the way down', () => {
    const { config } = resolve({ flags: { admins: ['ops'] } });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.admins)).toBe(true);
    expect(Object.isFrozen(config.admins.value)).toBe(true);
    expect(Object.isFrozen(config.listen.value)).toBe(true);
  });

  test('of names split at commas, of people do not: CN=ops,OU=it is one name', () => {
    const { config } = resolve({
      flags: { bootstrapNamespaces: ['kube-system,a', 'b'], admins: ['CN=ops,OU=it', 'ops'] },
    });
    expect(config.bootstrapNamespaces.value).toEqual(['kube-system', 'a', 'b']);
    expect(config.admins.value).toEqual(['CN=ops,OU=it', 'ops']);
  });

  test('of a list in the environment split at commas, or at line breaks where there is one', () => {
    const admins = (text: string): readonly string[] =>
      resolve({ environment: { IMAGEGATE_ADMINS: text } }).config.admins.value;
    expect(admins('ops, dev')).toEqual(['ops', 'dev']);
    expect(admins('CN=ops,OU=it\n')).toEqual(['CN=ops,OU=it']);
  });

  test.each([
    ['a text for a list of one', 'admins: ops', 'admins', ['ops']],
    [
      'a list',
      'bootstrapNamespaces: [kube-system, calico-system]',
      'bootstrapNamespaces',
      ['kube-system', 'calico-system'],
    ],
    ['an empty list', 'bootstrapNamespaces: []', 'bootstrapNamespaces', []],
    ['a number as a size in bytes', 'recordMaxBytes: 1048576', 'recordMaxBytes', 1_048_576],
    ['a duration', 'recordMaxAge: 7d', 'recordMaxAge', 604_800_000],
    ['JSON, which is YAML too', '{"unmatched": "deny"}', 'unmatched', 'deny'],
    ['an anchor', 'clientCa: &ca ./ca.crt\nkubeconfig: *ca', 'kubeconfig', './ca.crt'],
  ] as const)('of a file may be %s', (_title, file, key, value) => {
    expect(resolve({ file }).config[key].value).toEqual(value);
  });

  test.each(['', '# nothing yet\n', '---\n', 'null'])('the file %j sets nothing', (file) => {
    expect(resolve({ file }).config.listen.origin).toEqual({ kind: 'default' });
  });

  test('of workloads become rows of the workload table (R4)', () => {
    const file =
      'workloads:\n  - { group: x.io, resource: fleets, kind: Fleet, podSpec: spec.template.spec }';
    expect(resolve({ file }).config.workloads.value).toMatchObject([
      { group: 'x.io', resource: 'fleets', kind: 'Fleet', podSpec: 'spec.template.spec' },
    ]);
  });
});

describe('problems of a file name the place and what was meant', () => {
  const row = 'group: x.io, resource: fleets, kind: Fleet';

  test.each([
    [
      'an unknown key',
      'data: x\nlisen: a:1',
      'gate.yaml:2:1: unknown setting "lisen"; did you mean "listen"?',
    ],
    ['a flag for a key', 'tls-cert: x', 'gate.yaml:1:1: unknown setting "tls-cert"; did you mean "tlsCert"?'],
    [
      'a key like nothing else',
      'zzzzzz: x',
      /^gate\.yaml:1:1: unknown setting "zzzzzz"; the settings are policies, /,
    ],
    ['a duplicate key', 'data: x\ndata: y', /^gate\.yaml:2:1: not readable as YAML: Map keys must be unique/],
    ['broken YAML', 'data: [', /^gate\.yaml:1:\d+: not readable as YAML/],
    ['two documents', 'data: x\n---\ndata: y', /not readable as YAML/],
    ['a list', '- data', 'gate.yaml:1:1: expected settings, one "key: value" a line'],
    ['a key without a value', 'data:\n', /data has no value; give one, or remove the key$/],
    ['a list for one value', 'data: [a]', /^gate\.yaml:1:7: data: expected one value/],
    ['a map for a list', 'admins: { a: b }', /admins: expected a list of texts$/],
    [
      'a word that is not allowed',
      'unmatched: denny',
      /unmatched: "denny" is not one of deny, allow; did you mean deny\?$/,
    ],
    ['a size', 'recordMaxBytes: lots', /^gate\.yaml:1:17: recordMaxBytes: "lots" is no size/],
    ['a prototype', '__proto__: { a: 1 }', /unknown setting "__proto__"/],
    ['a merge key', '<<: { data: x }', /unknown setting "<<"/],
    [
      'a field of a row',
      `workloads:\n  - { ${row}, podspec: spec }`,
      'gate.yaml:2:51: workloads[0].podspec: unknown field "podspec"; did you mean "podSpec"?',
    ],
    [
      'a row for a built-in kind',
      'workloads:\n  - { group: "", resource: pods, kind: Pod, podSpec: x }',
      /^gate\.yaml:2:5: workloads\[0\]: a built-in workload cannot be declared again$/,
    ],
    [
      'a row twice',
      `workloads:\n  - { ${row}, podSpec: spec }\n  - { ${row}, podSpec: spec }`,
      /^gate\.yaml:3:5: workloads\[1\]: x\.io Fleet is declared twice/,
    ],
    ['rows that are no list', 'workloads: { a: b }', /^gate\.yaml:1:12: workloads: expected a list/],
  ])('%s', (_title, file, message) => {
    const problems = problemsIn({ file });
    expect(problems).toHaveLength(1);
    if (typeof message === 'string') expect(problems[0]).toBe(message);
    else expect(problems[0]).toMatch(message);
  });

  test('aliases that stand for too much are refused, not expanded', () => {
    const level = (name: string, of: string): string => `${name}: &${name} [${`*${of},`.repeat(9)}]`;
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...['b', 'c', 'd', 'e', 'f'].map((n, i) => level(n, 'abcdef'[i]!)),
    ];
    const file = `workloads:\n${bomb.map((line) => `  - { ${line} }`).join('\n')}`;
    expect(problemsIn({ file })).toEqual([expect.stringMatching(/not readable as YAML/)]);
  });

  test('all of them are reported at once', () => {
    expect(
      problemsIn({ flags: { listen: 'x' }, environment: { IMAGEGATE_LOG_LEVEL: 'loud' }, file: 'admin: y' }),
    ).toHaveLength(3);
  });
});

describe('R17: variables', () => {
  test.each([
    ['a Service of our name', 'IMAGEGATE_PORT', 'tcp://10.0.0.1:443', /Kubernetes sets it for a Service/],
    ['a port of it', 'IMAGEGATE_PORT_443_TCP_ADDR', '10.0.0.1', /enableServiceLinks: false/],
    ['the host of it', 'IMAGEGATE_SERVICE_HOST', '10.0.0.1', /Kubernetes sets it/],
    ['a misspelling', 'IMAGEGATE_LISEN', 'secret', /did you mean IMAGEGATE_LISTEN\?$/],
    ['what only a file can hold', 'IMAGEGATE_WORKLOADS', 'x', /configuration file only/],
    ['an empty value', 'IMAGEGATE_LISTEN', '', /is empty and is ignored$/],
  ])('%s is reported and not fatal', (_title, name, value, remark) => {
    const { config, remarks } = resolve({ environment: { [name]: value } });
    expect(remarks).toEqual([expect.stringMatching(remark)]);
    expect(config.listen.origin).toEqual({ kind: 'default' });
    expect(remarks.join()).not.toContain('secret');
  });

  test('a variable of somebody else and IMAGEGATE_CONFIG are not mentioned', () => {
    expect(resolve({ environment: { PATH: '/bin', IMAGEGATE_CONFIG: 'gate.yaml' } }).remarks).toEqual([]);
  });

  test.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('a switch is %j', (text, value) => {
    const result = resolveSettings(['cluster'], sourcesOf({ environment: { IMAGEGATE_CLUSTER: text } }));
    expect(result).toMatchObject({ value: { config: { cluster: { value } } } });
  });

  test('a known variable with a bad value is fatal', () => {
    expect(problemsIn({ environment: { IMAGEGATE_RECORD_MAX_AGE: '30' } })).toEqual([
      expect.stringMatching(/^environment IMAGEGATE_RECORD_MAX_AGE: "30" is no duration/),
    ]);
  });
});

describe('what no setting knows alone', () => {
  test.each<[string, Given, RegExp]>([
    ['no policies', { flags: { cluster: false } }, /^no policies: name a folder/],
    ['policies from two places', { flags: { policies: ['p'] } }, /drop one of the two$/],
    ['a certificate without key', { flags: { tlsCert: 'x' } }, /^flag --tls-cert: .*together with --tls-key/],
    ['a key without certificate', { file: 'tlsKey: x' }, /^gate\.yaml:1:9: --tls-key is of use only/],
    [
      'a client name that nobody verifies',
      { flags: { clientName: 'x' } },
      /verifies nobody without --client-ca/,
    ],
    [
      'to read pull secrets without a cluster (B29)',
      { flags: { cluster: false, policies: ['p'], pullSecrets: true } },
      /^flag --pull-secrets: .*reads nothing without a cluster/,
    ],
    ['one address twice', { flags: { admin: '127.0.0.1:8443' } }, /are both 127\.0\.0\.1:8443/],
  ])('%s is refused', (_title, given, message) => {
    expect(problemsIn(given)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    ['with --cluster', { cluster: true, pullSecrets: true }],
    ['with a kubeconfig', { cluster: false, policies: ['p'], kubeconfig: 'k', pullSecrets: true }],
  ])('pull secrets are read %s', (_title, flags) => expect(problemsIn({ flags })).toEqual([]));

  test('port 0 twice is two ports', () => {
    expect(problemsIn({ flags: { listen: '127.0.0.1:0', admin: '127.0.0.1:0' } })).toEqual([]);
  });

  test('a command that uses few settings is not asked for the others', () => {
    const result = resolveSettings(['data'], sourcesOf({ flags: { data: 'd', listen: 'nonsense' } }));
    expect(result).toMatchObject({ ok: true, value: { config: { data: { value: 'd' } } } });
  });
});
