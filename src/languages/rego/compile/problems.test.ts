import { describe, expect, test } from 'vitest';
import { compileRego, type ModuleSource } from '../policy.ts';
import { problemsText } from './compile-problem.ts';

const problems = (...texts: readonly string[]): string => {
  const sources = texts.map((text, at): ModuleSource => ({ file: `m${at}.rego`, text, version: 'v1' }));
  const compiled = compileRego(sources);
  return compiled.ok ? '' : problemsText(compiled.error);
};

describe('a policy is refused, in the words of OPA', () => {
  test.each([
    [
      'a variable without a value',
      'p if x > 1',
      '1 error occurred: m0.rego:2: rego_unsafe_var_error: var x is unsafe',
    ],
    ['one that only a negation names', 'p if not input.xs[i] == 1', 'var i is unsafe'],
    ['one of the head', 'p := x', 'var x is unsafe'],
    ['one in a comprehension', 'p := [x | y]', 'is unsafe'],
    [
      'a rule that asks itself',
      'p if p',
      'rego_recursion_error: rule data.a.p is recursive: data.a.p -> data.a.p',
    ],
    ['two that ask one another', 'p if q\nq if p', 'data.a.p -> data.a.q -> data.a.p'],
    ['one that asks itself by a variable', 'p if { some x; data.a[x] }', 'rego_recursion_error'],
    ['a function that nobody wrote', 'p if f(1)', 'rego_type_error: undefined function f'],
    [
      'a builtin with too few arguments',
      'p if startswith("a")',
      'startswith: arity mismatch\n\thave: (string)\n\twant: (string, string)',
    ],
    [
      'a function with too many',
      'f(x) := x\np if f(1, 2, 3)',
      'function data.a.f has arity 1, got 3 arguments',
    ],
    [
      'a variable that is assigned twice',
      'p if { x := 1; x := 2 }',
      'rego_compile_error: var x assigned above',
    ],
    ['a variable that was used before', 'p if { y := x; x := 1 }', 'rego_unsafe_var_error'],
    ['a name for a value and for a function', 'f(x) := x\nf := 1', 'conflicting rules data.a.f found'],
    ['a rule that takes the name of the input', 'input := 1', 'rules must not shadow input'],
    ['two defaults', 'default p := 1\ndefault p := 2', 'multiple default rules data.a.p found'],
  ])('%s', (_title, rules, why) => {
    expect(problems(`package a\n${rules}\n`)).toContain(why);
  });

  test('each problem says the line and the column in its own module', () => {
    const compiled = compileRego([
      { file: 'a.rego', text: 'package a\np if q(1)', version: 'v1' },
      { file: 'b.rego', text: 'package b\n\np if {\n  "é" == r(1)\n}', version: 'v1' },
    ]);
    const places = compiled.ok
      ? []
      : compiled.error.map(({ file, line, column }) => `${file}:${line}:${column}`);
    expect(places).toEqual(['a.rego:2:6', 'b.rego:4:10']);
  });
});

test('print takes what nobody knows, as in OPA', () => {
  expect(problems('package a\np if { print("x", y) }')).toBe('');
});

test('what can be put in an order is accepted', () => {
  expect(problems('package a\np := y if { y = x + 1; x = input.z }')).toBe('');
  expect(problems('package a\np if { count([y | y = i]) > 0; i = 1 }')).toBe('');
  expect(problems('package a\nf() := 1\np if f()')).toBe('');
});

test('a call of a builtin that is never run is accepted, and named with its place', () => {
  const compiled = compileRego([
    { file: 'a.rego', text: 'package a\np := x if x := http.send({}) with http.send as 1', version: 'v1' },
  ]);
  expect(compiled.ok ? compiled.value.excluded : compiled.error).toEqual([
    { name: 'http.send', file: 'a.rego', line: 2, column: 16 },
  ]);
});

test.each([
  ['arrays of other lengths', '[x, y] = [1, 2, 3]', 'var x is unsafe'],
  ['an object and an array', '{"a": x} = [1]', 'var x is unsafe'],
  ['objects with other keys', '{"a": x} = {"b": 1}', 'var x is unsafe'],
])('%s give nothing a value', (_title, body, why) => {
  expect(problems(`package a\np if { ${body}; x }`)).toContain(why);
});

test('an import begins with what can be imported', () => {
  expect(problems('package a\nimport lib.x')).toContain(
    'unexpected import path, must begin with one of: {data, future, input, rego}, got: lib',
  );
});

test('a comma may stand before the first item, as in OPA', () => {
  expect(problems('package a\np := [, 1]\nq := {, 1}\nr := {, "a": 1}')).toBe('');
});
