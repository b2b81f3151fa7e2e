import { describe, expect, test } from 'vitest';
import { formatProblem } from './document.ts';
import { findRepeatedNames, readPolicyFile } from '../../trust-root/policy-file.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';

const good = (name: string): string => `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: ${name} }
spec:
  checks:
    - digest: { require: true }
`;
const file = 'policies/a.yaml';
const names = (text: string): readonly string[] | undefined => {
  const read = readPolicyFile(text, file, anyExpression);
  return read.ok ? read.value.policies.map(({ policy }) => policy.metadata.name) : undefined;
};
const problems = (text: string): readonly string[] => {
  const read = readPolicyFile(text, file, anyExpression);
  return read.ok ? [] : read.error.map(formatProblem);
};

describe('what a file may hold', () => {
  test.each([
    ['one document', good('a'), ['a']],
    [
      'several documents, empty ones between',
      `---\n${good('a')}---\n# nothing\n---\n${good('b')}...\n`,
      ['a', 'b'],
    ],
    ['a byte order mark and Windows line ends', `\uFEFF${good('a').replaceAll('\n', '\r\n')}`, ['a']],
    ['only comments', '# later\n', []],
    ['nothing', '', []],
    [
      'JSON, indented with tabs',
      JSON.stringify(
        {
          apiVersion: 'imagegate.dev/v1alpha1',
          kind: 'ImagePolicy',
          metadata: { name: 'j' },
          spec: { checks: [{ digest: { require: true } }] },
        },
        undefined,
        '\t',
      ),
      ['j'],
    ],
    [
      'a List, as kubectl get -o yaml prints it',
      `apiVersion: v1\nitems:\n${['a', 'b'].map((name) => `- ${good(name).trim().replaceAll('\n', '\n  ')}`).join('\n')}\nkind: List\nmetadata:\n  resourceVersion: ""\n`,
      ['a', 'b'],
    ],
    [
      'a list of hosts that is written once',
      good('a').replace('spec:', 'spec:\n  match: { images: &ours [a.io/**, b.io/**] }') +
        '    - registries: { allow: *ours }\n',
      ['a'],
    ],
    ['an alias', `${good('a')}    - tags: { deny: &t [latest] }\n    - tags: { deny: *t }\n`, ['a']],
  ])('%s', (_title, text, want) => expect(names(text)).toEqual(want));

  test('a document knows where its fields are', () => {
    const read = readPolicyFile(`---\n${good('a')}---\n${good('b')}`, file, anyExpression);
    const second = read.ok ? read.value.policies[1] : undefined;
    expect(second).toMatchObject({ file, line: 9, column: 1 });
    expect(second?.locate(['spec', 'checks', 0, 'digest', 'require'])).toEqual({ line: 14, column: 17 });
    expect(second?.locate(['spec', 'match', 'images'])).toEqual({ line: 12, column: 1 });
  });
});

test('places are those of the text, whichever documents and items are asked for, and in which order', () => {
  const items = ['c', 'd'].map((name) => `- ${good(name).trim().replaceAll('\n', '\n  ')}`).join('\n');
  const text = `---\n${good('a')}---\n# nothing\n---\n${good('b')}---\nkind: List\napiVersion: v1\nitems:\n${items}\n`;
  const read = readPolicyFile(text, file, anyExpression);
  const policies = read.ok ? read.value.policies : [];
  const written = text.split('\n');
  expect(policies.map(({ policy }) => policy.metadata.name)).toEqual(['a', 'b', 'c', 'd']);
  for (const one of policies.toReversed()) {
    const { line, column } = one.locate(['metadata', 'name']);
    expect(written[line - 1]?.slice(column - 1)).toContain(`name: ${one.policy.metadata.name}`);
    expect(one.locate([])).toEqual({ line: one.line, column: one.column });
    expect(written[one.line - 1]?.slice(one.column - 1)).toBe('apiVersion: imagegate.dev/v1alpha1');
  }
});

describe('problems carry file, line, column and suggestion', () => {
  test('the example of the documentation', () => {
    const text = good('a').replace('digest: { require: true }', 'registeries: {}');
    expect(problems(text)).toEqual([`${file}:6:7: unknown check "registeries"; did you mean "registries"?`]);
  });

  test.each([
    [
      'a value',
      good('a').replace('spec:', 'spec:\n  mode: deny'),
      [/^policies\/a\.yaml:5:3: "deny" is not allowed here.*did you mean "Deny"\?$/],
    ],
    [
      'a missing field, at the field around it',
      good('a').replace(/ {2}checks:[^]*$/, '  mode: Deny\n'),
      [/:4:1: missing field "checks"$/],
    ],
    ['a list item', `${good('a')}    - tags: { deny: [ok, "a b"] }\n`, [/:7:26: "a b" must be a tag/]],
    [
      'a key that is written twice',
      `${good('a')}    - digest: { require: true, require: false }\n`,
      [/:7:32: field "require" is written twice, first on line 7$/],
    ],
    [
      'a top-level key that is written twice',
      `${good('a')}spec: {}\n`,
      [/:7:1: field "spec" is written twice, first on line 4$/],
    ],
    ['broken YAML', 'a: [1\nb: 2\n', [/:2:1: Flow sequence/]],
    ['an unknown tag', 'a: !evil x\n', [/:1:4: Unresolved tag/]],
    ['an unknown alias', 'a: *x\n', [/:1:1: Unresolved alias/]],
    ['a key that is no text', '? [a]\n: 1\n', [/:1:3: .*keys must be strings/]],
    [
      'another kind',
      'apiVersion: apps/v1\nkind: Deployment\n',
      [/:2:1: "Deployment" is no policy of this gate/],
    ],
    [
      'a misspelt kind',
      'apiVersion: x\nkind: imagepolicy\n',
      [/:2:1: unknown kind "imagepolicy"; did you mean "ImagePolicy"\?$/],
    ],
    ['no Kubernetes object', 'a: 1\n', [/:1:1: has neither apiVersion nor kind/]],
    ['a List without items', 'kind: List\napiVersion: v1\n', [/items/]],
    ['a field that would be merged', `${good('a')}<<: {}\n`, [/:7:1: unknown field "<<"/]],
  ])('%s', (_title, text, want) => {
    expect(problems(text)).toEqual(want.map((pattern) => expect.stringMatching(pattern)));
  });

  test('in a List, the place is that in the file', () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n- ${good('a').replace('checks', 'chekcs').trim().replaceAll('\n', '\n  ')}\n`;
    expect(problems(text)).toEqual([
      `${file}:7:3: missing field "checks"`,
      `${file}:8:5: unknown field "chekcs"; did you mean "checks"?`,
    ]);
  });

  test('all problems of all documents are reported, in the order of the file', () => {
    const text = `${good('A')}---\nkind: Pod\n---\na: [\n---\n${good('b').replace('true', '1')}`;
    const lines = problems(text).map((line) => Number(line.split(':')[1]));
    expect(lines.length).toBeGreaterThanOrEqual(4);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  });
});

describe('bounds', () => {
  test.each([
    ['a file over 1 MiB', `# ${'x'.repeat(1024 * 1024)}`, 'larger than 1 MiB'],
    ['brackets', '['.repeat(500_000), 'nested more than'],
    ['braces', '{a: '.repeat(200_000), 'nested more than'],
    ['compact lists', '- '.repeat(500_000), 'nested more than'],
    ['compact keys', '? '.repeat(500_000), 'nested more than'],
  ])('%s is refused within a second', (_title, text, want) => {
    const used = threadTime(() => expect(problems(text)).toEqual([expect.stringContaining(want)]));
    expect(used).toBeLessThan(1000);
  });

  test('aliases that multiply are refused within a second', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
    );
    const text = `l0: &l0 x\n${levels.join('\n')}\n`;
    const used = threadTime(() => expect(problems(text)).toEqual([expect.stringContaining('alias')]));
    expect(used).toBeLessThan(1000);
  });

  test('control characters of a file do not reach the terminal', () => {
    expect(problems('apiVersion: x\nkind: "\\e[2Jx"\n').join('')).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe('names across files', () => {
  const documents = (text: string, name: string) => {
    const read = readPolicyFile(text, name, anyExpression);
    return read.ok ? read.value.policies : [];
  };
  test('a second policy of the same name is refused with both places', () => {
    const set = [
      ...documents(good('a'), 'one.yaml'),
      ...documents(`${good('b')}---\n${good('a')}`, 'two.yaml'),
    ];
    expect(findRepeatedNames({ policies: set, trustRoots: [] }).map(formatProblem)).toEqual([
      'two.yaml:10:13: policy "a" is already defined in one.yaml:1',
    ]);
  });
  test('different names are fine', () => {
    const set = [...documents(good('a'), 'x'), ...documents(good('b'), 'y')];
    expect(findRepeatedNames({ policies: set, trustRoots: [] })).toEqual([]);
  });
});
