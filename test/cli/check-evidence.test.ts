import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { image } from '../fakes/registry/registry-content.ts';
import { silence } from '../fakes/registry/registry-wire-faults.ts';
import { itemsOf, verdictsOf } from './decision-list.ts';
import { eventually, folderWith, type Ended } from './imagegate.ts';
import { pod, podText, policyText, trusting } from './policies.ts';
import { nonRoot, stageRegistry, type RegistryStage } from './registry-stage.ts';

const web = image({ user: '1000' });
const rooted = image({ user: '0' });

let stage: RegistryStage;
const policies = ['--policies', nonRoot];
const check = (input: string, ...args: readonly string[]): Promise<Ended> =>
  stage.run(['check', 'manifest', '-f', '-', '-o', 'json', ...stage.config, ...args], { input });
const podOf = (tag: string): string => podText('web', `${stage.host}/team/web:${tag}`);
const codesOf = (ended: Ended): readonly string[] =>
  itemsOf(ended).flatMap(({ findings }) => findings.map(({ code }) => code));

beforeAll(async () => {
  stage = await stageRegistry();
  stage.registry.push('team/web', web, 'good');
  stage.registry.push('team/web', rooted, 'rooted');
});

describe('check manifest looks at images where a policy needs it', () => {
  test('an image that passes: 0, with the digest that was judged and the credential that was used', async () => {
    const ended = await check(podOf('good'), ...policies);
    expect(ended).toMatchObject({ code: 0, stderr: '1 workload judged: 0 denied, 1 allowed\n' });
    expect(itemsOf(ended)[0]?.images).toEqual([
      {
        path: 'spec.containers[0].image',
        given: `${stage.host}/team/web:good`,
        reference: `${stage.host}/team/web:good`,
        digest: web.digest,
        evidence: { tried: ['anonymous: used'] },
      },
    ]);
  });

  test.each([
    ['one that runs as root', 'rooted', 'image-user-root'],
    ['one that is not there', 'gone', 'image-absent'],
  ])('%s: 1', async (_title, tag, code) => {
    const ended = await check(podOf(tag), ...policies);
    expect([ended.code, codesOf(ended)]).toEqual([1, [code]]);
  });

  test('a policy about names asks no registry', async () => {
    stage.registry.forget();
    const ended = await check(podOf('good'), '--policies', folderWith({ 'p.json': trusting() }));
    expect([ended.code, stage.registry.counts().total]).toEqual([1, 0]);
  });

  test('B26: a registry that a policy refuses is not asked', async () => {
    stage.registry.forget();
    const fenced = folderWith({
      'fence.json': trusting(),
      'user.json': policyText('user', { checks: [{ image: { user: 'NonRoot' } }] }),
    });
    const ended = await check(podOf('good'), '--policies', fenced);
    expect([ended.code, codesOf(ended)]).toEqual([1, ['registry-not-allowed']]);
    expect(stage.registry.counts().total).toBe(0);
  });

  test('many objects: verdicts in the order of the input, each image read once', async () => {
    stage.registry.forget();
    const tags = Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? 'rooted' : 'good'));
    const input = tags
      .map((tag, at) => JSON.stringify(pod(`pod-${at}`, `${stage.host}/team/web:${tag}`)))
      .join('\n');
    const ended = await check(input, ...policies);
    expect(verdictsOf(ended)).toEqual(
      tags.map((tag, at) => `Pod/pod-${at} ${tag === 'good' ? 'allowed' : 'denied'}`),
    );
    expect(stage.registry.counts()).toMatchObject({ manifests: 2, blobs: 2 });
  });
});

describe('R20: what could not be looked at is 3', () => {
  const home = folderWith();
  /** Nobody listens there. */
  const dead = '127.0.0.1:1/team/web:good';
  const deadRow = (): readonly string[] => [
    '--config',
    `${folderWith({ 'c.yaml': 'registries: [{ host: "127.0.0.1:1", plainHttp: true, allowPrivateAddress: true }]' })}/c.yaml`,
  ];
  const checkDead = (input: string, ...args: readonly string[]): Promise<Ended> =>
    stage.run(['check', 'manifest', '-f', '-', '-o', 'json', ...deadRow(), ...policies, ...args], { input });

  test.each([
    ['a dead registry', []],
    ['a dead registry, whatever --fail-on says', ['--fail-on', 'never']],
    ['a dead registry when warnings fail', ['--fail-on', 'warn']],
  ])('%s', async (_title, args) => {
    const ended = await checkDead(podText('web', dead), ...args);
    expect([ended.code, codesOf(ended)]).toEqual([3, ['image-unavailable']]);
    expect(itemsOf(ended)[0]).toMatchObject({ allowed: false, findings: [{ mode: 'Deny' }] });
    expect(JSON.stringify(itemsOf(ended)[0]?.findings)).toContain('connection refused');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  test('the table says why, so that somebody can do something about it', async () => {
    const ended = await checkDead(podText('web', dead), '-o', `table=${home}/out.txt`);
    expect(ended.code).toBe(3);
    expect(readFileSync(`${home}/out.txt`, 'utf8')).toMatch(
      /image-unavailable: image '127\.0\.0\.1:1.*\(127\.0\.0\.1:1: connect: connection refused.*anonymous/,
    );
  });

  test('a private address without `allowPrivateAddress` (B26)', async () => {
    const ended = await stage.run(['check', 'manifest', '-f', '-', '-o', 'json', ...policies], {
      input: podOf('good'),
    });
    expect([ended.code, codesOf(ended)]).toEqual([3, ['image-unavailable']]);
  });

  test('1 over 3: a finding outranks a registry that is dead', async () => {
    const both = [podOf('rooted'), podText('away', dead)].join('\n');
    const ended = await check(both, ...policies);
    expect([ended.code, codesOf(ended)]).toEqual([1, ['image-user-root', 'image-unavailable']]);
  });

  test('2 over 3: a configuration that cannot be used', async () => {
    const broken = folderWith({
      'c.yaml': 'registries: [{ host: r.example.com, caFile: nowhere.crt }]',
    });
    const args = ['check', 'manifest', '-f', '-', ...policies, '--config', `${broken}/c.yaml`];
    const ended = await stage.run(args, { input: podOf('good') });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('caFile of r.example.com');
  });
});

describe('the logins of the user', () => {
  const password = 'secret-of-ann';
  const guarded = async (): Promise<RegistryStage> => {
    const own = await stageRegistry({ auth: { mode: 'bearer', users: { ann: { password } } } });
    own.registry.push('team/web', web, 'good');
    return own;
  };
  const judge = async (own: RegistryStage, env: Readonly<Record<string, string>> = {}) => {
    const input = podText('web', `${own.host}/team/web:good`);
    const args = ['check', 'manifest', '-f', '-', '-o', 'json', ...own.config, ...policies];
    const ended = await own.run(args, { input, env });
    expect(ended.stdout + ended.stderr).not.toContain(password);
    return { code: ended.code, tried: itemsOf(ended)[0]?.images[0]?.evidence?.tried };
  };

  test('none: 3, since nobody could look', async () => {
    const own = await guarded();
    expect(await judge(own)).toEqual({ code: 3, tried: ['anonymous: denied'] });
  });

  test('a wrong one: 3, and the decision names it', async () => {
    const own = await guarded();
    own.login('ann', 'wrong');
    expect(await judge(own)).toEqual({
      code: 3,
      tried: [`docker config ${own.home}/.docker/config.json: denied`, 'anonymous: denied'],
    });
  });

  test('of docker: 0', async () => {
    const own = await guarded();
    own.login('ann', password);
    expect(await judge(own)).toEqual({
      code: 0,
      tried: [`docker config ${own.home}/.docker/config.json: used`],
    });
  });

  test('of podman, in the runtime folder: 0', async () => {
    const own = await guarded();
    const auth = Buffer.from(`ann:${password}`).toString('base64');
    const file = own.put('run/containers/auth.json', JSON.stringify({ auths: { [own.host]: { auth } } }));
    expect(await judge(own)).toEqual({ code: 0, tried: [`docker config ${file}: used`] });
  });

  test('kept by a credential helper: 0', async () => {
    const own = await guarded();
    const file = own.put('.docker/config.json', JSON.stringify({ credHelpers: { [own.host]: 'vault' } }));
    const answer = JSON.stringify({ Username: 'ann', Secret: password });
    own.put('bin/docker-credential-vault', `#!/bin/sh\ncat > /dev/null\necho '${answer}'\n`, 0o755);
    const judged = await judge(own, { PATH: `${own.home}/bin:/usr/bin:/bin` });
    expect(judged).toEqual({ code: 0, tried: [`credential helper vault of docker config ${file}: used`] });
  });

  test('kept by a helper that is not installed: 3, and the decision says so', async () => {
    const own = await guarded();
    own.put('.docker/config.json', JSON.stringify({ credsStore: 'gone' }));
    const { code, tried } = await judge(own);
    expect(code).toBe(3);
    expect(tried?.[0]).toContain('docker-credential-gone is not installed');
  });
});

test('Ctrl-C while a registry is silent ends at once, by the signal and without a stack trace', async () => {
  const own = await stageRegistry();
  own.registry.push('team/web', web, 'good');
  own.registry.fault({ path: '/manifests/' }, silence());
  const args = ['check', 'manifest', '-f', '-', ...own.config, ...policies];
  const running = own.begin(args, { input: podText('web', `${own.host}/team/web:good`) });
  await eventually('a request', () => (own.registry.counts().total > 0 ? true : undefined));
  const asked = performance.now();
  running.child.kill('SIGINT');
  const ended = await running.ended;
  expect(performance.now() - asked).toBeLessThan(5000);
  expect(ended).toMatchObject({ signal: 'SIGINT', stdout: '', stderr: '' });
});
