import { describe, expect, test } from 'vitest';
import type { LoginReport } from '../../src/cli/login-test.ts';
import { image } from '../fakes/registry/registry-content.ts';
import { challenge, status } from '../fakes/registry/registry-faults.ts';
import { folderWith, type Ended } from './imagegate.ts';
import { nonRoot, stageRegistry, type RegistryStage } from './registry-stage.ts';

const password = 'secret-of-ann';
const users = { ann: { password, repositories: ['team/*'] } };

const login = async (
  stage: RegistryStage,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly report: LoginReport; readonly ended: Ended }> => {
  const words = ['registry', 'login-test', stage.host, '-o', 'json', ...stage.config, ...args];
  const ended = await stage.run(words, { env });
  expect(ended.stdout + ended.stderr).not.toContain(password);
  if (ended.stdout === '') throw new Error(ended.stderr);
  return { code: ended.code, report: JSON.parse(ended.stdout) as LoginReport, ended };
};
const outcomes = ({ attempts }: LoginReport): readonly string[] =>
  attempts.map(({ credential, outcome }) => `${credential.replace(/\/\S*\//, '')}: ${outcome}`);

describe('0: one credential works', () => {
  test('the login of the user at a token server, which serves nobody in particular too', async () => {
    const stage = await stageRegistry({ auth: { mode: 'bearer', users } });
    stage.login('ann', password);
    const { code, report } = await login(stage);
    expect([code, outcomes(report)]).toEqual([0, ['docker config config.json: works', 'anonymous: works']]);
    expect(report).toMatchObject({ host: stage.host, address: stage.registry.url, plainHttp: true });
    expect(report.attempts[0]?.realm).toBe(`${stage.registry.url}/token`);
  });

  test('every credential is tried, so that a wrong one shows although another works', async () => {
    const stage = await stageRegistry({ auth: { mode: 'basic', users, anonymous: ['*'] } });
    stage.login('ann', password);
    const auth = Buffer.from('ann:wrong').toString('base64');
    stage.put('run/containers/auth.json', JSON.stringify({ auths: { [stage.host]: { auth } } }));
    const { code, report } = await login(stage);
    expect(code).toBe(0);
    expect(outcomes(report).slice(0, 2)).toEqual([
      'docker config auth.json: denied',
      'docker config config.json: works',
    ]);
  });

  test('a registry that asks nobody who they are', async () => {
    const stage = await stageRegistry();
    const { code, report } = await login(stage);
    expect([code, outcomes(report)]).toEqual([0, ['anonymous: works']]);
  });

  test('for people: address, proxy, trust and one line a credential', async () => {
    const stage = await stageRegistry({ auth: { mode: 'bearer', users } });
    stage.login('ann', password);
    const auth = Buffer.from('ann:wrong').toString('base64');
    stage.put('run/containers/auth.json', JSON.stringify({ auths: { [stage.host]: { auth } } }));
    const ended = await stage.run(['registry', 'login-test', stage.host, ...stage.config]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(
      ended.stdout
        .replaceAll(stage.host, 'HOST')
        .replaceAll(stage.home, 'HOME')
        .replaceAll(/\(\d+ ms\)/g, '(TIME)'),
    ).toBe(`HOST is asked at http://HOST
  proxy      none
  trusts     none: plain HTTP, as its row says
  addresses  private ones too

credentials, in the order in which they are tried
  denied     docker config HOME/run/containers/auth.json (TIME)
             token: status 401: the token server HOST gave no token; asked HOST
  works      docker config HOME/.docker/config.json (TIME)
             token server http://HOST/token
  works      anonymous (TIME)
             token server http://HOST/token
`);
  });
});

describe('--repository asks as a pull does', () => {
  test.each([
    ['one that the login covers', 'team/web:v1', 0, 'works'],
    ['one that it does not cover', 'other/web:v1', 1, 'denied'],
  ])('%s', async (_title, repository, code, outcome) => {
    const stage = await stageRegistry({ auth: { mode: 'bearer', users } });
    for (const name of ['team/web', 'other/web']) stage.registry.push(name, image(), 'v1');
    stage.login('ann', password);
    const found = await login(stage, ['--repository', repository]);
    expect([found.code, outcomes(found.report)[0]]).toEqual([code, `docker config config.json: ${outcome}`]);
    expect(found.report.image).toBe(`${stage.host}/${repository}`);
  });

  test('an image that is not there: the login works, and the report says so', async () => {
    const stage = await stageRegistry({ auth: { mode: 'basic', users } });
    stage.login('ann', password);
    const { code, report } = await login(stage, ['--repository', 'team/gone']);
    expect([code, report.attempts[0]?.why]).toEqual([0, 'it answers that it has no such image']);
  });
});

describe('login-test and check give one answer', () => {
  const bearer = (url: string): string => `Bearer realm="${url}/token",service="the-double"`;
  /** The double guards by Basic and first offers something else. */
  const offering = async (first: (url: string) => string, kind: RegExp): Promise<RegistryStage> => {
    const stage = await stageRegistry({ auth: { mode: 'basic', users } });
    const { registry } = stage;
    registry.push('team/web', image({ user: '1000' }), 'v1');
    registry.fault({ path: '/token' }, ({ send }) =>
      send({ status: 200, headers: {}, body: Buffer.from('{"token":"given-to-everybody"}') }),
    );
    registry.fault({ path: '/v2/' }, (exchange) => {
      const shown = exchange.request.headers.authorization ?? 'none';
      if (kind.test(shown)) void challenge(first(registry.url))(exchange);
      else exchange.send(exchange.truth());
    });
    return stage;
  };

  test.each<[string, (url: string) => string, RegExp, 'works' | 'denied']>([
    ['Basic after a token was accepted', bearer, /^none/, 'works'],
    ['a token server for ever', bearer, /./, 'denied'],
    ['a challenge that cannot be read', () => 'Basic realm="a",realm="b"', /./, 'denied'],
    ['a scheme that nobody speaks', () => 'Negotiate', /./, 'denied'],
  ])('%s', async (_title, first, kind, outcome) => {
    const stage = await offering(first, kind);
    stage.login('ann', password);
    const { code, report } = await login(stage, ['--repository', 'team/web:v1']);
    expect([code, report.attempts[0]?.outcome]).toEqual([outcome === 'works' ? 0 : 1, outcome]);
    const words = ['check', 'image', `${stage.host}/team/web:v1`, '--policies', nonRoot, ...stage.config];
    const checked = await stage.run([...words, '-o', 'json']);
    const [item] = (JSON.parse(checked.stdout) as { items: { allowed: boolean }[] }).items;
    expect(item?.allowed).toBe(outcome === 'works');
  });

  test('a mirror that serves the image does not make a wrong login work', async () => {
    const stage = await stageRegistry({ auth: { mode: 'basic', users } });
    const mirror = await stageRegistry();
    for (const { registry } of [stage, mirror]) registry.push('team/web', image(), 'v1');
    stage.login('ann', 'wrong');
    const reached = { plainHttp: true, allowPrivateAddress: true };
    const rows = [
      { host: stage.host, ...reached, mirrors: [mirror.host] },
      { host: mirror.host, ...reached },
    ];
    const folder = folderWith({ 'c.yaml': JSON.stringify({ registries: rows }) });
    const args = ['--repository', 'team/web:v1', '--config', `${folder}/c.yaml`];
    expect((await login(stage, args)).report.attempts[0]?.outcome).toBe('denied');
    expect(mirror.registry.counts().total).toBe(0);
  });
});

describe('--pull-secret tries a Secret as the gate would for a Pod that names it', () => {
  const secretOf = (host: string, auth: string, more: object = {}): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/dockerconfigjson',
      metadata: { name: 'regcred', namespace: 'shop' },
      data: {
        '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { [host]: { auth } } })).toString('base64'),
      },
      ...more,
    });
  const authOf = (text: string): string => Buffer.from(text).toString('base64');
  const open = async (): Promise<RegistryStage> => {
    const stage = await stageRegistry({ auth: { mode: 'basic', users } });
    stage.registry.push('team/web', image(), 'v1');
    return stage;
  };
  const tried = (stage: RegistryStage, text: string, env: Readonly<Record<string, string>> = {}) => {
    const file = stage.put('regcred.yaml', text);
    return login(stage, ['--repository', 'team/web:v1', '--pull-secret', file], env);
  };

  test('one that is right works, and the user has none', async () => {
    const stage = await open();
    const { code, report } = await tried(stage, secretOf(stage.host, authOf(`ann:${password}`)));
    expect([code, outcomes(report)]).toEqual([0, ['pull secret shop/regcred: works', 'anonymous: denied']]);
  });

  test('as stringData, in the namespace default', async () => {
    const stage = await open();
    const text = JSON.stringify({ auths: { [stage.host]: { username: 'ann', password } } });
    const more = { metadata: { name: 'regcred' }, stringData: { '.dockerconfigjson': text } };
    const { code, report } = await tried(stage, secretOf(stage.host, authOf('ann:wrong'), more));
    expect([code, outcomes(report)[0]]).toEqual([0, 'pull secret default/regcred: works']);
  });

  test('one that is wrong is denied, although the login of the user is right', async () => {
    const stage = await open();
    stage.login('ann', password);
    const { code, report } = await tried(stage, secretOf(stage.host, authOf('ann:wrong')));
    expect([code, outcomes(report)]).toEqual([1, ['pull secret shop/regcred: denied', 'anonymous: denied']]);
  });

  test('one that ends with a line break says so', async () => {
    const stage = await open();
    const { code, report } = await tried(stage, secretOf(stage.host, authOf(`ann:${password}\n`)));
    expect([code, report.attempts[0]?.outcome]).toEqual([1, 'missing']);
    expect(report.attempts[0]?.why).toContain('maybe a line break at its end');
  });

  test.each<[string, (host: string) => string, string]>([
    ['no YAML', (host) => `data: {\n${secretOf(host, authOf(`ann:${password}`))}`, 'cannot be read as YAML'],
    ['no Secret', () => 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n', 'holds no Secret'],
    [
      'a Secret of another type',
      (host) => secretOf(host, 'x', { type: 'Opaque' }),
      'nothing pulls with this Secret',
    ],
    ['a Secret without a name', (host) => secretOf(host, 'x', { metadata: {} }), 'metadata.name'],
    ['two Secrets', (host) => `${secretOf(host, 'x')}\n---\n${secretOf(host, 'y')}\n`, 'holds 2 Secrets'],
  ])('a file with %s is exit code 2', async (_title, text, why) => {
    const stage = await open();
    const file = stage.put('regcred.yaml', text(stage.host));
    const words = ['registry', 'login-test', stage.host, ...stage.config, '--pull-secret', file];
    const ended = await stage.run(words);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(why);
    expect(ended.stderr).not.toContain(password);
    expect(ended.stderr).not.toContain(authOf(`ann:${password}`));
  });
});

describe('1: no login works', () => {
  test('a wrong password at a token server, which serves nobody in particular', async () => {
    const stage = await stageRegistry({ auth: { mode: 'bearer', users } });
    stage.login('ann', 'wrong');
    const { code, report } = await login(stage);
    expect([code, outcomes(report)]).toEqual([1, ['docker config config.json: denied', 'anonymous: works']]);
  });

  test('a wrong password and nobody', async () => {
    const stage = await stageRegistry({ auth: { mode: 'basic', users } });
    stage.login('ann', 'wrong');
    const { code, report } = await login(stage);
    expect([code, outcomes(report)]).toEqual([1, ['docker config config.json: denied', 'anonymous: denied']]);
  });

  test('a helper that is not installed is missing, and the report says why', async () => {
    const stage = await stageRegistry({ auth: { mode: 'basic', users } });
    stage.put('.docker/config.json', JSON.stringify({ credHelpers: { [stage.host]: 'gone' } }));
    const { code, report } = await login(stage);
    expect(code).toBe(1);
    expect(report.attempts[0]).toMatchObject({
      outcome: 'missing',
      why: 'docker-credential-gone is not installed',
    });
  });
});

describe('4: the host cannot be asked', () => {
  test('nobody listens: the other credentials are not tried', async () => {
    const stage = await stageRegistry();
    stage.login('ann', password);
    await stage.registry.close();
    const { code, report } = await login(stage);
    expect([code, outcomes(report)]).toEqual([
      4,
      ['docker config config.json: failed', 'anonymous: not-tried'],
    ]);
    expect(report.attempts[0]?.why).toContain('connection refused');
  });

  test('B26: a private address without `allowPrivateAddress` is not asked', async () => {
    const stage = await stageRegistry();
    const ended = await stage.run(['registry', 'login-test', stage.host]);
    expect(ended.code).toBe(4);
    expect(ended.stdout).toContain('addresses  public ones only');
    expect(ended.stdout).toContain('allowPrivateAddress');
    expect(stage.registry.counts().total).toBe(0);
  });

  test('a certificate of an authority that nobody knows here', async () => {
    const stage = await stageRegistry({ tls: true });
    const { code, report } = await login(stage);
    expect(code).toBe(4);
    expect(report.attempts[0]?.why).toContain('caFile');
  });

  test('the same with its CA as caFile: 0', async () => {
    const stage = await stageRegistry({ tls: true });
    const folder = folderWith({ 'ca.pem': stage.registry.ca ?? '' });
    const row = { host: stage.host, allowPrivateAddress: true, caFile: `${folder}/ca.pem` };
    const config = folderWith({ 'c.yaml': JSON.stringify({ registries: [row] }) });
    const { code, report } = await login(stage, ['--config', `${config}/c.yaml`]);
    expect([code, report.ownAuthority]).toEqual([0, true]);
  });

  test('a web server that is no registry', async () => {
    const stage = await stageRegistry();
    stage.registry.fault({ path: '/v2/' }, status(404));
    const { code, report } = await login(stage);
    expect([code, report.attempts[0]?.why]).toEqual([4, 'what answers there is no registry']);
  });
});

describe('the proxy on the way', () => {
  const test4 = async (env: Readonly<Record<string, string>>): Promise<LoginReport> => {
    const stage = await stageRegistry();
    const words = ['registry', 'login-test', 'registry.example.invalid', '-o', 'json'];
    const ended = await stage.run(words, { env });
    expect(ended.code).toBe(4);
    expect(ended.stdout).not.toContain(password);
    return JSON.parse(ended.stdout) as LoginReport;
  };
  test('is named without its password', async () => {
    const report = await test4({ https_proxy: `http://ann:${password}@127.0.0.1:1`, no_proxy: '' });
    expect(report.proxy).toBe('http://127.0.0.1:1');
  });
  test('is none for a host of NO_PROXY', async () => {
    const report = await test4({ https_proxy: 'http://127.0.0.1:1', no_proxy: '.example.invalid' });
    expect(report.proxy).toBeUndefined();
  });
});

describe('2: what is no host or no repository', () => {
  test.each([
    ['a URL', ['https://registry.example.com'], 'is no host of a registry'],
    ['a host with a path', ['registry.example.com/team'], 'is no host of a registry'],
    ['a name on Docker Hub', ['nginx'], 'is no host of a registry'],
    ['an odd repository', ['r.io', '--repository', 'Team'], "--repository 'Team'"],
    ['nothing', [], "missing required argument 'host'"],
    ['an unknown format', ['r.io', '-o', 'jsn'], 'did you mean json?'],
  ])('%s', async (_title, args, sentence) => {
    const stage = await stageRegistry();
    const ended = await stage.run(['registry', 'login-test', ...args]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
  });
});
