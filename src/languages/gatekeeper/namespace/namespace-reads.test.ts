import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../core/text/json/json.ts';
import { jsonText } from '../../rego/builtins/encoding/json-text.ts';
import { valueOfJson } from '../../rego/values/json-value.ts';
import { readTemplate } from '../constraint-template.ts';
import { violationPath } from '../template-code.ts';

interface Texts {
  readonly rego: string;
  readonly libs?: readonly string[];
  readonly version?: 'v0' | 'v1';
}

const template = ({ rego, libs = [], version = 'v0' }: Texts) => ({
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'any' },
  spec: {
    crd: { spec: { names: { kind: 'Any' } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        code: [{ engine: 'Rego', source: { rego, libs, version } }],
      },
    ],
  },
});

const codeOf = (texts: Texts) => {
  const read = readTemplate(template(texts), { hasInventory: true });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.code;
};

const withBody = (body: string, others = ''): Texts => ({
  rego: `package a\n${others}\nviolation[{"msg": "m"}] { ${body} }`,
});

describe('ways to read the namespace of the object', () => {
  test.each<readonly [string, Texts]>([
    ['by its name', withBody('input.review.namespaceObject.metadata')],
    ['by its name in brackets', withBody('input["review"]["namespaceObject"]')],
    ['by a key that is worked out', withBody('input.review[k] == k')],
    ['by all keys', withBody('input.review[_].metadata')],
    ['by a key of the input that is worked out', withBody('k := "review"; input[k].object')],
    ['under another name', withBody('x := input.review; x[k].metadata')],
    ['under a name for the input', withBody('x := input; y := x.review; y[_].metadata')],
    ['under a name that `=` gives', withBody('x = input.review; x[_].metadata')],
    ['under a name that stands on the right', withBody('input.review = x; x[_].metadata')],
    [
      'under a chain of names, the last one first',
      withBody('c[_].metadata; c = b; b = a; a = input.review', ''),
    ],
    ['as an argument of a function', withBody('f(input.review)', 'f(x) { x[_].metadata }')],
    [
      'as an argument of a function of a function',
      withBody('f(1, input)', 'f(n, x) { g(x.review) }\ng(y) { y[k].metadata }'),
    ],
    ['as an argument that a pattern takes to pieces', withBody('f(input.review)', 'f({"uid": v}) { v }')],
    ['as the answer of a function', withBody('f(1)[k]', 'f(n) = x { x := input.review }')],
    ['as an argument that comes back', withBody('f(input.review)[k]', 'f(x) = x')],
    ['as the value of a rule', withBody('r[k].metadata', 'r = input.review')],
    ['as a member of a set', withBody('s[x]; x[k].metadata', 's[x] { x := input.review }')],
    [
      'as an argument of a library',
      {
        ...withBody('f(input.review)', 'import data.lib.l.f'),
        libs: ['package lib.l\nf(x) { x[_].metadata }'],
      },
    ],
    [
      'as an argument of a library under its whole name',
      { ...withBody('data.lib.l.f(input.review)'), libs: ['package lib.l\nf(x) { x[_].metadata }'] },
    ],
    [
      'as an argument of a library under another name',
      {
        ...withBody('other.f(input.review)', 'import data.lib.l as other'),
        libs: ['package lib.l\nf(x) { x[_].metadata }'],
      },
    ],
    [
      'as an argument of a function that another module of the package holds',
      {
        ...withBody('data.lib.l.g(input.review)'),
        libs: ['package lib.l\ng(x) { f(x) }', 'package lib.l\nf(x) { x[_].metadata }'],
      },
    ],
    [
      'in a library',
      { ...withBody('data.lib.l.r'), libs: ['package lib.l\nr { input.review.namespaceObject }'] },
    ],
    ['by `walk`', withBody('walk(input.review, [path, value]); value == "x"')],
    ['by `walk` of all input', withBody('walk(input, [path, value]); value == "x"')],
    ['by `walk` under another name', withBody('x := input; walk(x, [path, value]); value == "x"')],
    ['by `object.get`', withBody('object.get(input.review, "namespaceObject", null) != null')],
    ['by `object.get` with a path', withBody('object.get(input, ["review", "namespaceObject"], 1) != null')],
    [
      'by `object.get` with a key that is worked out',
      withBody('k := "x"; object.get(input.review, k, 1) != null'),
    ],
    [
      'by `object.get` of `object.get`',
      withBody('object.get(object.get(input, "review", {}), input.parameters.k, 1) == 1'),
    ],
    ['as what `object.get` falls back to', withBody('object.get({}, "a", input.review)[k]')],
    ['by `json.filter`', withBody('json.filter(input.review, ["a"])[k]')],
    ['by `json.filter` of all input', withBody('json.filter(input, ["review/namespaceObject"])[k]')],
    ['by `json.remove`', withBody('json.remove(input.review, [])[k]')],
    ['by `object.union`', withBody('object.union(input.review, {})[k]')],
    ['by `object.filter`', withBody('object.filter(input.review, ["x"])[k]')],
    ['by `json.marshal`', withBody('contains(json.marshal(input.review), "prod")')],
    ['by `json.patch`', withBody('json.patch(input.review, [])[k]')],
    ['by `sprintf`', withBody('contains(sprintf("%v", [input.review]), "prod")')],
    ['by `count`', withBody('count(input.review) > 3')],
    ['by a comprehension', withBody('count([v | v := input.review[_]; v]) > 1')],
    ['in the head of a comprehension', withBody('[x | x := input.review][_][k]')],
    ['by what a comprehension goes over', withBody('{k: v | x := input.review; v := x[k]}[y]')],
    ['in a list', withBody('x := [input.review]; x[0][k]')],
    ['in an object', withBody('x := {"r": input.review}; x.r[k]')],
    ['in a pattern', withBody('[x, 1] = [input.review, 1]; x[k]')],
    ['in the details of a violation', { rego: 'package a\nviolation[{"msg": "m", "r": input.review}]' }],
    ['by comparing it', withBody('input.review == {"a": 1}')],
    ['by comparing it with a parameter', withBody('input.review = input.parameters.whole')],
    ['by comparing it under a name', withBody('x := input.parameters.whole; x = input.review')],
    [
      'by comparing it in a function',
      withBody('f(input.review, input.parameters.whole)', 'f(x, y) { x = y }'),
    ],
    [
      'by comparing it with what a list holds',
      {
        rego: 'package a\nimport future.keywords.in\nviolation[{"msg": "m"}] { some x in input.parameters.l; x = input.review }',
      },
    ],
    [
      'by `some … in`',
      {
        rego: 'package a\nimport future.keywords.in\nviolation[{"msg": "m"}] { some v in input.review; v.kind == "x" }',
      },
    ],
    [
      'by `in`',
      { rego: 'package a\nimport future.keywords.in\nviolation[{"msg": "m"}] { "x" in input.review }' },
    ],
    [
      'by `every`',
      {
        rego: 'package a\nimport future.keywords.every\nviolation[{"msg": "m"}] { every v in input.review { v } }',
      },
    ],
    ['by a string with a place in it', { ...withBody('x := $"{input.review}"; contains(x, "prod")') }],
    ['as a new input', withBody('r[k] with input as input.review', 'r[k] { input[k] }')],
    ['in a new input', withBody('r[k] with input as {"x": input.review}', 'r[k] { input.x[k] }')],
    ['in a part of the input', withBody('r[k] with input.x as input.review', 'r[k] { input.x[k] }')],
    ['by a function in place of another', withBody('f(input.review) with f as walk', 'f(x) { x.uid }')],
    ['behind `not`', withBody('not input.review.namespaceObject.metadata.labels.x')],
    ['behind `else`', withBody('f(1)', 'f(x) { x == 2 } else { input.review.namespaceObject }')],
    [
      'in Rego 1',
      { version: 'v1', rego: 'package a\nviolation contains {"msg": "m"} if some v in input.review' },
    ],
  ])('%s', (_title, texts) => {
    expect(codeOf(texts).readsNamespace).toBe(true);
  });
});

describe('templates that do not need the namespace', () => {
  test.each<readonly [string, Texts]>([
    ['fields of the object', withBody('input.review.object.metadata.labels[k] == k')],
    ['the name of the namespace', withBody('input.review.namespace == "x"')],
    ['parameters, by any key', withBody('input.parameters[k][_] == k')],
    [
      'the review as an argument, of which a field is asked for',
      withBody('not f(input.review)', 'f(x) { x.operation == "UPDATE" }'),
    ],
    [
      'the same in a library',
      {
        ...withBody('not is_update(input.review)', 'import data.lib.l.is_update'),
        libs: ['package lib.l\nis_update(review) { review.operation == "UPDATE" }'],
      },
    ],
    [
      'the input as an argument',
      withBody(
        'x := f(input)',
        'f(arg) = out { not arg.parameters; out = 1 }\nf(arg) = out { out = arg.parameters.x }',
      ),
    ],
    ['the review under another name', withBody('x := input.review; x.object.spec[k]')],
    ['the review under a name that `=` gives', withBody('x = input.review; y = x; y.object.spec[k]')],
    ['`object.get` of a field', withBody('object.get(input.review, "operation", "") == "x"')],
    ['`object.get` with a path', withBody('object.get(input, ["review", "object", "spec"], {})[k]')],
    [
      '`object.get` of the review, of which a field is asked for',
      withBody('object.get(input, "review", {}).uid == "x"'),
    ],
    ['whether there is a review', withBody('input.review; not input.reviews')],
    ['what is printed', withBody('print(input.review)')],
    [
      'a name that stands for something else in another module',
      {
        ...withBody('x := input.review; x.uid == "y"'),
        libs: ['package lib.l\nf(x) = y { y := x[_] }'],
      },
    ],
    ['names that nobody gives a value to', withBody('_ = input.review; input.review.object[_]')],
    ['a new input without it', withBody('r with input as {"review": input.review.object}', 'r { input.x }')],
  ])('%s', (_title, texts) => {
    expect(codeOf(texts).readsNamespace).toBe(false);
  });
});

/** What a step of a generated body makes of values before it, each under a name of its own. */
const makers: readonly ((one: string, other: string) => string)[] = [
  (one) => `${one}.review`,
  (one) => `${one}.object`,
  (one) => `${one}.parameters`,
  (one) => `${one}.metadata`,
  (one) => `${one}["review"].uid`,
  (one) => `${one}[_]`,
  (one, other) => `${one}[${other}]`,
  (one) => `object.get(${one}, "review", 1)`,
  (one) => `object.get(${one}, ["review", "uid"], 1)`,
  (one) => `object.get(${one}, "uid", 1)`,
  (one, other) => `object.get(${one}, "uid", ${other})`,
  (one) => `same(${one})`,
  (one) => `uid(${one})`,
  (one) => `data.lib.l.object(${one})`,
  (one) => `words.of(${one})`,
  (one, other) => `compare(${one}, ${other})`,
  (one) => `[x | walk(${one}, [_, x])]`,
  (one) => `[x | x = ${one}]`,
  (one) => `{k | ${one}[k]}`,
  (one) => `[${one}, 1][0]`,
  (one, other) => `{"uid": ${one}, "review": ${other}}`,
  (one) => `json.filter(${one}, ["uid", "review/namespaceObject"])`,
  (one) => `count(${one})`,
  (one, other) => `object.union(${one}, ${other})`,
  (one, other) => `${one} == ${other}`,
];
const functions = `
same(x) = x
uid(x) = y { y := x.uid }
compare(x, y) = z { z := [x | x = y] }
`;
const libs = [
  'package lib.l\nobject(review) = o { o := review.object }',
  'package lib.words\nimport data.lib.l\nof(x) = y { z = x; y := l.object(z) }',
];

const step = fc.record({
  maker: fc.nat(makers.length - 1),
  one: fc.nat(),
  other: fc.nat(),
  by: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

const generated = (steps: readonly Step[]): Texts => {
  const names = ['input', 'input.review'];
  const body = steps.map(({ maker, one, other, by }, at) => {
    const made = makers[maker]?.(names[one % names.length] ?? '', names[other % names.length] ?? '') ?? '';
    names.push(`v${at}`);
    return by ? `v${at} := ${made}` : `v${at} = ${made}`;
  });
  const said = names.at(-1) ?? '';
  return {
    rego: `package a\nimport data.lib.words\n${functions}
violation[{"msg": msg}] { ${body.join('; ')}; msg := json.marshal([${said}]) }`,
    libs,
  };
};

const namespace = { kind: 'Namespace', metadata: { name: 'shop', labels: { env: 'prod' } } };
const inputWith = (namespaceObject: JsonValue): JsonValue => ({
  review: { uid: 'u', object: { metadata: { uid: 'o' } }, namespaceObject },
  parameters: { review: 'r', uid: 'p' },
});

test('a template whose answer depends on the namespace is known to read it', () => {
  let depending = 0;
  let free = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      const read = readTemplate(template(generated(steps)), { hasInventory: true });
      // Some steps are refused for their types, or compare what is not there yet.
      if (!read.ok) return;
      const { policy, readsNamespace } = read.value.code;
      const answerTo = (namespaceObject: JsonValue): string => {
        const answer = policy.document(violationPath, {
          input: valueOfJson(inputWith(namespaceObject), 'float64'),
          surroundings: { now: 0n, seed: 'test' },
        });
        return answer.ok ? jsonText(answer.value ?? null) : answer.error.message;
      };
      const depends = answerTo(namespace) !== answerTo(null);
      if (depends) depending += 1;
      else if (!readsNamespace) free += 1;
      expect(readsNamespace || !depends).toBe(true);
    }),
    { numRuns: 600 },
  );
  expect(depending).toBeGreaterThan(20);
  expect(free).toBeGreaterThan(20);
});
