import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { itemsOf, verdictsOf } from './decision-list.ts';
import { bin, folderWith, imagegate, root, startProgram } from './imagegate.ts';
import { foreign, podText, policyFolder, trusted } from './policies.ts';

const policies = policyFolder();
const fixture = (name: string): string => join('test', 'fixtures', 'manifests', name);
const check = (args: readonly string[], input: string | Buffer = '', cwd: string = root) =>
  imagegate(['check', 'manifest', '--policies', policies, '-o', 'json', ...args], { input, cwd });

describe('one item for each object that embeds a pod spec, in input order, allowed ones included', () => {
  test.each([
    [
      'several documents',
      'several-documents.yaml',
      ['Deployment/web allowed', 'CronJob/report denied', 'Pod/debug denied'],
    ],
    [
      'what helm template prints',
      'helm-template.yaml',
      [
        'Deployment/release-shop denied',
        'Job/release-shop-migrate allowed',
        'Pod/release-shop-test-connection denied',
      ],
    ],
    [
      'what kustomize build prints',
      'kustomize-build.yaml',
      ['StatefulSet/ledger denied', 'DaemonSet/agent denied'],
    ],
    ['a List of JSON', 'kubectl-get-list.json', ['Pod/web-7d4b9c6f5-x2x8p allowed', 'ReplicaSet/api denied']],
    ['a typed list whose items name no kind', 'pod-list.yaml', ['Pod/one allowed', 'Pod/two denied']],
    ['a stream of JSON objects', 'stream.json', ['Pod/first allowed', 'Pod/second denied']],
    [
      'custom kinds of the shipped table (R4)',
      'custom-kinds.yaml',
      ['Rollout/web denied', 'TaskRun/build allowed'],
    ],
  ])('%s, as a file and on standard input', async (_title, name, verdicts) => {
    const [asFile, asInput] = await Promise.all([
      check(['-f', fixture(name)]),
      check(['-f', '-'], readFileSync(join(root, fixture(name)))),
    ]);
    expect(asFile.code).toBe(1);
    expect(asInput.code).toBe(1);
    expect(verdictsOf(asFile)).toEqual(verdicts);
    expect(verdictsOf(asInput)).toEqual(verdicts);
    expect(itemsOf(asFile).every(({ object }) => object.file === fixture(name))).toBe(true);
    expect(itemsOf(asInput).every(({ object }) => object.file === 'stdin')).toBe(true);
  });

  test('each item says where the value stands that it was denied for, else where its object begins', async () => {
    const ended = await check(['-f', fixture('several-documents.yaml')]);
    expect(itemsOf(ended).map(({ object }) => [object.kind, object.line, object.column])).toEqual([
      ['Deployment', 3, 1],
      ['CronJob', 34, 47],
      ['Pod', 39, 44],
    ]);
  });

  test('text inside of other objects (ConfigMaps, status, annotations) is no image', async () => {
    const ended = await check(['-f', join('test', 'fixtures')]);
    expect(ended.stdout).not.toContain('decoy.example');
    expect(itemsOf(ended).length).toBeGreaterThan(40);
  });
});

describe('-f names files and folders', () => {
  const folder = folderWith({
    'b.yaml': podText('b', trusted),
    'a.json': podText('a', trusted),
    'deep/er/c.yml': podText('c', foreign),
    'deep/.hidden-file.yaml': podText('hidden', foreign),
    '.github/workflow.yaml': podText('workflow', foreign),
    '.git/config.yaml': 'a: [1',
    'notes.txt': 'no manifest',
    Makefile: 'all:',
  });

  test('a folder is read recursively in name order: yaml, yml, json, hidden files as kubectl does (R20)', async () => {
    const ended = await check(['-f', folder]);
    expect(verdictsOf(ended)).toEqual([
      'Pod/a allowed',
      'Pod/b allowed',
      'Pod/hidden denied',
      'Pod/c denied',
    ]);
  });

  test('a hidden folder is left out, which is said; the folder of git in silence', async () => {
    const { stderr } = await check(['-f', folder]);
    expect(stderr).toContain(`${folder}/.github: hidden folder left out; name it with -f to have it judged`);
    expect(stderr).not.toContain('.git/');
    expect(verdictsOf(await check(['-f', join(folder, '.github')]))).toEqual(['Pod/workflow denied']);
  });

  test('several -f are judged in the order given, one that is repeated once', async () => {
    const ended = await check([
      '-f',
      join(folder, 'b.yaml'),
      '-f',
      join(folder, 'a.json'),
      '-f',
      join(folder, 'b.yaml'),
    ]);
    expect(verdictsOf(ended)).toEqual(['Pod/b allowed', 'Pod/a allowed']);
  });

  test('a file may have any name, and a file that cannot be reopened (a process substitution) is read', async () => {
    const script = `"$1" "$2" check manifest --policies "$3" -o json -f <(cat "$4")`;
    const args = ['-c', script, 'bash', process.execPath, bin, policies, join(folder, 'a.json')];
    expect(verdictsOf(await startProgram('bash', args).ended)).toEqual(['Pod/a allowed']);
  });

  test('links to files are followed; a mounted ConfigMap is read once', async () => {
    const mounted = folderWith({ '..2026_01_01/pod.yaml': podText('mounted', trusted) });
    symlinkSync('..2026_01_01', join(mounted, '..data'));
    symlinkSync(join('..data', 'pod.yaml'), join(mounted, 'pod.yaml'));
    expect(verdictsOf(await check(['-f', mounted]))).toEqual(['Pod/mounted allowed']);
  });

  test.each<[string, (folder: string) => void, string]>([
    [
      'a link that leads nowhere',
      (at) => symlinkSync('nowhere', join(at, 'b.yaml')),
      'b.yaml: there is no such file',
    ],
    [
      'a folder that looks like a manifest',
      (at) => symlinkSync('.', join(at, 'b.yaml')),
      'b.yaml: it is a folder',
    ],
    ['a device', (at) => symlinkSync('/dev/zero', join(at, 'b.yaml')), 'b.yaml: it is no regular file'],
    [
      'text that is not UTF-8',
      (at) => writeFileSync(join(at, 'b.yaml'), Buffer.from([0xff])),
      'not valid UTF-8',
    ],
    ['broken YAML', (at) => writeFileSync(join(at, 'b.yaml'), 'a: ['), 'b.yaml:1:5: '],
    [
      'folders without end',
      (at) => mkdirSync(join(at, ...Array.from({ length: 40 }, () => 'd')), { recursive: true }),
      'nested more than 32 deep',
    ],
  ])('%s in a folder is named, the others are judged, and the exit code is 2', async (_title, plant, why) => {
    const here = folderWith({ 'a.yaml': podText('a', foreign), 'c.yaml': podText('c', trusted) });
    plant(here);
    const ended = await check(['-f', here]);
    expect(verdictsOf(ended)).toEqual(['Pod/a denied', 'Pod/c allowed']);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('imagegate: ');
    expect(ended.stderr).toContain(why);
    const quiet = await check(['-f', here, '-q']);
    expect(quiet.stderr).toContain(why);
    expect(quiet.code).toBe(2);
  });

  test.each([
    [
      'a folder without manifests',
      () => folderWith({ 'readme.txt': 'hello' }),
      'holds no .yaml, .yml or .json file',
    ],
    ['an empty folder', () => folderWith(), 'holds no .yaml, .yml or .json file'],
    [
      'a link that leads in a circle',
      () => {
        const here = folderWith();
        symlinkSync('loop.yaml', join(here, 'loop.yaml'));
        return join(here, 'loop.yaml');
      },
      'its symbolic links lead in a circle',
    ],
    ['a device without end', () => '/dev/zero', '/dev/zero: it is neither a file nor a pipe'],
    ['a path below a file', () => join(folder, 'a.json', 'b'), 'part of the path is a file'],
    [
      'folders without end',
      () => {
        const here = folderWith();
        mkdirSync(join(here, ...Array.from({ length: 40 }, () => 'd')), { recursive: true });
        return here;
      },
      'nested more than 32 deep',
    ],
  ])('%s ends with exit code 2 and a sentence', async (_title, make, sentence) => {
    const ended = await check(['-f', make()]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at |\b(?:ENOENT|EACCES|EISDIR|ELOOP|EPERM|ENOTDIR):/m);
  });
});

describe('R20: what cannot be read is 2, what is no object is a remark', () => {
  test.each([
    ['broken YAML', 'a: [1', 'stdin:1:6: '],
    ['broken JSON', '{"apiVersion": "v1", "kind": "Pod"', 'stdin:1:'],
    ['a duplicate key', 'apiVersion: v1\nkind: Pod\nkind: Service\n', 'stdin:3:'],
    ['text that is not UTF-8', Buffer.from([0x61, 0x3a, 0xff]), 'standard input: it is not valid UTF-8'],
    ['nothing at all', '', 'standard input: holds no document'],
    ['only comments and separators', '# nothing\n---\n---\n', 'standard input: holds no document'],
    ['Helm text that was never rendered', 'kind: {{ .Values.kind }}\n', 'stdin:1:'],
  ])('%s', async (_title, input, sentence) => {
    const ended = await check(['-f', '-'], input);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
  });

  test('every broken file is reported, not only the first', async () => {
    const here = folderWith({ 'a.yaml': 'a: [', 'b.yaml': 'b: {', 'c.yaml': podText('c', trusted) });
    const { code, stderr } = await check(['-f', here]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/a\.yaml:1:5:.*\n.*b\.yaml:/);
  });

  test.each([
    [
      'a document without kind',
      'apiVersion: v1\nmetadata: { name: x }\n',
      'stdin:1: no apiVersion or kind: left out',
    ],
    ['a document without apiVersion', 'kind: Pod\n', 'stdin:1: no apiVersion or kind: left out'],
    ['a document that is text', '# values\nhello\n', 'stdin:2: not a Kubernetes object: left out'],
    [
      'no workload at all',
      'apiVersion: v1\nkind: Service\nmetadata: { name: x }\n',
      'no workload in the input',
    ],
  ])('%s is a remark on stderr and exit code 0', async (_title, input, remark) => {
    const ended = await check(['-f', '-'], input);
    expect(ended.code).toBe(0);
    expect(itemsOf(ended)).toEqual([]);
    expect(ended.stderr).toContain(remark);
    expect(ended.stderr).toContain('no workload in the input');
  });

  test('text of the input cannot drive the terminal', async () => {
    const here = folderWith();
    const evil = join(here, 'x\u001b[2K.yaml');
    writeFileSync(evil, 'a: 1\n');
    const { stderr } = await check(['-f', evil]);
    expect(stderr).toContain('no apiVersion or kind');
    expect(stderr).not.toContain('\u001b');
  });
});

describe('data on stdout, talk on stderr', () => {
  test('a summary on stderr, and with --quiet nothing but errors', async () => {
    const input = `${podText('good', trusted)}\n---\n${podText('bad', foreign)}\n---\nno: kind\n`;
    const loud = await check(['-f', '-'], input);
    const quiet = await check(['-f', '-', '--quiet'], input);
    expect(loud.stderr).toBe(
      'stdin:5: no apiVersion or kind: left out\n2 workloads judged: 1 denied, 1 allowed\n',
    );
    expect(quiet).toMatchObject({ code: 1, stderr: '' });
    expect(itemsOf(quiet)).toHaveLength(2);
    const broken = await check(['-f', '-', '--quiet'], 'a: [');
    expect(broken.stderr).toMatch(/^imagegate: stdin:/);
  });

  test('a pipe sees no progress, no colour and no control character, however long the work is', async () => {
    const many = Array.from({ length: 30_000 }, (_, index) => podText(`p${index}`, trusted)).join('\n');
    const ended = await check(['-f', '-'], many);
    expect(itemsOf(ended)).toHaveLength(30_000);
    expect(ended.stderr).toBe('30000 workloads judged: 0 denied, 30000 allowed\n');
  });

  test('Ctrl-C ends it at once, as a signal and without a stack trace', async () => {
    const fifo = folderWith();
    await startProgram('mkfifo', [join(fifo, 'never')]).ended;
    const started = startProgram(process.execPath, [
      bin,
      'check',
      'manifest',
      '--policies',
      policies,
      '-f',
      join(fifo, 'never'),
    ]);
    setTimeout(() => started.child.kill('SIGINT'), 1000);
    const ended = await started.ended;
    expect(ended).toMatchObject({ signal: 'SIGINT', stdout: '', stderr: '' });
  });
});
