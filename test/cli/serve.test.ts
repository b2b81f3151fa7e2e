import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createReviewOf } from './admission-review.ts';
import { eventually, folderWith, imagegate } from './imagegate.ts';
import { foreign, pod, policyFolder, policyText, trusted, trusting } from './policies.ts';
import { freePorts, readyPattern, startGate, type RunningGate } from './running-gate.ts';

const running: RunningGate[] = [];
afterEach(async () => {
  for (const gate of running.splice(0)) await gate.stop('SIGKILL');
});
const started = async (...args: Parameters<typeof startGate>): Promise<RunningGate> => {
  const gate = await startGate(...args);
  running.push(gate);
  return gate;
};
const bad = createReviewOf({ ...pod('bad', foreign) }, 'uid-bad');
const good = createReviewOf({ ...pod('good', trusted) }, 'uid-good');

describe('the ready line', () => {
  test('is one line on stdout, names both addresses, and is true', async () => {
    const gate = await started(policyFolder());
    expect(gate.readyLine).toMatch(readyPattern);
    expect((await gate.post(bad)).response.allowed).toBe(false);
    expect((await gate.post(good)).response.allowed).toBe(true);
    expect(await gate.readyz()).toMatchObject({ status: 200 });
    expect((await fetch(`${gate.admin}/healthz`)).status).toBe(200);
    await gate.stop();
    expect(gate.stdout()).toBe(`${gate.readyLine}\n`);
  });

  test('everything that is kept lies under --data, for the owner only', async () => {
    const gate = await started(policyFolder());
    expect(readFileSync(join(gate.data, 'tls', 'ca.crt'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    await gate.post(good);
    await gate.recorded(1);
    expect(statSync(join(gate.data, 'imagegate.db')).mode & 0o077).toBe(0);
  });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s drains and ends with 0', async (signal) => {
    const gate = await started(policyFolder());
    expect(await gate.stop(signal)).toMatchObject({ code: 0, signal: null });
  });

  test('R20: SIGTERM comes twice through npx; the second does not turn 0 into something else', async () => {
    const gate = await started(policyFolder());
    gate.child.kill('SIGTERM');
    for (let sent = 0; sent < 3; sent++) {
      await sleep(3);
      gate.child.kill('SIGTERM');
    }
    expect(await gate.ended).toMatchObject({ code: 0, signal: null });
  });

  test('SIGTERM drains and ends with 0 also when nobody reads the log any more', async () => {
    const gate = await started(policyFolder());
    gate.child.stderr?.destroy();
    await gate.post(bad);
    expect(await gate.stop()).toMatchObject({ code: 0, signal: null });
    expect(await gate.recorded(1)).toHaveLength(1);
  });

  test('what was answered before SIGTERM is on record', async () => {
    const gate = await started(policyFolder());
    for (let sent = 0; sent < 20; sent++)
      await gate.post(createReviewOf({ ...pod(`web-${sent}`, foreign) }, `uid-${sent}`));
    for (let sent = 0; sent < 20; sent++) await gate.post(bad);
    expect((await gate.stop()).code).toBe(0);
    const items = await gate.recorded(21);
    expect(items).toHaveLength(21);
    expect(items[0]?.count).toBe(20);
  });
});

describe('--print-config shows each value and where it came from', () => {
  test('flag over environment over file over default', async () => {
    const files = folderWith({
      'gate.yaml': 'listen: 127.0.0.1:1111\nadmin: 127.0.0.1:2222\nlogLevel: warn\ndata: ./from-file\n',
    });
    const ended = await imagegate(
      [
        'serve',
        '--print-config',
        '--policies',
        'policies',
        '--config',
        'gate.yaml',
        '--listen',
        '127.0.0.1:3333',
      ],
      { cwd: files, env: { IMAGEGATE_LISTEN: '127.0.0.1:4444', IMAGEGATE_ADMIN: '127.0.0.1:5555' } },
    );
    expect(ended.code).toBe(0);
    const lines = ended.stdout.split('\n');
    expect(lines).toContain('listen: 127.0.0.1:3333  # flag --listen');
    expect(lines).toContain('admin: 127.0.0.1:5555  # environment IMAGEGATE_ADMIN');
    expect(lines).toContain('logLevel: warn  # gate.yaml:3:11');
    expect(lines).toContain('unknownKinds: allow  # default');
    expect(parse(ended.stdout)).toMatchObject({ data: './from-file', policies: ['policies'] });
  });

  test('its output is a configuration file that means the same', async () => {
    const first = await imagegate(['serve', '--print-config', '--policies', 'p', '--admins', 'CN=ops,OU=it']);
    const files = folderWith({ 'gate.yaml': first.stdout });
    const second = await imagegate(['serve', '--print-config', '--config', join(files, 'gate.yaml')]);
    expect(second.code).toBe(0);
    expect(parse(second.stdout)).toEqual(parse(first.stdout));
  });

  test('it starts nothing and makes nothing', async () => {
    const cwd = folderWith();
    await imagegate(['serve', '--print-config', '--policies', 'p'], { cwd });
    expect(existsSync(join(cwd, '.imagegate'))).toBe(false);
  });
});

describe('R17: unknown IMAGEGATE_* variables', () => {
  test('are reported, never fatal, and their values are not shown', async () => {
    const gate = await started(policyFolder(), [], {
      env: {
        IMAGEGATE_PORT: 'tcp://10.0.0.1:443',
        IMAGEGATE_SERVICE_HOST: '10.0.0.1',
        IMAGEGATE_LISTN: 'planted-value',
      },
    });
    expect((await gate.post(good)).response.allowed).toBe(true);
    expect((await gate.stop()).code).toBe(0);
    expect(gate.stderr()).toContain('environment IMAGEGATE_PORT is no setting and is ignored');
    expect(gate.stderr()).toMatch(
      /IMAGEGATE_LISTN is no setting and is ignored; did you mean IMAGEGATE_LISTEN\?/,
    );
    expect(gate.stderr()).not.toContain('planted-value');
  });

  test('a known variable with a wrong value is refused', async () => {
    const ended = await imagegate(['serve', '--policies', 'p'], { env: { IMAGEGATE_LISTEN: '8443' } });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^imagegate: environment IMAGEGATE_LISTEN: "8443" is no HOST:PORT/m);
  });
});

describe('R18: --data is locked', () => {
  test('a second serve ends with 2, readers may open it, and the first goes on', async () => {
    const gate = await started(policyFolder());
    await gate.post(bad);
    const second = await imagegate([
      'serve',
      '--policies',
      policyFolder(),
      '--data',
      gate.data,
      ...freePorts,
    ]);
    expect(second).toMatchObject({ code: 2, stdout: '' });
    expect(second.stderr).toContain(`locked by pid ${gate.child.pid}; give each gate a --data of its own`);
    expect(await gate.recorded(1)).toHaveLength(1);
    expect((await gate.post(good)).response.allowed).toBe(true);
  });

  test('the lock of a kill -9 is not in the way', async () => {
    const data = folderWith();
    const first = await started(policyFolder(), [], { data });
    expect(await first.stop('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL' });
    const second = await started(policyFolder(), [], { data });
    expect((await second.post(good)).response.allowed).toBe(true);
    expect((await second.stop()).code).toBe(0);
  });
});

describe('R8: policies', () => {
  test.each([
    ['broken', { 'p.yaml': 'spec: [' }, 'p.yaml:1:'],
    ['half broken', { 'a.json': trusting(), 'b.yaml': 'kind: [' }, 'b.yaml:1:'],
    ['misspelt', { 'p.json': trusting().replace('registries', 'registeries') }, 'did you mean "registries"?'],
    ['empty', {}, 'holds no ImagePolicy'],
    ['without a policy', { 'p.yaml': '# later\n' }, 'holds no ImagePolicy'],
  ])('%s at the start: exit code 2', async (_title, files, sentence) => {
    const ended = await imagegate([
      'serve',
      '--policies',
      folderWith(files),
      '--data',
      folderWith(),
      ...freePorts,
    ]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
  });

  test('broken on reload: the last good set stays whole and /readyz says so; a good one takes its place', async () => {
    const policies = folderWith({ 'p.json': trusting() });
    const gate = await started(policies);
    writeFileSync(
      join(policies, 'open.json'),
      policyText('everything', { mode: 'Audit', checks: [{ tags: { deny: ['x'] } }] }),
    );
    writeFileSync(join(policies, 'p.json'), '{ "kind": ');
    const trouble = await eventually('trouble with policies', async () => {
      const { status, text } = await gate.readyz();
      return text.includes('policies: trouble') ? { status, text } : undefined;
    });
    expect(trouble.status).toBe(200);
    expect(trouble.text).toContain('p.json:1:');
    expect((await gate.post(bad)).response.allowed).toBe(false);
    rmSync(join(policies, 'p.json'));
    await eventually('the new set', async () => (await gate.post(bad)).response.allowed || undefined);
    expect((await gate.readyz()).text).toContain('policies: ok');
  });

  test('emptied on reload: the last good set stays', async () => {
    const policies = folderWith({ 'p.json': trusting() });
    const gate = await started(policies);
    rmSync(join(policies, 'p.json'));
    await eventually(
      'trouble with policies',
      async () => (await gate.readyz()).text.includes('holds no ImagePolicy') || undefined,
    );
    expect((await gate.post(bad)).response.allowed).toBe(false);
  });
});

describe('R14: trouble with the record', () => {
  test('keeps /readyz at 200, says so there, and every review is answered', async () => {
    const data = folderWith();
    mkdirSync(join(data, 'imagegate.db'));
    const gate = await started(policyFolder(), [], { data });
    expect((await gate.post(bad)).response.allowed).toBe(false);
    const { status } = await eventually('trouble with the record', async () => {
      const now = await gate.readyz();
      return now.text.includes('record: trouble') ? now : undefined;
    });
    expect(status).toBe(200);
    expect((await gate.post(good)).response.allowed).toBe(true);
    expect(await (await fetch(`${gate.admin}/metrics`)).text()).toMatch(/^imagegate_record_failing 1$/m);
    expect((await gate.stop()).code).toBe(0);
  });
});

describe('a start that fails says what to do, without a stack trace', () => {
  test('a port in use', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as AddressInfo;
    const run = (listen: string, admin: string) =>
      imagegate([
        'serve',
        '--policies',
        policyFolder(),
        '--data',
        folderWith(),
        '--listen',
        listen,
        '--admin',
        admin,
      ]);
    const [webhook, admin] = await Promise.all([
      run(`127.0.0.1:${port}`, '127.0.0.1:0'),
      run('127.0.0.1:0', `127.0.0.1:${port}`),
    ]);
    other.close();
    expect([webhook.code, admin.code]).toEqual([2, 2]);
    expect(webhook.stderr).toContain(
      `imagegate: --listen: cannot listen on 127.0.0.1:${port}: something listens there already`,
    );
    expect(admin.stderr).toContain('imagegate: --admin: cannot listen on');
    expect(webhook.stdout + admin.stdout).toBe('');
  });

  test.each([
    ['no policies', ['--data', 'd'], 'no policies: name a folder with --policies DIR'],
    ['policies from two places', ['--policies', 'p', '--cluster'], '--policies beside --cluster'],
    [
      'one address for both listeners',
      ['--policies', 'p', '--listen', '127.0.0.1:1', '--admin', '127.0.0.1:1'],
      'give each a port of its own',
    ],
    ['an address without host', ['--policies', 'p', '--listen', ':8443'], 'the host is missing'],
    ['a certificate without key', ['--policies', 'p', '--tls-cert', 'c'], 'together with --tls-key'],
    ['an unknown flag', ['--polices', 'p'], 'did you mean --policies?'],
    ['a word too many', ['--policies', 'p', 'extra'], 'too many arguments'],
    [
      'a --data that is a file',
      ['--policies', policyFolder(), '--data', join(policyFolder(), 'policy.json')],
      'policy.json',
    ],
    [
      'a --client-ca that is not there',
      ['--policies', policyFolder(), '--data', folderWith(), '--client-ca', 'nowhere', ...freePorts],
      '--client-ca nowhere',
    ],
    [
      'a misspelt key in --config',
      ['--config', join(folderWith({ 'c.yaml': 'lisen: 127.0.0.1:0\n' }), 'c.yaml')],
      'did you mean "listen"?',
    ],
  ])('%s', async (_title, args, sentence) => {
    const ended = await imagegate(['serve', ...args], { cwd: folderWith() });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at |defect of imagegate/m);
  });
});
