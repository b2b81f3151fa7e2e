import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, imagegate, root } from './imagegate.ts';

const text = readFileSync(join(root, 'examples', 'gatekeeper', 'document-004', 'template.yaml'), 'utf8');
const pod = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n';
const target = '  - target: admission.k8s.gatekeeper.sh\n';
const targetOf = (text.match(/ *- target:[^]*/) ?? [''])[0];
const withTarget = (made: string): string => text.replace(targetOf, made);

const files = folderWith({
  'empty.yaml': '',
  'blank.yaml': '\n  \n',
  'comment.yaml': '# nothing\n---\n',
  'words.yaml': 'hello world\n',
  'pod.yaml': pod,
  'many.yaml': Array.from({ length: 8 }, () => pod).join('---\n'),
  'misspelt.yaml': text.replace('kind: ConstraintTemplate', 'kind: ConstrainTemplate'),
  'list.json': JSON.stringify([1, 'a', { apiVersion: 'v1', kind: 'Pod', metadata: {} }]),
  'mixed.yaml': `apiVersion: v1\nkind: List\nitems:\n  - 7\n  - ${text.trimEnd().replaceAll('\n', '\n    ')}\n`,
  'tabs.yaml': text.replaceAll('  ', '\t'),
  'crlf.yaml': text.replaceAll('\n', '\r\n'),
  'mark.yaml': `\uFEFF${text}`,
  'two.yaml': `${text.trimEnd()}\n${targetOf}`,
  'none.yaml': withTarget('    []\n'),
  'cel.yaml': withTarget(`${target}    code:\n      - engine: K8sNativeValidation\n        source: {}\n`),
  'library.yaml': `${text.trimEnd()}\n      libs:\n        - |\n          package lib.a\n          f(x { x }\n`,
});
writeFileSync(join(files, 'utf16.yaml'), Buffer.from(`\uFEFF${text}`, 'utf16le'));
writeFileSync(
  join(files, 'binary.yaml'),
  Buffer.from(Array.from({ length: 512 }, (_, at) => (at * 7) % 256)),
);

const explain = (file: string) => imagegate(['policy', 'explain-template', file], { cwd: files });
const wanted = 'give a ConstraintTemplate, or what `kubectl get constrainttemplates -o yaml` prints';

describe('a file without a template says what it is, and what is wanted', () => {
  test.each([
    ['empty.yaml', [`empty.yaml: is empty: ${wanted}`]],
    ['blank.yaml', [`blank.yaml: is empty: ${wanted}`]],
    ['comment.yaml', [`comment.yaml: holds no ConstraintTemplate: ${wanted}`]],
    ['words.yaml', [wanted, 'words.yaml:1: not a Kubernetes object: left out']],
    ['pod.yaml', [wanted, 'pod.yaml:1: a Pod is no ConstraintTemplate: left out']],
    ['many.yaml', [wanted, 'many.yaml:1: a Pod', 'many.yaml: and 3 more that are no ConstraintTemplate']],
    [
      'misspelt.yaml',
      ['a ConstrainTemplate is no ConstraintTemplate: left out; did you mean ConstraintTemplate?'],
    ],
    ['list.json', [wanted, 'list.json:1: not a Kubernetes object: left out']],
    ['utf16.yaml', ['utf16.yaml: is no text: it holds a NUL byte; a file in UTF-16 must be saved as UTF-8']],
    ['binary.yaml', ['binary.yaml: is no text: it holds a NUL byte']],
    ['tabs.yaml', ['tabs.yaml:4:1: Tabs are not allowed as indentation']],
  ])('%s', async (file, sentences) => {
    const { code, stdout, stderr } = await explain(file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const sentence of sentences) expect(stderr).toContain(sentence);
  });
});

describe('a template in an odd text', () => {
  test.each([
    ['crlf.yaml', 'crlf.yaml:16:15: tests the beginning of an image'],
    ['mark.yaml', 'mark.yaml:16:15: tests the beginning of an image'],
  ])('is read, with the places of its text: %s', async (file, sentence) => {
    const { code, stdout } = await explain(file);
    expect(code).toBe(0);
    expect(stdout).toContain(sentence);
  });

  test('is read beside what is no object, which is said', async () => {
    const { code, stderr } = await explain('mixed.yaml');
    expect(code).toBe(0);
    expect(stderr).toContain('mixed.yaml:4: not a Kubernetes object: left out');
  });

  test.each([
    ['two.yaml', /two.yaml:\d+:\d+: a template has exactly one target, and this one has 2/],
    ['none.yaml', /none.yaml:\d+:\d+: a template has exactly one target, and this one has 0/],
    ['cel.yaml', /cel.yaml:\d+:\d+: holds no Rego, only K8sNativeValidation, which nothing here evaluates/],
    ['library.yaml', /library.yaml:\d+:15: rego_parse_error: unexpected \{ token/],
  ])('does not run, with its place: %s', async (file, sentence) => {
    const { code, stdout } = await explain(file);
    expect(code).toBe(2);
    expect(stdout).toMatch(sentence);
  });
});
