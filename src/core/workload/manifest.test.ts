import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../text/json/json.ts';
import { readManifestObjects } from './manifest.ts';
import { plainScalar } from '../text/yaml/scalar.ts';

const read = (text: string) => {
  const result = readManifestObjects(text, 'x.yaml');
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};
const listed = (text: string) => read(text).objects.map(({ kind, line }) => `${kind}:${line}`);
const problem = (text: string) => {
  const result = readManifestObjects(text, 'x.yaml');
  return result.ok ? 'no problem' : `${result.error.line}:${result.error.column} ${result.error.why}`;
};
const cm = 'apiVersion: v1\nkind: ConfigMap\n';
const pod = 'apiVersion: v1\nkind: Pod\n';
const field = (yaml: string): JsonValue | undefined => read(`${cm}${yaml}`).objects[0]?.object['a'];

describe('documents', () => {
  test.each<[string, string, string[]]>([
    ['one', pod, ['Pod:1']],
    ['several, with the lines of the file', `${pod}---\n${cm}---\n${pod}`, ['Pod:1', 'ConfigMap:4', 'Pod:7']],
    ['a first separator', `---\n${pod}`, ['Pod:2']],
    ['comments as Helm writes them', `---\n# Source: a/b.yaml\n${pod}`, ['Pod:3']],
    ['a comment on the separator', `${cm}--- # next\n${pod}`, ['ConfigMap:1', 'Pod:4']],
    ['empty ones', `---\n\n---\n# nothing\n---\n${pod}---\n~\n---\n`, ['Pod:6']],
    ['lines that end in CR LF', `${cm}---\n${pod}`.replaceAll('\n', '\r\n'), ['ConfigMap:1', 'Pod:4']],
    ['a byte order mark', `\uFEFF${pod}`, ['Pod:1']],
    ['no newline at the end', 'apiVersion: v1\nkind: Pod', ['Pod:1']],
    ['text after ... that kubectl would not read', `${cm}...\n${pod}`, ['ConfigMap:1', 'Pod:4']],
    ['dashes inside a text', `${cm}data:\n  a: |\n    ---\n    kind: Pod\n`, ['ConfigMap:1']],
    ['JSON', '{"apiVersion":"v1","kind":"Pod"}', ['Pod:1']],
    [
      'JSON one after another',
      '{"apiVersion":"v1","kind":"Pod"}{"apiVersion":"v1","kind":"ConfigMap"}',
      ['Pod:1', 'ConfigMap:1'],
    ],
    [
      'JSON line by line',
      '\n{"apiVersion":"v1","kind":"Pod"}\n\n{"apiVersion":"v1","kind":"ConfigMap"}\n',
      ['Pod:2', 'ConfigMap:4'],
    ],
    [
      'JSON between separators',
      '{"apiVersion":"v1","kind":"Pod"}\n---\n{"apiVersion":"v1","kind":"ConfigMap"}\n',
      ['Pod:1', 'ConfigMap:3'],
    ],
    ['YAML in braces', '{apiVersion: v1, kind: Pod}', ['Pod:1']],
    ['nothing', '', []],
  ])('reads %s', (_title, text, want) => expect(listed(text)).toEqual(want));
  test('R20: counts what is not empty, so that zero documents can be told from zero workloads', () => {
    expect(read('---\n# a\n---\n').documents).toBe(0);
    expect(read('null').documents).toBe(0);
    expect(read(`${pod}---\nfoo: bar\n`).documents).toBe(2);
  });
  test.each<[string, string, string]>([
    ['no kind', 'apiVersion: v1\n', '1 no apiVersion or kind: left out'],
    ['no apiVersion', `${pod}---\nkind: Pod\n`, '4 no apiVersion or kind: left out'],
    ['a kind that is no text', 'apiVersion: v1\nkind: yes\n', '1 no apiVersion or kind: left out'],
    ['a values file', 'image:\n  tag: 1\n', '1 no apiVersion or kind: left out'],
    ['a list', '- a\n- b\n', '1 not a Kubernetes object: left out'],
    ['plain text', 'hello\n', '1 not a Kubernetes object: left out'],
  ])('R20: %s is a remark and no error', (_title, text, want) =>
    expect(read(text).remarks.map((remark) => `${remark.line} ${remark.text}`)).toEqual([want]),
  );
});

describe('lists', () => {
  const item = (kind: string) => `- apiVersion: v1\n  kind: ${kind}\n`;
  test.each<[string, string, string[]]>([
    [
      'v1 List',
      `apiVersion: v1\nkind: List\nitems:\n${item('Pod')}${item('ConfigMap')}`,
      ['Pod:4', 'ConfigMap:6'],
    ],
    [
      'a typed list whose items name no kind',
      'apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {}\n- spec: {}\n',
      ['Deployment:4', 'Deployment:5'],
    ],
    [
      'a list in a list',
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: PodList\n  items:\n  - spec: {}\n`,
      ['Pod:7'],
    ],
    [
      'JSON',
      '{"apiVersion":"v1","kind":"List","items":[\n{"apiVersion":"v1","kind":"Pod"},\n{"apiVersion":"v1","kind":"ConfigMap"}]}',
      ['Pod:2', 'ConfigMap:3'],
    ],
    ['an empty list', 'apiVersion: v1\nkind: List\nitems: []\n', []],
    [
      'what hides in the items of another kind, as kubectl applies it',
      `${cm}items:\n${item('Pod')}`,
      ['ConfigMap:1', 'Pod:4'],
    ],
    [
      'a list without apiVersion, as kubectl applies it with --validate=false',
      `kind: List\nitems:\n${item('Pod')}`,
      ['Pod:3'],
    ],
    ['a list whose apiVersion is no text', `apiVersion: 1\nkind: List\nitems:\n${item('Pod')}`, ['Pod:4']],
  ])('flattens %s', (_title, text, want) => expect(listed(text)).toEqual(want));
  test('items of a typed list get apiVersion and kind of their own', () => {
    const [first] = read('apiVersion: v1\nkind: PodList\nitems:\n- spec: {}\n').objects;
    expect(first?.object).toEqual({ apiVersion: 'v1', kind: 'Pod', spec: {} });
  });
  test('an item that lacks one of both takes both from the list, as in kubectl', () => {
    const text = 'apiVersion: v1\nkind: PodList\nitems:\n- kind: ConfigMap\n  spec: {}\n';
    expect(read(text).objects[0]?.object).toEqual({ apiVersion: 'v1', kind: 'Pod', spec: {} });
  });
  test('an item of v1 List that names no kind is a remark', () =>
    expect(
      read('apiVersion: v1\nkind: List\nitems:\n- spec: {}\n- 5\n').remarks.map(({ line }) => line),
    ).toEqual([4, 5]));
});

describe('problems carry line and column', () => {
  test.each<[string, string, string]>([
    ['a key twice', `${pod}spec: {}\nkind: Pod\n`, '4:1 the key "kind" is there twice'],
    ['a key twice in a later document', `${cm}---\n${pod}kind: Pod\n`, '6:1 the key "kind" is there twice'],
    ['a key twice in JSON', '{"kind":"Pod",\n "kind":"ConfigMap"}', '2:2 the key "kind" is there twice'],
    ['keys that are one in JSON', `${cm}1: a\n"1": b\n`, '4:1 the key "1" is there twice'],
    ['a tab', 'a:\n\t- b\n', '2:1'],
    ['a brace that stays open', '{"a": [1, 2', '1:12'],
    ['a Helm template', 'kind: {{ .Values.kind }}\n', '1:'],
    ['text behind a separator', `${cm}--- {a: 1}\n`, '3:4 only a comment may follow'],
    ['text glued to a separator', `${cm}---x\n`, '3:4 only a comment may follow'],
    ['infinity', `${cm}a: .inf\n`, '3:4 infinity and NaN'],
    ['a key that is null', '~: 1\n', '1:1 a key must not be null'],
    ['a key that is a list', '? [a]\n: 1\n', ' a key must be plain text'],
    [
      'a tag that readers take for different things',
      `${cm}a: !!binary bmdpbng=\n`,
      ' a tag that JSON has no type for',
    ],
    ['a tag of its own', `${cm}a: !secret x\n`, ' a tag that JSON has no type for'],
    ['a set', `${cm}a: !!set {b}\n`, ' a tag that JSON has no type for'],
    ['a tag that does not fit', `${cm}a: !!int nginx\n`, ' a value does not fit its tag'],
    ['an alias of nothing', `${cm}a: *b\n`, '3:4'],
    ['an alias of itself', `${cm}a: &b [*b]\n`, '3:8 an alias refers to nothing before it'],
    ['a merge of text', `${cm}<<: 5\n`, ' a merge key takes mappings only'],
    ['two merges', `${cm}x: &x {a: 1}\n<<: *x\n<<: *x\n`, '5:1 two merge keys'],
    [
      'a merge that changes what stands before it',
      `${cm}x: &x {a: evil}\ny:\n  a: good\n  <<: *x\n`,
      ' the merge changes the key "a"',
    ],
  ])('%s', (_title, text, want) => expect(problem(text)).toContain(want));
  test.each<[string, string]>([
    ['JSON', '{"a":'.repeat(250) + '1' + '}'.repeat(250)],
    ['YAML lists', '- '.repeat(250) + 'a'],
    ['YAML mappings', Array.from({ length: 250 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
    ['absurd JSON', '['.repeat(50_000)],
    ['absurd YAML', '- '.repeat(50_000)],
  ])('R19: %s nested too deeply is refused', (_title, text) => expect(problem(text)).toContain('nested'));
  test('nesting through aliases counts', () => {
    const lines = Array.from(
      { length: 250 },
      (_, i) => `a${i}: &a${i} ${i === 0 ? '[x]' : `[*a${i - 1}]`}\n`,
    );
    expect(problem(cm + lines.join(''))).toContain('nested deeper');
  });
  test('a billion laughs is refused at once', () => {
    const rows = Array.from({ length: 12 }, (_, i) =>
      i === 0
        ? 'a0: &a0 lol\n'
        : `a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]\n`,
    );
    expect(problem(cm + rows.join(''))).toContain('aliases expand to too much');
  });
});

describe('line breaks of YAML 1.1, at which kubectl ends a comment and YAML 1.2 does not', () => {
  const breaks: readonly (readonly [string, string])[] = [
    ['U+000D', '\r'],
    ['U+0085', '\u0085'],
    ['U+2028', '\u2028'],
    ['U+2029', '\u2029'],
  ];
  describe.each(breaks)('%s', (name, char) => {
    test.each<[string, string, string]>([
      ['in a comment before an object', `# x${char}${pod}`, '1:4'],
      ['in a text that is one comment', `# x${char}${pod.replaceAll('\n', char)}`, '1:4'],
      ['behind a value', `${cm}a: b # x${char}a: evil\n`, '3:9'],
      ['in a block', `${cm}a: |-\n  good${char}b: evil\n`, '4:7'],
      ['in a plain text', `${cm}a: good${char}c\n`, '3:8'],
      ['between documents', `${cm}---\n# x${char}${pod}`, '4:4'],
      ['behind a quoted text', `${cm}a: "b${char}c" # x${char}kind: Pod\n`, '3:13'],
    ])('%s is refused where it stands', (_title, text, place) =>
      expect(problem(text)).toMatch(
        new RegExp(`^${place} the line break U\\+${name.slice(2)}, which readers`),
      ),
    );
    test.each<[string, string]>([
      ['double quotes', `a: "b ${char} c"\n`],
      ['single quotes', `a: 'b ${char} c'\n`],
    ])('in %s is text', (_title, yaml) => expect(field(yaml)).toMatch(/^b .{0,3}c$/su));
  });
  test('CR LF ends lines for everybody', () => {
    expect(listed(`# x\n${pod}---\n# y\n${pod}`.replaceAll('\n', '\r\n'))).toEqual(['Pod:2', 'Pod:6']);
  });
  test('JSON knows none of them', () => {
    expect(read('{"apiVersion":"v1",\r"kind":"X","a":"\u2028"}').objects[0]?.object['a']).toBe('\u2028');
  });
});

describe('YAML as kubectl reads it', () => {
  const scalars = JSON.parse(
    readFileSync(new URL('../../../test/fixtures/workloads/yaml-scalars.json', import.meta.url), 'utf8'),
  ) as readonly (readonly [string, JsonValue])[];
  test.each(scalars)('the plain scalar %s is %j', (text, want) => {
    const value = plainScalar(text);
    expect(value === 0 ? 0 : value).toEqual(want);
  });
  test.each<[string, string, JsonValue]>([
    ['`image: yes` is a boolean, so malformed and no image called "yes"', 'a: yes', true],
    ['`image: 1.10` is a number', 'a: 1.10', 1.1],
    ['quotes keep text', 'a: "yes"', 'yes'],
    ['single quotes keep text', "a: '017'", '017'],
    ['!!str keeps text', 'a: !!str 12', '12'],
    ['! keeps text', 'a: ! 12', '12'],
    ['!!int reads text', 'a: !!int "017"', 15],
    ['!!map and !!seq are allowed', 'a: !!map {b: !!seq [1]}', { b: [1] }],
    ['a block keeps text', 'a: |-\n  yes', 'yes'],
    ['nothing is null', 'a:', null],
    ['a date is text', 'a: 2001-01-01', '2001-01-01'],
    ['an alias repeats its anchor', 'x: &x {b: 1}\na: [*x, *x]', [{ b: 1 }, { b: 1 }]],
    ['keys become text', 'a: {y: 1, 017: 2, 1.5: 3}', { true: 1, '15': 2, '1.5': 3 }],
    [
      'a merge fills in what is not written after it',
      'x: &x {b: 1, c: 1}\na:\n  <<: *x\n  c: 2',
      { b: 1, c: 2 },
    ],
    [
      'the first of merged mappings wins',
      'x: &x {b: 1}\ny1: &z {b: 2, c: 2}\na: {<<: [*x, *z]}',
      { b: 1, c: 2 },
    ],
    ['a quoted << is a key', 'a: {"<<": 1}', { '<<': 1 }],
  ])('%s', (_title, yaml, want) => expect(field(yaml)).toEqual(want));
  test('a %YAML directive changes no types', () => {
    expect(read(`%YAML 1.2\n---\n${cm}a: yes\n`).objects[0]?.object['a']).toBe(true);
  });
  test('a __proto__ key stays a field', () => {
    for (const text of [
      `${cm}a: {__proto__: {b: 1}}\n`,
      '{"apiVersion":"v1","kind":"X","a":{"__proto__":{"b":1}}}',
    ]) {
      const a = read(text).objects[0]?.object['a'];
      expect(Object.keys(a as object)).toEqual(['__proto__']);
      expect(Object.getPrototypeOf(a)).toBe(Object.prototype);
    }
  });
});

describe('properties', () => {
  const json = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
  test('JSON text is read as JSON.parse reads it, and the same through YAML', () => {
    fc.assert(
      fc.property(json, (value) => {
        const wrapped = { apiVersion: 'v1', kind: 'Thing', value };
        const compact = JSON.stringify(wrapped);
        const spaced = JSON.stringify(wrapped, null, 2);
        for (const text of [compact, spaced, `# YAML now\n${spaced}`]) {
          expect(read(text).objects[0]?.object).toEqual(wrapped);
        }
      }),
      { numRuns: 300 },
    );
  });
  test('never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      '---\n',
      'a: ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '\n',
      '  ',
      '\t',
      '&a ',
      '*a',
      '<<: ',
      '!!binary ',
      '!x ',
      '|\n',
      '# c',
      'items:',
      'kind: List',
      'apiVersion: v1',
      '%YAML 1.1\n',
      '...\n',
      '\u0000',
      '\\u',
      '1e9',
      ',',
      ': ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const result = readManifestObjects(parts.join(''), 'x');
        const { line, column } = result.ok ? { line: 1, column: 1 } : result.error;
        expect(Math.min(line, column)).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});
