import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJson } from './builtins/encoding/json-reader.ts';
import { problemsText } from './compile/compile-problem.ts';
import { EvaluationBudget } from './evaluate/budget.ts';
import { problemText } from './evaluate/fault.ts';
import { compileRego } from './policy.ts';
import { valueText } from './values/value-text.ts';

/** The value of `data.a.p`, or why there is none. */
const said = (rules: string, input = 'null'): string => {
  const compiled = compileRego([{ file: 'a.rego', text: `package a\n${rules}\n`, version: 'v1' }]);
  if (!compiled.ok) return problemsText(compiled.error);
  const surroundings = { now: 0n, seed: 'test' };
  const answer = compiled.value.document(['a', 'p'], { input: readJson(input), surroundings });
  if (!answer.ok) return problemText(answer.error);
  return answer.value === undefined ? 'undefined' : valueText(answer.value);
};

const many = (count: number, text: string): string => text.repeat(count);

describe('a source that nests or goes on is refused by a counted bound', () => {
  test.each([
    ['10,000 brackets', `p := ${many(10_000, '[')}${many(10_000, ']')}`, 'nested deeper than 200 levels'],
    ['10,000 comprehensions', `p := ${many(10_000, '[x | x := ')}1${many(10_000, ']')}`, 'nested deeper'],
    ['60,000 operators', `p := 1${many(60_000, ' + 1')}`, 'more than 1000 operators in one expression'],
    ['60,000 memberships', `p if 1${many(60_000, ' in [1]')}`, 'more than 1000 operators in one expression'],
    ['60,000 calls of what is called', `p := f${many(60_000, '(1)')}`, 'unexpected ( token'],
    [
      '20,000 else',
      `p := 1 if false${many(20_000, ' else := 1 if false')}`,
      'more than 500 else in one rule',
    ],
    ['a source of a megabyte', `p := "${many(1_000_000, 'a')}"`, 'source is over 524288 bytes'],
    ['a number of 1,000 digits', `p := ${many(1000, '9')}`, 'expected number'],
  ])('%s', (_title, rules, why) => {
    expect(said(rules)).toContain(why);
  });

  test('what people write is far below', () => {
    expect(said(`p := 1${many(900, ' + 1')}`)).toBe('901');
    expect(said(`p := 1 if false${many(400, ' else := 2 if false')} else := 3`)).toBe('3');
  });
});

describe('values that double in each line', () => {
  const doubled = (name: string, pair: (part: string) => string): string =>
    Array.from({ length: 60 }, (_unused, at) => `${name}${at + 1} := ${pair(`${name}${at}`)}`).join('\n');
  test.each([
    ['arrays', (part: string) => `[${part}, ${part}]`],
    ['objects', (part: string) => `{"a": ${part}, "b": ${part}}`],
    ['sets of two', (part: string) => `[{[${part}, 1], [1, ${part}]}]`],
    ['comprehensions', (part: string) => `{k: ${part} | k := ${part}}`],
  ])('%s have a type that is bounded', (_title, pair) => {
    expect(said(`p := 1 if {\nfalse\nx0 := [1]\n${doubled('x', pair)}\n}`)).toBe('undefined');
    expect(said(`x0 := [1]\n${doubled('x', pair)}\np := 1 if { false; x60 == x59 }`)).toBe('undefined');
  });
});

describe('values that hold others twice, line by line', () => {
  const lines = (name: string, pair: (part: string) => string): string =>
    [
      `${name}0 := input`,
      ...Array.from({ length: 60 }, (_unused, at) => `${name}${at + 1} := ${pair(`${name}${at}`)}`),
    ].join('\n');
  const lists = (name: string): string => lines(name, (part) => `[${part}, ${part}]`);
  const objects = (name: string): string => lines(name, (part) => `{"a": ${part}, "b": ${part}}`);
  test.each([
    ['compared', `p if {\n${lists('x')}\n${lists('y')}\nx60 == y60\n}`],
    ['ordered', `p if {\n${lists('x')}\n${lists('y')}\nx60 < y60\n}`],
    ['members', `p := {x60} if {\n${lists('x')}\n}`],
    ['written as JSON', `p := json.marshal(x60) if {\n${lists('x')}\n}`],
    ['written as YAML', `p := yaml.marshal(x60) if {\n${lists('x')}\n}`],
    ['written', `p := sprintf("%v", [x60]) if {\n${lists('x')}\n}`],
    ['joined', `p := object.union(x60, y60) if {\n${objects('x')}\n${objects('y')}\n}`],
    ['parts of one another', `p if {\n${objects('x')}\n${objects('y')}\nobject.subset(x60, y60)\n}`],
  ])('%s', (_title, rules) => {
    expect(said(rules, '[1]')).toMatch(/^budget_exceeded: /);
  });
});

describe('an evaluation that goes on or grows ends at its budget', () => {
  test.each([
    ['a range of a billion', 'p := count(numbers.range(1, 1000000000))'],
    ['loops in loops', 'p := count([1 | numbers.range(1, 3000)[_]; numbers.range(1, 3000)[_]])'],
    [
      'every loop in a function',
      'f(n) := count([1 | numbers.range(1, n)[_]])\np := [f(20000) | numbers.range(1, 1000)[_]]',
    ],
    [
      'texts that double',
      `p := x40 if {\nx0 := "a"\n${Array.from({ length: 40 }, (_unused, at) => `x${at + 1} := concat("", [x${at}, x${at}])`).join('\n')}\n}`,
    ],
    ['keys that are large', `p := count({[i, input]: 1 | some i in numbers.range(1, 3000)})`],
    ['members that are large', `p := count({[i, input] | some i in numbers.range(1, 3000)})`],
    ['a replacement of nothing by much', 'p := replace(input.long, "", input.long)'],
    ['JSON that is read again and again', 'p := [json.unmarshal(input.list) | numbers.range(1, 5000)[_]]'],
    ['YAML that is read again and again', 'p := [yaml.unmarshal(input.list) | numbers.range(1, 500)[_]]'],
    ['YAML that is tried again', 'p := [yaml.is_valid(input.list) | numbers.range(1, 500)[_]]'],
    [
      'a pattern with a count at a long text',
      'p := [regex.match("^[a-z]{0,1000}$", input.long) | numbers.range(1, 100)[_]]',
    ],
    [
      'a replacement by more',
      'p := replace(replace(input.k0, "x", sprintf("%01000d", [0])), "0", sprintf("%01000d", [0]))',
    ],
  ])('%s', (_title, rules) => {
    const input = JSON.stringify({
      ...Object.fromEntries(Array.from({ length: 1000 }, (_unused, at) => [`k${at}`, many(20, 'x')])),
      long: many(30_000, 'x'),
      list: `[${many(15_000, '1,')}1]`,
    });
    expect(said(rules, input)).toMatch(/^budget_exceeded: /);
  });

  test('a format with wide fields, before its text fills the memory', () => {
    expect(said(`p := count(sprintf("${many(2000, '%[1]999999d')}", [1]))`)).toBe(
      'budget_exceeded: a value is over 1048576 bytes',
    );
  });

  test('an object of 500,000 tokens is read once', () => {
    const input = JSON.stringify({ xs: Array.from({ length: 125_000 }, (_unused, at) => ({ a: at })) });
    expect(said('p := count(input.xs)', input)).toBe('125000');
    expect(said('p := max([x.a | some x in input.xs])', input)).toBe('124999');
  });
});

describe('a builtin is paid by what it reads', () => {
  const texts = Array.from({ length: 1000 }, (_unused, at) => `item ${at}`);
  const input = readJson(
    JSON.stringify({ long: many(4000, 'x'), texts, numbers: texts.map((_unused, at) => at + 0.5) }),
  );
  /** Why an evaluation ended before it had a value, or the value. */
  const within = (steps: number, rules: string): string => {
    const compiled = compileRego([{ file: 'a.rego', text: `package a\n${rules}\n`, version: 'v1' }]);
    if (!compiled.ok) return problemsText(compiled.error);
    const budget = new EvaluationBudget({ steps });
    const surroundings = { now: 0n, seed: 'test' };
    const answer = compiled.value.document(['a', 'p'], { input, surroundings, budget });
    if (!answer.ok) return problemText(answer.error);
    return answer.value === undefined ? 'undefined' : valueText(answer.value);
  };
  const often = 'numbers.range(1, 100)[_]';
  test.each([
    ['digests of a long text', `p := [crypto.sha256(input.long) | ${often}]`],
    ['a long text without its ends', `p := [trim(input.long, "y") | ${often}]`],
    ['a long text backwards', `p := [strings.reverse(input.long) | ${often}]`],
    ['a long text in base64', `p := [base64.encode(input.long) | ${often}]`],
    ['a long text in a long text', 'p := indexof_n(input.long, substring(input.long, 0, 2000))'],
    ['a list that is sorted', `p := [sort(input.texts) | ${often}]`],
    ['a list that is added up', `p := [sum(input.numbers) | ${often}]`],
    ['the largest of a list', `p := [max(input.numbers) | ${often}]`],
    ['a list that is searched', `p := [("x" in input.texts) | ${often}]`],
    ['what is no number', 'p := [1 | numbers.range(1, 1500)[_]; to_number("x")]'],
    ['matches behind which a pattern reads on', 'p := regex.find_n("x*y|x", input.long, -1)'],
    ['parts between such matches', 'p := regex.split("x(x*y)?", input.long)'],
    ['such matches replaced', 'p := regex.replace(input.long, "(x*y)?x", "z")'],
  ])('%s', (_title, rules) => {
    expect(within(10_000, rules)).toBe('budget_exceeded: evaluation took more than 10000 steps');
  });

  test.each([
    ['texts with a beginning', 'p := count([t | t := input.texts[_]; startswith(t, "item 9")])', '111'],
    ['words of a text', 'p := count(regex.split("[ ,]+", concat(", ", input.texts)))', '2000'],
    ['a long text that is taken apart', 'p := count(split(input.long, "x"))', '4001'],
    ['a list in order', 'p := count(sort(input.texts))', '1000'],
    ['a long text in base64 once', 'p := count(base64.encode(input.long))', '5336'],
    ['a field that is not there', `p := count([1 | ${often}; object.get(input, "x", 1) == 1])`, '100'],
    ['how many there are', `p := count([1 | ${often}; count(input.texts) == 1000])`, '100'],
  ])('what people do is far below: %s', (_title, rules, want) => {
    expect(within(10_000, rules)).toBe(want);
  });

  test('lists that are patched or held in one another end at what they go through', () => {
    const patches = '[{"op": "add", "path": "/0", "value": i} | i := numbers.range(1, 5000)[_]]';
    expect(within(1_000_000, `p := json.patch(input.texts, ${patches})`)).toMatch(/^budget_exceeded: values/);
    const same = 'xs := [1 | numbers.range(1, 6000)[_]]';
    const inside = 'object.subset(xs, array.concat(array.slice(xs, 0, 3000), [2]))';
    expect(within(1_000_000, `p if { ${same}; ${inside} }`)).toMatch(/^budget_exceeded: values/);
  });
});

describe('keys that JavaScript knows are keys like others', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

  test.each(names)('%s', (name) => {
    const input = `{"${name}": {"${name}": 1}, "a": 2}`;
    expect(said(`p := input.${name}.${name}`, input)).toBe('1');
    expect(said(`p := input.${name}`, '{"a": 1}')).toBe('undefined');
    expect(said(`p := object.get(input, "${name}", "none")`, '{}')).toBe('"none"');
    expect(said(`p := [k | input[k]]`, input)).toContain(`"${name}"`);
    expect(said(`p := object.union({"${name}": 1}, {"${name}": 2})`)).toBe(`{"${name}": 2}`);
    expect(said(`p := {"${name}"} - {"a"}`)).toBe(`{"${name}"}`);
    expect(said(`${name}(x) := x\np := ${name}(1)`)).toBe('1');
    expect(said(`p[k] := v if some k, v in input`, input)).toContain(`"${name}": {"${name}": 1}`);
    expect(said(`p := json.remove(input, ["/${name}"])`, input)).toBe('{"a": 2}');
  });
});

describe('texts are those of Go', () => {
  test.each([
    ['lower of a capital sigma at the end', 'p := lower("ΑΣ")', '"ασ"'],
    ['upper of a ligature', 'p := upper("ﬁ")', '"ﬁ"'],
    ['upper of a sharp s', 'p := upper("straße")', '"STRAßE"'],
    ['lower of a dotted I', 'p := count(lower("İ"))', '1'],
    ['half a surrogate pair', 'p := [count(input.x), input.x]', '[2, "\ufffdx"]'],
    [
      'characters beyond 16 bits',
      'p := [count("😀"), substring("😀x", 1, 1), indexof("😀x", "x")]',
      '[1, "x", 1]',
    ],
  ])('%s', (_title, rules, want) => {
    expect(said(rules, '{"x": "\\ud800x"}')).toBe(want);
  });
});

const pieces =
  'package a import future.keywords p q x := = == { } [ ] ( ) | ; , . not some every in with as else if contains default input data "a" `b` 1 2.5 -1 count( sprintf( _ \n # $"{x}" set()'.split(
    ' ',
  );

describe('whatever a source is, reading it returns', () => {
  const returns = (text: string): void => {
    for (const version of ['v0', 'v1'] as const) {
      const compiled = compileRego([{ file: 'a.rego', text, version }]);
      expect(compiled.ok || compiled.error.length > 0).toBe(true);
    }
  };

  test('bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        returns(Buffer.from(bytes).toString('latin1')),
      ),
      { numRuns: 300 },
    );
  });

  test('texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => returns(`package a\n${text}`)),
      { numRuns: 300 },
    );
  });

  test('tokens', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (tokens) =>
        returns(`package a\np ${tokens.join(' ')}`),
      ),
      { numRuns: 500 },
    );
  });
});
