import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verdictsOf } from './decision-list.ts';
import { folderWith, imagegate } from './imagegate.ts';
import { foreign, podText, policyFolder, trusted, trusting } from './policies.ts';

const policies = policyFolder();
const check = (args: readonly string[], cwd?: string) =>
  imagegate(
    ['check', 'manifest', '--policies', policies, '-o', 'json', ...args],
    cwd === undefined ? {} : { cwd },
  );

const chart = 'apiVersion: v2\nname: app\nversion: 0.1.0\n';
const template = `{{- if .Values.x }}
apiVersion: v1
kind: Pod
metadata: { name: "{{ .Release.Name }}" }
spec: { containers: [ { name: c, image: "{{ .Values.image }}" } ] }
{{- end }}
`;
const quoted = `apiVersion: v1
kind: Pod
metadata: { name: "{{ .Release.Name }}" }
spec: { containers: [ { name: c, image: "{{ .Values.image }}" } ] }
`;
const tsconfig = `{
  // Visit https://aka.ms/tsconfig
  "compilerOptions": { "strict": true, /* all */ "paths": { "@/*": ["./src/*"] } },
}
`;
const kustomization = `resources: [pod.yaml]\nimages:\n- name: web\n  newTag: "1"\n`;
const kustomizationHead = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n';

describe('a file that is no manifest says what it is, and the others are judged: exit code 2 at the end', () => {
  test.each<[string, Record<string, string>, string[]]>([
    [
      'a template of a chart',
      { 'charts/app/Chart.yaml': chart, 'charts/app/templates/pod.yaml': template },
      ['charts/app/templates/pod.yaml', 'an unrendered Helm template', 'helm template charts/app |'],
    ],
    [
      'a template that can be read, its images being variables',
      { 'charts/app/Chart.yaml': chart, 'charts/app/templates/sub/pod.yaml': quoted },
      ['charts/app/templates/sub/pod.yaml: an unrendered Helm template', 'helm template charts/app |'],
    ],
    [
      'a template without a chart',
      { 'x.yaml': template },
      ['x.yaml:', 'not rendered', 'helm template CHART'],
    ],
    [
      'a Jsonnet program',
      { 'x.json': '# prod\nlocal k = import "k.libsonnet";\nk.pod("a")\n' },
      ['x.json:', 'a Jsonnet program', 'jsonnet x.json |'],
    ],
    ['a tsconfig.json with comments', { 'tsconfig.json': tsconfig }, ['tsconfig.json', 'JSON with comments']],
    [
      'comments before and trailing commas',
      { 'a.json': '/* editor */\n{ "a": [1, 2,], }\n' },
      ['a.json:', 'JSON with comments'],
    ],
  ])('%s', async (_title, files, words) => {
    const cwd = folderWith({ ...files, 'deploy/pod.yaml': podText('a', foreign) });
    const ended = await check(['-f', '.'], cwd);
    expect(verdictsOf(ended)).toEqual(['Pod/a denied']);
    expect(ended.code).toBe(2);
    for (const word of words) expect(ended.stderr).toContain(word);
  });

  test.each([
    ['in the folder of templates', 'templates', '.', 'helm template .. |'],
    ['in the folder of the chart', '.', 'templates', 'helm template . |'],
  ])('%s, a template is one too', async (_title, at, path, word) => {
    const cwd = folderWith({ 'Chart.yaml': chart, 'templates/pod.yaml': quoted });
    const ended = await check(['-f', path], join(cwd, at));
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(word);
    const piped = await imagegate(['check', 'manifest', '--policies', policies, '-f', '-'], {
      cwd: join(cwd, 'templates'),
      input: podText('{{a}}', foreign),
    });
    expect(piped.code).toBe(1);
  });

  test('a template that has nothing to render is a manifest', async () => {
    const cwd = folderWith({ 'Chart.yaml': chart, 'templates/pod.yaml': podText('a', foreign) });
    const ended = await check(['-f', '.'], cwd);
    expect(verdictsOf(ended)).toEqual(['Pod/a denied']);
    expect(ended.code).toBe(1);
  });

  test('a variable of a workflow is no template: the object is judged', async () => {
    const cwd = folderWith({ 'pod.yaml': podText('{{inputs.name}}', foreign) });
    const ended = await check(['-f', '.'], cwd);
    expect(verdictsOf(ended)).toHaveLength(1);
    expect(ended.code).toBe(1);
  });
});

describe('SARIF says whether it is the whole of the input', () => {
  const runOf = async (files: Record<string, string>) => {
    const cwd = folderWith(files);
    const args = ['check', 'manifest', '-f', '.', '--policies', policies, '-o', 'sarif=out.sarif'];
    const ended = await imagegate(args, { cwd });
    const { runs } = JSON.parse(readFileSync(join(cwd, 'out.sarif'), 'utf8')) as {
      readonly runs: readonly { readonly invocations?: unknown; readonly results: readonly object[] }[];
    };
    return { ended, run: runs[0] };
  };
  test('a file that cannot be read makes the run unsuccessful, and is named as on stderr', async () => {
    const { ended, run } = await runOf({ 'a[].yaml': 'a: [', 'b/pod.yaml': podText('a', foreign) });
    expect(ended.code).toBe(2);
    const { invocations, results } = run!;
    expect(results).toHaveLength(1);
    expect(invocations).toEqual([
      {
        executionSuccessful: false,
        exitCode: 2,
        toolExecutionNotifications: [
          { level: 'error', message: { text: expect.stringMatching(/^a\[\]\.yaml:1:5: /) as string } },
        ],
      },
    ]);
    const [{ toolExecutionNotifications }] = invocations as [
      { readonly toolExecutionNotifications: readonly [{ readonly message: { readonly text: string } }] },
    ];
    expect(ended.stderr).toContain(toolExecutionNotifications[0].message.text);
  });
  test('without a result as well', async () => {
    const { run } = await runOf({ 'a.yaml': 'a: [', 'b.yaml': 'apiVersion: v1\nkind: ConfigMap\n' });
    expect(run).toMatchObject({ invocations: [{ executionSuccessful: false }], results: [] });
  });
  test('findings alone do not: the run did what it was to do', async () => {
    const { ended, run } = await runOf({ 'pod.yaml': podText('a', foreign) });
    expect(ended.code).toBe(1);
    expect(run).not.toHaveProperty('invocations');
  });
});

describe('an image that holds a variable is judged with its Pod, and said to be', () => {
  const workflow = (name: string): string =>
    JSON.stringify({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Workflow',
      metadata: { name },
      spec: { templates: [{ name: 'a', container: { image: `${foreign}{{a}}` } }] },
    });
  const warning = 'spec.templates[0].container.image holds a variable: judged when its Pod is created';
  test.each([['table'], ['json'], ['sarif'], ['junit'], ['yaml']])('beside %s', async (output) => {
    const cwd = folderWith({ 'w.json': workflow('w') });
    const args = ['check', 'manifest', '-f', '.', '--policies', policies, '-o', output];
    const ended = await imagegate(args, { cwd });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`warning: w.json:1:1 default/Workflow/w: ${warning}\n`);
  });
  test('and many of them are counted', async () => {
    const names = Array.from({ length: 23 }, (_, at) => `w${at + 10}`);
    const cwd = folderWith(Object.fromEntries(names.map((name) => [`${name}.json`, workflow(name)])));
    const { stderr } = await check(['-f', '.'], cwd);
    expect(stderr.match(/holds a variable/g)).toHaveLength(20);
    expect(stderr).toContain('3 more warnings; to see all of them: -o json\n');
  });
  test('what a finding says already is not said again', async () => {
    const cwd = folderWith({ 'p.json': podText('a', foreign) });
    const warns = policyFolder(trusting('Warn'));
    const { stderr } = await imagegate(['check', 'manifest', '-f', '.', '--policies', warns], { cwd });
    expect(stderr).not.toContain('warning:');
  });
});

describe('what can be read and is no object of a cluster is a remark (R20), said once', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'a kustomization',
      { 'k/kustomization.yaml': kustomizationHead + kustomization },
      'kubectl kustomize k |',
    ],
    ['one without a kind', { 'k/kustomization.yml': kustomization }, 'kubectl kustomize k |'],
    ['one without an extension', { 'k/Kustomization': kustomization }, 'kubectl kustomize k |'],
    [
      'a component',
      { 'c.yaml': kustomizationHead.replace('v1beta1', 'v1alpha1').replace('Kustomization', 'Component') },
      'kubectl kustomize . |',
    ],
    ['the name of a chart', { 'c/Chart.yaml': chart }, 'c/Chart.yaml: the name of a Helm chart'],
    [
      'its values',
      { 'c/values-prod.yaml': 'image: x\n', 'c/Chart.yaml': chart },
      'helm template c -f c/values-prod.yaml |',
    ],
  ])('%s', async (_title, files, word) => {
    const cwd = folderWith({ ...files, 'pod.yaml': podText('a', trusted) });
    const ended = await check(['-f', '.', '--unknown-kinds', 'deny'], cwd);
    expect(verdictsOf(ended)).toEqual(['Pod/a allowed']);
    expect(ended.code).toBe(0);
    expect(ended.stderr.split(word)).toHaveLength(2);
    expect(ended.stderr).not.toContain('was not judged');
  });

  test.each([
    ['a Pod in a file of that name', 'kustomization.yaml', podText('a', foreign)],
    [
      'a Pod in the items of a kustomization',
      'x.yaml',
      `${kustomizationHead}items: [${podText('a', foreign)}]\n`,
    ],
  ])('%s is judged', async (_title, name, text) => {
    const ended = await check(['-f', '.'], folderWith({ [name]: text }));
    expect(verdictsOf(ended)).toEqual(['Pod/a denied']);
    expect(ended.code).toBe(1);
  });

  test('the kustomization of Flux is an object of a cluster', async () => {
    const text = 'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: a }\n';
    const ended = await check(['-f', '.'], folderWith({ 'flux.yaml': text }));
    expect(ended.stderr).toContain('kustomize.toolkit.fluxcd.io/v1 Kustomization was not judged');
  });
});

describe('folders', () => {
  test('dot folders are skipped, whatever is in them', async () => {
    const cwd = folderWith({
      'pod.yaml': podText('a', trusted),
      '.github/workflow.yaml': 'a: [',
      '.cache/x.bin': '',
      'lost+found/pod.yaml': podText('b', foreign),
    });
    mkdirSync(join(cwd, '.deep', ...Array.from({ length: 40 }, () => 'd')), { recursive: true });
    writeFileSync(join(cwd, '.deep', 'x.yaml'), 'a: [');
    const ended = await check(['-f', '.'], cwd);
    expect(verdictsOf(ended)).toEqual(['Pod/a allowed']);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('.github: hidden folder left out');
    expect(ended.stderr).toContain('lost+found: folder left out');
    expect(ended.stderr).not.toContain('.cache');
  });
  test('nothing is left out in silence, whatever its name and whatever lies beside it', async () => {
    const elsewhere = folderWith({ 'pod.yaml': podText('d', foreign) });
    const cwd = folderWith({
      'pod.yaml': podText('a', trusted),
      '..2026_01_01/pod.yaml': podText('b', foreign),
      ...Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`.much/${at}.txt`, ''])),
      '.much/zz/pod.yaml': podText('c', foreign),
    });
    symlinkSync(elsewhere, join(cwd, 'out'));
    symlinkSync('.', join(cwd, 'same'));
    const { stderr } = await check(['-f', '.'], cwd);
    expect(stderr).toContain('..2026_01_01: hidden folder left out; name it with -f');
    expect(stderr).toContain('.much: hidden folder left out; name it with -f');
    expect(stderr).toContain('out: link to a folder left out; name it with -f');
    expect(stderr).not.toContain('same');
  });

  const files = {
    'a.yaml': podText('a', trusted),
    'charts/app/templates/b.yaml': 'a: [',
    'deploy/c.test.yaml': podText('c', foreign),
    'deploy/d.yaml': podText('d', trusted),
    'tsconfig.json': tsconfig,
  };
  test.each<[string, string[], string[], number]>([
    ['nothing', [], ['Pod/a allowed', 'Pod/c denied', 'Pod/d allowed'], 2],
    ['a folder by its path', ['charts'], ['Pod/a allowed', 'Pod/c denied', 'Pod/d allowed'], 2],
    [
      'a folder and a file',
      ['charts/', 'tsconfig.json'],
      ['Pod/a allowed', 'Pod/c denied', 'Pod/d allowed'],
      1,
    ],
    ['all below a folder', ['charts/**', '*.json'], ['Pod/a allowed', 'Pod/c denied', 'Pod/d allowed'], 1],
    ['a name at any depth', ['templates', '*.test.yaml', 'tsconfig*'], ['Pod/a allowed', 'Pod/d allowed'], 0],
    [
      'a path with ** and ./',
      ['./charts', '**/c.*', '{ts,js}config.json'],
      ['Pod/a allowed', 'Pod/d allowed'],
      0,
    ],
    [
      'only where the path fits',
      ['x/*.yaml', 'charts', '*.json', 'c.test.yaml/'],
      ['Pod/a allowed', 'Pod/d allowed'],
      0,
    ],
  ])('--exclude leaves out %s', async (_title, globs, verdicts, code) => {
    const cwd = folderWith(files);
    const ended = await check(['-f', '.', ...globs.flatMap((glob) => ['--exclude', glob])], cwd);
    expect(verdictsOf(ended)).toEqual(verdicts);
    expect(ended.code).toBe(code);
    const absolute = await check(['-f', cwd, ...globs.flatMap((glob) => ['--exclude', glob])]);
    expect(verdictsOf(absolute)).toEqual(verdicts);
  });

  test('a glob that leaves nothing out is reported', async () => {
    const { stderr, code } = await check(
      ['-f', '.', '--exclude', 'depoly/**', '--exclude', 'charts', '--exclude', '*.json'],
      folderWith(files),
    );
    expect(stderr).toContain('--exclude depoly/**: leaves nothing out');
    expect(stderr).not.toContain('--exclude charts');
    expect(code).toBe(1);
  });

  test('a file that is named is meant', async () => {
    const ended = await check(['-f', 'a.yaml', '--exclude', '*.yaml'], folderWith(files));
    expect(verdictsOf(ended)).toEqual(['Pod/a allowed']);
  });

  test('a folder of which all is left out holds nothing: 2', async () => {
    const ended = await check(['-f', '.', '--exclude', '**'], folderWith(files));
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('holds no .yaml, .yml or .json file');
  });
});

describe('kinds of which nobody knows where their images are', () => {
  const object = (kind: string, group = 'example.com'): string =>
    `apiVersion: ${group}/v1\nkind: ${kind}\nmetadata: { name: x }\n`;
  test('are one line with counts, however many objects there are', async () => {
    const many = (kind: string, count: number): string[] => Array.from({ length: count }, () => object(kind));
    const text = [...many('Fleet', 3), ...many('Harbour', 150), ...many('Ship', 73)].join('---\n');
    const ended = await check(['-f', 'all.yaml'], folderWith({ 'all.yaml': text }));
    expect(ended.code).toBe(0);
    const lines = ended.stderr.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(
      '226 objects were not judged: example.com/v1 Harbour (150, first all.yaml:13), ',
    );
    expect(lines[0]).toContain('example.com/v1 Fleet (3, first all.yaml:1); ');
    expect(lines[0]).toContain('docs/workloads.md shows, with `images: []` where a kind has none');
  });
  test('that are many are counted, and what to do is never cut', async () => {
    const text = Array.from({ length: 40 }, (_, at) => object(`${'K'.repeat(60)}${at}`)).join('---\n');
    const { stderr } = await check(['-f', 'all.yaml'], folderWith({ 'all.yaml': text }));
    expect(stderr).toContain('40 objects were not judged');
    expect(stderr).toContain(', 30 more kinds; the gate');
    expect(stderr).toContain('where a kind has none\n');
  });
  test('a single one says where it stands', async () => {
    const { stderr } = await check(['-f', 'a.yaml'], folderWith({ 'a.yaml': `\n${object('Fleet')}` }));
    expect(stderr).toContain('a.yaml:2: example.com/v1 Fleet was not judged: ');
  });
});
