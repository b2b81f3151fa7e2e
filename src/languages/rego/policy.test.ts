import { describe, expect, test } from 'vitest';
import { readJson } from './builtins/encoding/json-reader.ts';
import { EvaluationBudget } from './evaluate/budget.ts';
import { problemText } from './evaluate/fault.ts';
import { compileRego, type Asked } from './policy.ts';
import type { RegoVersion } from './syntax/parse-module.ts';
import { valueText } from './values/value-text.ts';
import { RegoObject } from './values/value.ts';

const surroundings = { now: 1_700_000_000_000_000_000n, seed: 'test' };

interface Given {
  readonly input?: string;
  readonly data?: string;
  readonly version?: RegoVersion;
  readonly asked?: Partial<Asked>;
}

/** The value of `data.a.p` as Rego writes it, or why there is none. */
const valueOf = (rules: string, { input, data, version = 'v1', asked = {} }: Given = {}): string => {
  const compiled = compileRego([{ file: 'a.rego', text: `package a\n${rules}\n`, version }]);
  if (!compiled.ok) return compiled.error.map(({ code, message }) => `${code}: ${message}`).join('; ');
  const documents = data === undefined ? undefined : readJson(data);
  const answer = compiled.value.document(['a', 'p'], {
    surroundings,
    ...(input === undefined ? {} : { input: readJson(input) }),
    ...(documents instanceof RegoObject ? { data: documents } : {}),
    ...asked,
  });
  if (!answer.ok) return `${answer.error.code}: ${answer.error.message}`;
  return answer.value === undefined ? 'undefined' : valueText(answer.value);
};

describe('what a rule says', () => {
  test.each<readonly [string, string, string]>([
    ['a set of all members', 'p contains x if some x in [3, 1, 3]', '{1, 3}'],
    ['an object of all entries', 'p[k] := v if some k, v in {"b": 1, "a": 2}', '{"a": 2, "b": 1}'],
    ['a default when nothing holds', 'default p := 7\np := 1 if false', '7'],
    ['the first `else` that holds', 'p := 1 if false else := 2 if true else := 3', '2'],
    ['no value when nothing holds', 'p if false', 'undefined'],
    ['a variable that nothing binds iterates', 'p contains i if ["x", "y"][i] == "y"', '{1}'],
    ['unification in both directions', 'p := [x, y] if [x, 2] = [1, y]', '[1, 2]'],
    ['patterns in arguments', 'f([1, x]) := x\nf({"k": x}) := x\np := [f([1, 2]), f({"k": 3})]', '[2, 3]'],
    ['every, of nothing', 'p if every x in [] { x > 1 }', 'true'],
    ['every, of one that does not', 'p if every x in [2, 1] { x > 1 }', 'undefined'],
    ['a comprehension shares what stands around it', 'p := [y | y = x] if x := 1', '[1]'],
    ['keys of objects are values', 'p := {[1]: "a", {2}: "b"}[[1]]', '"a"'],
    ['members of sets by value', 'p := {[1, x] | some x in [1, 2]}[[1, 2]]', '[1, 2]'],
    ['walk tells every path', 'p contains path if walk({"a": [1]}, [path, 1])', '{["a", 0]}'],
    ['a template leaves out what has no value', 'p := $"a {input.x} b {1 + 1}"', '"a <undefined> b 2"'],
  ])('%s', (_title, rules, want) => {
    expect(valueOf(rules)).toBe(want);
  });

  test('null is a value, of rules, arguments and entries', () => {
    expect(valueOf('p := null')).toBe('null');
    expect(valueOf('default p := 1\np := null if true')).toBe('null');
    expect(valueOf('f(x) := x\np := [f(null), object.get({"a": null}, "a", 1)]')).toBe('[null, null]');
  });

  test('complete rules with two values are an error, and so are keys of objects', () => {
    expect(valueOf('p := 1 if true\np := 2 if true')).toBe(
      'eval_conflict_error: complete rules must not produce multiple outputs',
    );
    expect(valueOf('p["a"] := x if x := 1\np[k] := 2 if k := "a"')).toContain('object keys must be unique');
  });
});

test('a step of a reference may itself be tried in turn, by what steps before it have found', () => {
  const data = '{"inv": {"a": {"x": 1}, "b": {"y": 2}}}';
  const keys = 'ks := {"a": ["x"], "b": ["z", "y"]}';
  const want = '{["a", 1], ["b", 2]}';
  expect(valueOf(`${keys}\np contains [n, v] if v := data.inv[n][ks[n][_]]`, { data })).toBe(want);
  expect(valueOf(`${keys}\np contains [n, v] if { all := data.inv; v := all[n][ks[n][_]] }`, { data })).toBe(
    want,
  );
});

describe('what a negation sees', () => {
  test.each<readonly [string, string, string]>([
    ['`not input.x` holds without x', 'p if not input.x', 'true'],
    ['`not input.x == 1` holds without x', 'p if not input.x == 1', 'true'],
    ['`not input.x = 1` holds without x', 'p if not input.x = 1', 'true'],
    ['`not input.x > 1` fails without x: the reference comes first', 'p if not input.x > 1', 'undefined'],
    ['`not startswith(input.x, "a")` fails without x', 'p if not startswith(input.x, "a")', 'undefined'],
    ['`not f(input.x)` fails without x', 'f(_) := true\np if not f(input.x)', 'undefined'],
    ['`not f(1)` holds when f has no value', 'f(2) := true\np if not f(1)', 'true'],
    ['`not f(g(1))` fails when g has no value', 'f(_) := true\ng(2) := 1\np if not f(g(1))', 'undefined'],
  ])('%s', (_title, rules, want) => {
    expect(valueOf(rules)).toBe(want);
  });
});

test('with `future.keywords.not`, nothing is worked out before the negation', () => {
  expect(valueOf('import future.keywords.not\np if not startswith(input.x, "a")')).toBe('true');
  expect(valueOf('import future.keywords.not\np if not { some x in [1, 2]; x > 2 }')).toBe('true');
  expect(valueOf('import future.keywords.not\np if not { some x in [1, 2]; x > 1 }')).toBe('undefined');
});

describe('what `with` changes', () => {
  test.each<readonly [string, string, string]>([
    [
      'the input, for one literal',
      'q := input.x\np := [a, b] if { a := q with input.x as 2; b := q }',
      '[2, 1]',
    ],
    ['a document', 'p := x if x := data.b.c with data.b.c as 5', '5'],
    ['a rule', 'q := 1\np := x if x := q with data.a.q as 3', '3'],
    ['a builtin', 'q := count([1])\np := x if x := q with count as 9', '9'],
    ['a function by another', 'f(x) := x\ng(x) := x + 1\nq := f(1)\np := x if x := q with f as g', '2'],
  ])('%s', (_title, rules, want) => {
    expect(valueOf(rules, { input: '{"x": 1}' })).toBe(want);
  });
});

describe('the rules of templates as they are written in v0', () => {
  const document = `violation[{"msg": msg}] {
  image := input.review.object.spec.containers[bash].image
  not startswith(image, "allowed/")
  msg := sprintf("Image '%v' is not allowed", [image])
}
p = violation { true }`;

  test('an unbound name iterates as `_` does', () => {
    const input =
      '{"review": {"object": {"spec": {"containers": [{"image": "bad/a"}, {"image": "allowed/b"}]}}}}';
    const want = '{{"msg": "Image \'bad/a\' is not allowed"}}';
    expect(valueOf(document, { input, version: 'v0' })).toBe(want);
    expect(valueOf(document.replace('bash', '_'), { input, version: 'v0' })).toBe(want);
  });

  test('a rule with empty parentheses is a rule', () => {
    expect(valueOf('f() { true }\np { f() }', { version: 'v0' })).toBe('true');
  });

  test('keys that JavaScript knows are keys like others', () => {
    const input = '{"__proto__": 1, "constructor": 2, "toString": 3}';
    expect(
      valueOf('p := [input.__proto__, input.constructor, input.toString, count(input)]', { input }),
    ).toBe('[1, 2, 3, 3]');
    expect(valueOf('p := input.hasOwnProperty', { input })).toBe('undefined');
  });
});

describe('an evaluation ends at its budget', () => {
  const budget = /^budget_exceeded: /;
  test.each<readonly [string, string]>([
    ['loops in loops', 'p if { r := numbers.range(1, 2000); some a in r; some b in r; a + b < 0 }'],
    ['a range of a billion', 'p := count(numbers.range(1, 1000000000))'],
    [
      'texts that double',
      `p := x30 if {\nx0 := "aaaaaaaa"\n${Array.from({ length: 30 }, (_unused, at) => `x${at + 1} := concat("", [x${at}, x${at}])`).join('\n')}\n}`,
    ],
    [
      'a text that is replaced by longer ones',
      `p := replace(replace(concat("", [x | x := ["a","a","a","a"][_]]), "a", "${'b'.repeat(2000)}"), "b", "${'c'.repeat(2000)}")`,
    ],
    [
      'functions that call two each',
      `${Array.from({ length: 40 }, (_unused, at) => `f${at}(x) := f${at + 1}(x) + f${at + 1}(x)`).join('\n')}\nf40(x) := x\np := f0(1)`,
    ],
    ['every address of a network', 'p := count(net.cidr_expand("10.0.0.0/8"))'],
    [
      'an expression that needs all steps of a walk',
      'p := count([1 | walk(input); walk(input); walk(input)])',
    ],
  ])('%s', (_title, rules) => {
    const input = JSON.stringify(
      Object.fromEntries(Array.from({ length: 300 }, (_unused, at) => [`k${at}`, at])),
    );
    expect(valueOf(rules, { input })).toMatch(budget);
  });

  test('the same steps for the same question, whatever the machine', () => {
    const rules = 'p := count([1 | some x in numbers.range(1, 1000); x > 0])';
    const least = (steps: number): boolean =>
      valueOf(rules, { asked: { budget: new EvaluationBudget({ steps }) } }) === '1000';
    let [low, high] = [0, 20_000];
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2);
      if (least(middle)) high = middle;
      else low = middle;
    }
    expect(least(high)).toBe(true);
    expect(least(high - 1)).toBe(false);
  });

  test('a pattern that other engines take for ever for ends at once', () => {
    expect(valueOf(`p := regex.match("^(a+)+$", "${'a'.repeat(5000)}b")`)).toBe('false');
  });

  test('calls that are too deep', () => {
    const chain = Array.from({ length: 1000 }, (_unused, at) => `f${at}(x) := f${at + 1}(x)`).join('\n');
    expect(valueOf(`${chain}\nf1000(x) := x\np := f0(1)`)).toMatch(budget);
  });

  test('a body of 2,000 literals is none of them', () => {
    const literals = Array.from({ length: 2000 }, (_unused, at) => `x${at} := ${at}`).join('\n');
    expect(valueOf(`p := x1999 if {\n${literals}\n}`)).toBe('1999');
  });
});

describe('faults of builtins', () => {
  test('leave an expression without a value, and end a strict evaluation', () => {
    expect(valueOf('p if 1 / input.x == 1', { input: '{"x": 0}' })).toBe('undefined');
    expect(valueOf('p if 1 / input.x == 1', { input: '{"x": 0}', asked: { isStrict: true } })).toBe(
      'eval_builtin_error: div: divide by zero',
    );
  });
});

test('clock, chance and ids are what the evaluation was given', () => {
  const rules = 'p := [time.now_ns(), rand.intn("a", 1000), uuid.rfc4122("k")]';
  expect(valueOf(rules)).toBe(valueOf(rules));
  expect(valueOf('p := time.now_ns()')).toBe('1700000000000000000');
  const other = { asked: { surroundings: { now: 1n, seed: 'other' } } };
  expect(valueOf(rules, other)).not.toBe(valueOf(rules));
});

test('a comparison whose answer is taken holds at another value of the input as well', () => {
  const rules = 'p contains same if { equal(input.a, 1, same) }';
  expect(valueOf(rules, { input: '{"a": 1}' })).toBe('{true}');
  expect(valueOf(rules, { input: '{"a": 2}' })).toBe('{false}');
  expect(valueOf(rules, { input: '{}' })).toBe('set()');
});

describe('an error of an evaluation', () => {
  const errorOf = (text: string): string => {
    const policy = compileRego([{ file: 'template', text: `package a\n\n${text}`, version: 'v1' }]);
    if (!policy.ok) throw new Error(policy.error[0]?.message);
    const input = RegoObject.of([['xs', [1, 2]]]);
    const answer = policy.value.document(['a', 'p'], { input, surroundings: { now: 0n, seed: '' } });
    return answer.ok ? 'none' : problemText(answer.error);
  };

  test.each([
    [
      'the rule',
      'p := x if x := input.xs[_]',
      'template:3: eval_conflict_error: complete rules must not produce multiple outputs',
    ],
    [
      'the function',
      'p if f(1)\nf(_) := x if {\n  x := input.xs[_]\n}',
      'template:4: eval_conflict_error: functions must not produce multiple outputs for same inputs',
    ],
    [
      'the comprehension',
      'p := v if {\n  v := {"a": x | x := input.xs[_]}\n}',
      'template:4: eval_conflict_error: object keys must be unique',
    ],
    [
      'the partial object',
      'p["a"] := x if {\n  x := input.xs[_]\n}',
      'template:3: eval_conflict_error: complete rules must not produce multiple outputs',
    ],
  ])('names the line of %s', (_title, text, said) => {
    expect(errorOf(text)).toBe(said);
  });

  test('does not come from a rule that lacks a field of the input', () => {
    expect(errorOf('p if { f(1); input.missing }\nf(_) := x if x := input.xs[_]')).toBe('none');
    expect(errorOf('p if { f(1); input.xs == 1 }\nf(_) := x if x := input.xs[_]')).toBe('none');
    expect(errorOf('p if { f(1); not input.missing }\nf(_) := x if x := input.xs[_]')).toContain('conflict');
  });
});
