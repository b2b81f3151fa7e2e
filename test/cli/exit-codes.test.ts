import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bin, folderWith, imagegate, startProgram } from './imagegate.ts';
import { foreign, podText, policyFolder, selective, trusted, trusting } from './policies.ts';

const bad = podText('bad', foreign);
const good = podText('good', trusted);
const files = folderWith({
  'good.json': good,
  'bad.json': bad,
  'broken.yaml': 'a: [1',
  'deny/p.json': trusting('Deny'),
  'warn/p.json': trusting('Warn'),
  'audit/p.json': trusting('Audit'),
  'labels/p.json': selective,
  'kubeconfig.json': JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'away', cluster: { server: 'http://127.0.0.1:1' } }],
    contexts: [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }],
    users: [{ name: 'nobody', user: {} }],
    'current-context': 'away',
  }),
});
const inFiles = { cwd: files };
const check = (...args: string[]) => imagegate(['check', 'manifest', ...args], inFiles);

describe('R20: exit code of check by mode and --fail-on', () => {
  test.each([
    ['a denial fails by default', 'deny', [], 1],
    ['a warning does not fail by default', 'warn', [], 0],
    ['an audit finding does not fail by default', 'audit', [], 0],
    ['deny ignores a warning', 'warn', ['--fail-on', 'deny'], 0],
    ['warn fails on a denial', 'deny', ['--fail-on', 'warn'], 1],
    ['warn fails on a warning', 'warn', ['--fail-on', 'warn'], 1],
    ['warn ignores an audit finding', 'audit', ['--fail-on', 'warn'], 0],
    ['audit fails on an audit finding', 'audit', ['--fail-on', 'audit'], 1],
    ['never does not fail on a denial', 'deny', ['--fail-on', 'never'], 0],
  ])('%s', async (_title, mode, args, code) => {
    const ended = await check('-f', 'bad.json', '--policies', mode, ...args);
    expect(ended.code).toBe(code);
  });

  test('nothing fails when nothing was found, whatever --fail-on says', async () => {
    expect((await check('-f', 'good.json', '--policies', 'deny', '--fail-on', 'audit')).code).toBe(0);
  });
});

describe('R20: precedence 2, 4, 1, 3, 0', () => {
  test.each([
    ['2 over 1: one file is refused, another is unreadable', ['-f', 'bad.json', '-f', 'broken.yaml'], 2],
    ['2 over 1: the result cannot be written', ['-f', 'bad.json', '-o', 'json=no/such/folder'], 2],
  ])('%s', async (_title, args, code) => {
    expect((await check(...args, '--policies', 'deny')).code).toBe(code);
  });

  test.each([
    ['1 over 3: a finding outranks a namespace that nobody knows', ['-f', 'bad.json'], 1],
    ['3 over 0: nothing was found, but a namespace is not known', ['-f', 'good.json'], 3],
    ['3 when --fail-on ignores the finding', ['-f', 'bad.json', '--fail-on', 'never'], 3],
    ['3 when the cluster does not answer (R3)', ['-f', 'good.json', '--kubeconfig', 'kubeconfig.json'], 3],
    ['2 over 3: an unknown flag', ['-f', 'good.json', '--bogus'], 2],
  ])('%s', async (_title, args, code) => {
    const ended = await check(...args, '--policies', 'labels');
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code });
  });

  test('4 when the one target of a command cannot be reached, 2 over 4 when it was called wrongly', async () => {
    const webhooks = ['manifests', '--webhooks', '--kubeconfig', 'kubeconfig.json'];
    const away = await imagegate(webhooks, inFiles);
    expect(away.code).toBe(4);
    expect(away.stderr).toMatch(/^imagegate: cannot reach the API server http:\/\/127\.0\.0\.1:1 /);
    expect((await imagegate([...webhooks, '--url', 'https://gate.example.com'], inFiles)).code).toBe(2);
  });
});

describe('R20: the exit code does not depend on the output format', () => {
  const formats = ['table', 'json', 'yaml', 'sarif', 'junit'];
  test.each(formats)('-o %s', async (format) => {
    const codes = await Promise.all([
      check('-f', 'bad.json', '--policies', 'deny', '-o', format),
      check('-f', 'bad.json', '--policies', 'warn', '-o', format),
      check('-f', 'good.json', '--policies', 'labels', '-o', format),
      check('-f', 'broken.yaml', '--policies', 'deny', '-o', format),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([1, 0, 3, 2]);
  });

  test('a reader that goes away (| head) changes nothing', async () => {
    const script = `"$1" "$2" check manifest -f bad.json --policies deny -o json | true; echo "\${PIPESTATUS[0]}"`;
    const ended = await startProgram('bash', ['-c', script, 'bash', process.execPath, bin], inFiles).ended;
    expect(ended.stdout).toBe('1\n');
    expect(ended.stderr).not.toMatch(/EPIPE|at .*\.js/);
  });

  // Only Linux has a device that is always full.
  test.runIf(existsSync('/dev/full'))('a result that is lost on a full disk is 2, never clean', async () => {
    const script = `"$1" "$2" check manifest -f good.json --policies deny -o json > /dev/full`;
    const ended = await startProgram('bash', ['-c', script, 'bash', process.execPath, bin], inFiles).ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('imagegate: cannot write to standard output: no space is left');
  });
});

describe('R20: exit code 2 for input or policies that cannot be used', () => {
  const policies = policyFolder();
  test.each([
    ['no --policies', ['-f', 'good.json'], 'no policies: name a folder or a file with --policies'],
    [
      'a policy folder without policies',
      ['-f', 'good.json', '--policies', folderWith()],
      'holds no ImagePolicy',
    ],
    ['a policy path that is not there', ['-f', 'good.json', '--policies', 'nowhere'], 'no such file'],
    ['a broken policy', ['-f', 'good.json', '--policies', 'broken.yaml'], 'broken.yaml:'],
    [
      'a check that this version does not know (R5)',
      [
        '-f',
        'good.json',
        '--policies',
        folderWith({ 'p.json': trusting().replace('registries', 'registeries') }),
      ],
      'did you mean "registries"?',
    ],
    ['no -f', ['--policies', policies], 'name a file or a folder with -f'],
    ['a path without -f', ['good.json', '--policies', policies], 'write -f good.json'],
    [
      'a file that is not there',
      ['-f', 'nowhere', '--policies', policies],
      'cannot read nowhere: there is no such file',
    ],
    ['an empty name', ['-f', '', '--policies', policies], 'there is no such file'],
    [
      'a format that does not exist',
      ['-f', 'good.json', '--policies', policies, '-o', 'jsn'],
      'did you mean json?',
    ],
    [
      'two formats on standard output',
      ['-f', 'good.json', '--policies', policies, '-o', 'json', '-o', 'yaml'],
      'goes to standard output already',
    ],
    [
      'a format without its file',
      ['-f', 'good.json', '--policies', policies, '-o', 'sarif='],
      'name a file after "="',
    ],
    [
      'a level that does not exist',
      ['-f', 'good.json', '--policies', policies, '--fail-on', 'wran'],
      'did you mean warn?',
    ],
    [
      'a namespace that cannot exist',
      ['-f', 'good.json', '--policies', policies, '-n', 'My NS'],
      '-n "My NS"',
    ],
    [
      'labels that are not there',
      ['-f', 'good.json', '--policies', policies, '--namespace-labels', 'nowhere'],
      '--namespace-labels nowhere: there is no such file',
    ],
    [
      'labels without a namespace',
      ['-f', 'good.json', '--policies', policies, '--namespace-labels', 'good.json'],
      'holds no Namespace object',
    ],
    [
      'a configuration file that is not there',
      ['-f', 'good.json', '--policies', policies, '--config', 'nowhere'],
      'flag --config: cannot read "nowhere"',
    ],
    [
      'a kubeconfig that is not there',
      ['-f', 'good.json', '--policies', policies, '--kubeconfig', 'nowhere'],
      'cannot use the kubeconfig nowhere',
    ],
  ])('%s', async (_title, args, sentence) => {
    const ended = await check(...args);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).toMatch(/^imagegate: /m);
    expect(ended.stderr).not.toMatch(/^\s+at |Error:/m);
  });
});
