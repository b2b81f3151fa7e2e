import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, imagegate, root } from './imagegate.ts';

const example = join(root, 'examples', 'gatekeeper', 'document-004');
const template = readFileSync(join(example, 'template.yaml'), 'utf8');
const constraint = readFileSync(join(example, 'constraint.yaml'), 'utf8');
const strict = template.replace('v1beta1', 'v1').replace(
  '  targets:',
  `      validation:
        openAPIV3Schema:
          type: object
          properties:
            allowedRegistries:
              type: array
              items:
                type: string
  targets:`,
);
const reading = template.replace(
  'not startswith(container.image, "allowed-registry/")',
  'not data.inventory.namespace["shop"]["v1"]["Pod"]["other"]',
);
const detailed = template.replace(
  /violation[^]*$/,
  `violation[{"msg": "z", "details": {"a": 1}}] { true }
        violation[{"msg": "a", "details": {"b": 1}}] { true }
`,
);
const pod = (image: string, name = 'web'): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { containers: [{ name: 'web', image }] },
  });
const review = (request: object): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
const suite = (...tests: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'test.gatekeeper.sh/v1alpha1', kind: 'Suite', tests });
const given = { template: 'template.yaml', constraint: 'constraint.yaml' };
const refused = [{ violations: 1, message: '^Image .* not from allowed registry$' }];
const deletion = {
  operation: 'DELETE',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  oldObject: JSON.parse(pod('bad/web')) as object,
};

const beside = {
  'template.yaml': template,
  'constraint.yaml': constraint,
  'strict.yaml': strict,
  'reading.yaml': reading,
  'detailed.yaml': detailed,
  'numbers.yaml': constraint.replace('- "allowed-registry/"', '- 1'),
  'misspelt.yaml': constraint.replace('allowedRegistries', 'allowedRegistry'),
  'other-kind.yaml': constraint.replace('K8sAllowedImages', 'K8sOther'),
  'good.yaml': pod('allowed-registry/web'),
  'bad.yaml': pod('bad/web'),
  'other.yaml': pod('allowed-registry/web', 'other'),
  'two.yaml': `${pod('a')}\n---\n${pod('b')}`,
  'delete.yaml': review(deletion),
  'misspelt-review.yaml': review({ ...deletion, operaton: 'DELETE' }),
  'empty-review.yaml': review({ operation: 'CREATE' }),
  'broken.yaml': 'a: [',
};
const cases = {
  good: { name: 'good', object: 'good.yaml', assertions: [{ violations: 'no' }] },
  bad: { name: 'bad', object: 'bad.yaml', assertions: refused },
};
/** A folder with one suite of these tests, and what came of it. */
const outcomes = async (...tests: readonly object[]) => {
  const folder = folderWith({ ...beside, 'suite.yaml': suite(...tests) });
  const { code, stdout } = await imagegate(['policy', 'test', '.', '-o', 'json'], { cwd: folder });
  const { items } = JSON.parse(stdout) as { readonly items: readonly Record<string, string>[] };
  return { code, came: items.map(({ status, message }) => [status, message ?? '']) };
};
const ofCase = (one: object) => outcomes({ name: 'test', ...given, cases: [{ name: 'case', ...one }] });

test('a suite that passes: a line of the table, an item of JSON and a testcase of JUnit for each case', async () => {
  const folder = folderWith({
    ...beside,
    'deep/below/suite.yaml': suite({
      name: 'images',
      template: '../../template.yaml',
      constraint: '../../constraint.yaml',
      cases: [
        { ...cases.good, object: '../../good.yaml' },
        { ...cases.bad, object: '../../bad.yaml' },
        { name: 'later', skip: true },
      ],
    }),
  });
  const [table, json, junit] = await Promise.all([
    imagegate(['policy', 'test', '.'], { cwd: folder }),
    imagegate(['policy', 'test', './...', '-o', 'json'], { cwd: folder }),
    imagegate(['policy', 'test', 'deep/below/suite.yaml', '-o', 'junit'], { cwd: folder }),
  ]);
  expect(table).toMatchObject({
    code: 0,
    stdout: `STATUS    SUITE                   TEST     CASE    MESSAGE
passed    deep/below/suite.yaml   images   good
passed    deep/below/suite.yaml   images   bad
skipped   deep/below/suite.yaml   images   later
`,
    stderr: '2 passed, 0 failed, 1 skipped\n',
  });
  expect(JSON.parse(json.stdout)).toMatchObject({
    kind: 'SuiteResultList',
    items: [
      { suite: 'deep/below/suite.yaml', test: 'images', case: 'good', status: 'passed' },
      { case: 'bad', status: 'passed' },
      { case: 'later', status: 'skipped' },
    ],
  });
  expect(junit.stdout).toContain('tests="3" failures="0" errors="0" skipped="1"');
  expect(junit.stdout).toContain(
    '<testcase name="bad" classname="images" file="deep/below/suite.yaml"></testcase>',
  );
});

describe('what an assertion asks for', () => {
  const message = "Image 'bad/web' not from allowed registry";
  const got = `got messages ["${message}"]`;
  test.each<readonly [string, object, string]>([
    ['nothing: at least one', {}, ''],
    ['yes', { violations: 'yes' }, ''],
    ['a number', { violations: 1 }, ''],
    ['another number', { violations: 2 }, `got 1 violations but want exactly 2; ${got}`],
    ['no', { violations: 'no' }, `got 1 violations but want none; ${got}`],
    ['a message', { message: 'not from .* registry' }, ''],
    [
      'another message',
      { message: '^from' },
      `got 0 violations containing "^from" but want at least 1; ${got}`,
    ],
    ['no such message', { message: '^from', violations: 0 }, ''],
    ['no expression', { message: '(' }, '"(" is no regular expression of RE2'],
    [
      'less than nothing',
      { violations: -1 },
      'the assertion cannot be read: `violations` is a whole number from 0 on, "yes" or "no"',
    ],
  ])('%s', async (_title, assertion, why) => {
    expect(await ofCase({ object: 'bad.yaml', assertions: [assertion] })).toEqual({
      code: why === '' ? 0 : 1,
      came: [[why === '' ? 'passed' : 'failed', why]],
    });
  });
});

describe('cases as gator runs them', () => {
  test.each<readonly [string, object, string]>([
    ['an AdmissionReview', { object: 'delete.yaml', assertions: refused }, ''],
    [
      'one with an unknown field',
      { object: 'misspelt-review.yaml', assertions: refused },
      'not a valid AdmissionReview object: unknown field "operaton"',
    ],
    [
      'one without an object',
      { object: 'empty-review.yaml', assertions: refused },
      'no object or oldObject found to review',
    ],
    ['no assertions', { object: 'good.yaml' }, 'the case has no assertions'],
    ['no object', { assertions: refused }, 'missing object'],
    [
      'a file with two objects',
      { object: 'two.yaml', assertions: refused },
      'two.yaml: defines 2 objects, and one is wanted',
    ],
  ])('%s', async (_title, one, why) => {
    expect(await ofCase(one)).toEqual({
      code: why === '' ? 0 : 1,
      came: [[why === '' ? 'passed' : 'failed', why]],
    });
  });

  test('messages come in the order of their texts, as gator sorts them', async () => {
    const one = { name: 'case', object: 'good.yaml', assertions: [{ violations: 3 }] };
    const { came } = await outcomes({ name: 'test', ...given, template: 'detailed.yaml', cases: [one] });
    expect(came).toEqual([['failed', 'got 2 violations but want exactly 3; got messages ["a","z"]']]);
  });

  test('objects of the inventory', async () => {
    const violations = (count: number) => [{ violations: count }];
    const came = await outcomes({
      name: 'test',
      ...given,
      template: 'reading.yaml',
      cases: [
        { name: 'without', object: 'good.yaml', assertions: violations(1) },
        { name: 'with', object: 'good.yaml', inventory: ['other.yaml'], assertions: violations(0) },
      ],
    });
    expect(came).toEqual({
      code: 0,
      came: [
        ['passed', ''],
        ['passed', ''],
      ],
    });
  });
});

describe('tests of constraints that should be refused', () => {
  test.each<readonly [string, string, string]>([
    ['by the schema', 'numbers.yaml', ''],
    ['which are not', 'constraint.yaml', 'the constraint should be refused by its schema, and is not'],
    [
      'for a field that nobody knows, which is no matter of the schema',
      'misspelt.yaml',
      'the constraint is refused: spec.parameters.allowedRegistry: unknown field',
    ],
    [
      'for their kind, which is none either',
      'other-kind.yaml',
      'the constraint is refused: kind: the template k8sallowedimages makes constraints of the kind K8sAllowedImages',
    ],
  ])('%s', async (_title, file, why) => {
    const came = await outcomes({
      name: 'test',
      template: 'strict.yaml',
      constraint: file,
      invalid: true,
    });
    expect(came).toEqual({ code: why === '' ? 0 : 1, came: [[why === '' ? 'passed' : 'failed', why]] });
  });
});

describe('what cannot be read is never passed: exit code 2', () => {
  test.each<readonly [string, object, string]>([
    [
      'a missing file',
      { object: 'nowhere.yaml', assertions: refused },
      'nowhere.yaml: there is no such file',
    ],
    ['broken YAML', { object: 'broken.yaml', assertions: refused }, 'broken.yaml: '],
  ])('%s', async (_title, one, why) => {
    const { code, came } = await ofCase(one);
    expect(code).toBe(2);
    expect(came).toEqual([['unreadable', expect.stringContaining(why)]]);
  });

  test('an expansion, which is not run here', async () => {
    const { code, came } = await outcomes({
      name: 'test',
      ...given,
      expansion: 'e.yaml',
      cases: [cases.good],
    });
    expect([code, came[0]?.[0]]).toEqual([2, 'unreadable']);
    expect(came[0]?.[1]).toContain('use gator verify');
  });

  test.each([
    ['a broken suite', ['policy', 'test', 'broken-suite.yaml'], 'unreadable'],
    ['no suite', ['policy', 'test', 'pod.yaml'], 'pod.yaml: holds no suite with a test'],
    ['no such path', ['policy', 'test', 'nowhere'], 'nowhere: there is no such file'],
    ['a broken filter', ['policy', 'test', '.', '--run', '('], '--run "(" is no regular expression'],
    [
      'an engine that is none',
      ['policy', 'test', '.', '--engine', 'cel'],
      '--engine "cel" is not one of rego',
    ],
  ])('%s', async (_title, args, sentence) => {
    const folder = folderWith({ 'broken-suite.yaml': `${suite()}\n---\n{`, 'pod.yaml': pod('a') });
    const ended = await imagegate(args, { cwd: folder });
    expect(ended.code).toBe(2);
    expect(ended.stdout + ended.stderr).toContain(sentence);
  });
});

test.each([
  ['good', ['a good', 'b good']],
  ['^a$', ['a good', 'a bad']],
  ['a//bad', ['a bad']],
  ['//good', ['a good', 'b good']],
])('--run %s runs what it names, and skips the rest', async (run, wanted) => {
  const both = [cases.good, cases.bad];
  const folder = folderWith({
    ...beside,
    'suite.yaml': suite({ name: 'a', ...given, cases: both }, { name: 'b', ...given, cases: both }),
  });
  const { stdout } = await imagegate(['policy', 'test', '.', '--run', run, '-o', 'json'], { cwd: folder });
  const { items } = JSON.parse(stdout) as {
    readonly items: readonly { readonly test: string; readonly case: string; readonly status: string }[];
  };
  expect(items).toHaveLength(4);
  expect(items.filter(({ status }) => status === 'passed').map((one) => `${one.test} ${one.case}`)).toEqual(
    wanted,
  );
});

test('fields that gator ignores are ignored, and said so: a case with a misspelt assertion proves less', async () => {
  const bad = { name: 'bad', object: 'bad.yaml', assertions: [{ violatons: 7 }] };
  const folder = folderWith({
    ...beside,
    'suite.yaml': suite({ name: 'test', ...given, cases: [bad], templat: 'x', remarks: 'y' }),
  });
  const { code, stderr } = await imagegate(['policy', 'test', '.'], { cwd: folder });
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `suite.yaml: tests[0]: the field "templat" is ignored, as gator does, did you mean "template"?
suite.yaml: tests[0]: the field "remarks" is ignored, as gator does
suite.yaml: tests[0].cases[0].assertions[0]: the field "violatons" is ignored, as gator does, did you mean "violations"?
1 passed, 0 failed, 0 skipped
`,
  });
});
