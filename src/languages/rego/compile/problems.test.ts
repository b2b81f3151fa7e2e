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
      'startswith: arity mismatch\n\thave: (string)\n\twant: (search: string, base: string)',
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
    ['a variable that was used before', 'p if { y := x; x := 1 }', 'var x referenced above'],
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

describe('types that no value can have are refused', () => {
  test.each([
    ['of a variable', 'p if { x := 1; count(x) }', 'count: invalid argument(s)\n\thave: (number)'],
    ['of an item', 'p if concat(",", [1, "a"]) == ""', 'have: (string, array<number, string>, ???)'],
    ['of two sides', 'p if input.x == 1\nq if p == "a"', 'match error\n\tleft  : boolean\n\tright : string'],
    [
      'of the answer of a function',
      'f(x) := count(x)\np if startswith(f(input.x), "a")',
      'startswith: invalid',
    ],
    [
      'of the argument of a function',
      'f(x) if startswith(x, "a")\np if f(1)',
      'data.a.f: invalid argument(s)',
    ],
    [
      'of a member of a set',
      's contains 1\np if { some x in s; lower(x) == "a" }',
      'lower: invalid argument(s)',
    ],
    [
      'of a field',
      'p if { x := {"a": 1}; x.b }',
      'undefined ref: x.b\n\tx.b\n\t  ^\n\t  have: "b"\n\t  want (one of): ["a"]',
    ],
    ['of a step', 'p if { x := 1; x.b }', 'undefined ref: x.b\n\tx.b\n\t^\n\thave: number'],
    ['in a comprehension', 'p := [y | x := "a"; y := x + 1]', 'plus: invalid argument(s)'],
    [
      'of a function that is not called',
      'f(x) := x\np if f',
      'function data.a.f used as reference, not called',
    ],
  ])('%s', (_title, rules, why) => {
    expect(problems(`package a\n${rules}\n`)).toContain(why);
  });

  test('what the input decides is accepted', () => {
    expect(problems('package a\np if { x := input.x; count(x) > 1; x.b; startswith(x, "a") }')).toBe('');
    expect(problems('package a\nf(x) := y if y := x.a[_]\np if lower(f(input)) == f(f(input))')).toBe('');
    expect(problems('package a\ndefault p := "none"\np := 1 if input.x\nq if p == 1\nr if p == "x"')).toBe(
      '',
    );
  });
});

describe('declarations are refused in the words of OPA', () => {
  test.each([
    ['a name that nobody uses', 'p if { some x; input.x }', 'rego_compile_error: declared var x unused'],
    ['one of every', 'p if every k, v in [1] { v > 0 }', 'declared var k unused'],
    ['a name that was used before', 'p if { x == 1; x := 2 }', 'var x referenced above'],
    ['one that was declared before', 'p if { some x; x := 1; x == 1 }', 'var x declared above'],
    ['an argument', 'f(x) := 1 if { x := 2 }', 'arg x redeclared'],
    [
      'a builtin that Rego 1 lacks',
      'p if any([true])',
      'deprecated built-in function calls in expression: any',
    ],
  ])('%s', (_title, rules, why) => {
    expect(problems(`package a\n${rules}\n`)).toContain(why);
  });

  test('every variable without a value is named', () => {
    expect(problems('package a\np if { x == 1; count(y) }').match(/var \w is unsafe/g)).toEqual([
      'var x is unsafe',
      'var y is unsafe',
    ]);
  });
});
