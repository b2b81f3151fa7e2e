import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readYamlText } from '../../src/core/text/yaml/yaml-text.ts';
import { folderWith, imagegate, root } from './imagegate.ts';

const example = join(root, 'examples', 'gatekeeper', 'document-004', 'template.yaml');
const exampleText = readFileSync(example, 'utf8');
const asPrinted = join(root, 'test', 'fixtures', 'gatekeeper', 'document-004', 'template.txt');
/** A template with this code, from line 13 on. */
const template = (rego: string): string => exampleText.replace(/ {8}package[^]*/, rego);
const rows = (...lines: readonly string[]): string => lines.map((line) => `        ${line}\n`).join('');
const sending = rows('package a', 'violation[{"msg": "no"}] {', '  http.send({})', '}');
const broken = rows('package a', 'violation[{"msg": "no"}] {', '  x == input.y', '}');
const item = (text: string): string => `  - ${text.trimEnd().replaceAll('\n', '\n    ')}\n`;
const list = (...texts: readonly string[]): string =>
  `apiVersion: v1\nkind: List\nitems:\n${texts.map(item).join('')}`;

const files = folderWith({
  'sending.yaml': template(sending),
  'broken.yaml': template(broken),
  'misnamed.yaml': exampleText.replace('name: k8sallowedimages', 'name: k8sallowed'),
  'list.yaml': list(exampleText, template(sending), 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n'),
  'pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n',
  'yaml.yaml': 'a: [',
});
const explain = (...args: readonly string[]) =>
  imagegate(['policy', 'explain-template', ...args], { cwd: files });

test('the template of the published guide runs, and what it does not see is told', async () => {
  const { code, stdout, stderr } = await explain(example);
  expect({ code, stdout: stdout.replaceAll(example, 'template.yaml'), stderr }).toEqual({
    code: 0,
    stdout: `k8sallowedimages: templates.gatekeeper.sh/v1beta1, makes constraints of the kind K8sAllowedImages
  runs             yes
  engine           Rego v0
  builtins         sprintf, startswith
  inventory        not read
  namespaceObject  not read
  operations       all
  parameters       any: no schema says what they are
  remark           template.yaml:15:49: sees containers alone, not initContainers, not ephemeralContainers, not image volumes (volumes[].image) (containers-alone)
              container := input.review.object.spec.containers[bash]
                                                    ^
  remark           template.yaml:16:15: tests the beginning of an image as it is written: nginx, docker.io/nginx and docker.io/library/nginx are one image, and begin with three texts (prefix-of-raw-text)
              not startswith(container.image, "allowed-registry/")
                  ^
`,
    stderr: '1 template read, 0 not run here\n',
  });
});

test('the same template as the guide prints it: the indentation was lost', async () => {
  const ended = await explain(asPrinted);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(
    'template.txt:4:1: the indentation was lost: "name" belongs below "metadata"',
  );
});

describe('exit code 2 when a template does not run here, with its line', () => {
  test.each([
    ['a builtin that is never run', 'sending.yaml', 'sending.yaml:15:11: calls http.send'],
    ['a mistake', 'broken.yaml', 'broken.yaml:15:11: rego_unsafe_var_error: var x is unsafe'],
    ['one of a List', 'list.yaml', 'list.yaml:36:15: calls http.send'],
    ['a name that is not the kind', 'misnamed.yaml', 'in lower case; did you mean "k8sallowedimages"?'],
  ])('%s', async (_title, file, sentence) => {
    const { code, stdout } = await explain(file);
    expect(code).toBe(2);
    expect(stdout).toContain(sentence);
  });

  test.each([
    ['no template', 'pod.yaml', 'pod.yaml: holds no ConstraintTemplate'],
    ['no YAML', 'yaml.yaml', 'yaml.yaml:1:'],
    ['no file', 'nowhere.yaml', 'nowhere.yaml: there is no such file'],
    ['a folder', '.', '.: is no regular file; name a file'],
  ])('%s', async (_title, file, sentence) => {
    const ended = await explain(file);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(sentence);
  });
});

test('a List has an item of JSON for each template; other objects are left out, and said so', async () => {
  const { code, stdout, stderr } = await explain('list.yaml', '-o', 'json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'TemplateExplanationList',
    items: [
      { file: 'list.yaml', line: 4, runs: true, parameters: 'any', problems: [] },
      {
        line: 22,
        runs: false,
        problems: [{ line: 36, column: 15, isUnsupported: true, path: ['spec', 'targets', 0, 'rego'] }],
      },
    ],
  });
  expect(stderr).toContain('list.yaml:38: a Pod is no ConstraintTemplate: left out\n');
});

test('a List of nothing but text on standard input', async () => {
  const { code, stdout } = await imagegate(['policy', 'explain-template', '-'], { input: exampleText });
  expect(code).toBe(0);
  expect(stdout).toContain('stdin:15:49: sees containers');
});

test('--crd prints the CRD of the constraints, of broken templates none', async () => {
  const [good, bad, unsupported, json] = await Promise.all([
    explain('--crd', example),
    explain('--crd', 'broken.yaml'),
    explain('--crd', 'sending.yaml'),
    explain('--crd', '-o', 'json', 'list.yaml'),
  ]);
  const read = readYamlText(good.stdout);
  expect(read.ok && read.value.map(({ value }) => value)).toMatchObject([
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'k8sallowedimages.constraints.gatekeeper.sh' },
    },
  ]);
  expect(good.code).toBe(0);
  expect(bad).toMatchObject({ code: 2, stdout: '' });
  expect(bad.stderr).toContain('broken.yaml:15:11: rego_unsafe_var_error');
  expect(unsupported).toMatchObject({ code: 2, stdout: good.stdout });
  expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'List', items: [{}, {}] });
});
