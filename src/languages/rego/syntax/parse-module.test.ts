import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxSourceBytes, parseModule, parseQuery, type RegoVersion } from './parse-module.ts';

const problemOf = (source: string, version: RegoVersion): string | undefined => {
  const parsed = parseModule(source, version);
  return parsed.ok ? undefined : parsed.error.message;
};

describe('what the grammar allows', () => {
  test.each<readonly [string, RegoVersion, string]>([
    ['a set rule of v0', 'v0', 'violation[{"msg": msg}] { msg := "no" }'],
    ['a condition without keyword in v0', 'v0', 'allow { input.x == 1 }'],
    ['chained bodies in v0', 'v0', 'allow { input.x } { input.y }'],
    [
      'the future keywords, once imported',
      'v0',
      'import future.keywords\np contains x if some x in input.xs',
    ],
    ['`in` as a name before it is imported', 'v0', 'p { in := 1; in == 1 }'],
    ['`rego.v1` as an import', 'v0', 'import rego.v1\np if input.x'],
    ['`if` and `contains` in v1', 'v1', 'p contains x if { x := input.a }'],
    ['a reference as a head', 'v1', 'a.b["c"].d := 1 if input.x'],
    ['keywords behind a point', 'v1', 'p := input.if.contains.default'],
    ['a template string', 'v1', 'p := $"a {input.x} \\{b}"'],
    ['`else` with values', 'v1', 'p := 1 if input.x else := 2 if input.y else := 3'],
    ['an operator on the next line', 'v1', 'p := input.a\n  + input.b'],
    ['a body in one line', 'v1', 'p if { input.a; input.b }'],
    ['a call named like a keyword', 'v1', 'p if contains("ab", "a")'],
    ['a default function', 'v1', 'default f(_) := 1'],
    ['a function without a body', 'v0', 'f("x", _)\nf("y", z) { z > 1 }'],
    ['keywords that begin a reference', 'v1', 'as.x := 1\np if as.x == 1\nnot.x contains 2'],
    ['`not` with a body, once imported', 'v0', 'import future.keywords.not\np { not { x := 1; x > 2 } }'],
    ['every', 'v1', 'p if every k, v in input { k != v }'],
    ['an empty set', 'v1', 'p := set()'],
    ['numbers of all forms', 'v1', 'p := [1, -2, 3.50, 1e6, -1.5E-3]'],
  ])('%s', (_title, version, rules) => {
    expect(problemOf(`package a\n\n${rules}\n`, version)).toBeUndefined();
  });
});

describe('what the grammar refuses', () => {
  test.each<readonly [string, RegoVersion, string, string]>([
    ['no package', 'v1', 'p := 1', 'package expected'],
    ['a body without `if` in v1', 'v1', 'package a\np { true }', '`if` keyword is required before rule body'],
    [
      'a set rule of v0 in v1',
      'v1',
      'package a\np[x]',
      '`contains` keyword is required for partial set rules',
    ],
    ['a string that does not end', 'v1', 'package a\np := "x', 'non-terminated string'],
    ['a raw string that does not end', 'v1', 'package a\np := `x', 'non-terminated string'],
    ['an unknown escape', 'v1', 'package a\np := "\\q"', 'illegal escape sequence'],
    ['two literals in one line', 'v1', 'package a\np if { a b }', 'unexpected name token'],
    ['an unknown future keyword', 'v0', 'package a\nimport future.keywords.maybe', 'unexpected keyword'],
    [
      '`else` behind a set rule',
      'v1',
      'package a\np contains 1 if true else := 2',
      'else keyword cannot be used',
    ],
    ['a sign that is none', 'v1', 'package a\np := 1 ~ 2', 'illegal token'],
  ])('%s', (_title, version, source, why) => {
    expect(problemOf(source, version)).toContain(why);
  });

  test('nesting of 10,000 levels, in time that grows with the text', () => {
    for (const open of ['[', '{', '(', '{"a":', '[x | ', 'f(', '{x | ', '$"{'])
      expect(problemOf(`package a\np := ${open.repeat(10_000)}`, 'v1')).toBeDefined();
  });

  test('a source of more than 512 KiB', () => {
    expect(problemOf(`package a\n#${'x'.repeat(maxSourceBytes)}`, 'v1')).toContain('over 524288 bytes');
  });
});

describe('whatever the text is', () => {
  const words = fc.constantFrom(
    ...'package a\n|p| if |{|}|[|]|(|)|:=|=|,|;|\n|"|`|$"|.|not |some | in |every | with | as |else'.split(
      '|',
    ),
    ...'default |1|-|contains |import |#'.split('|'),
    '|',
  );
  const versions = fc.constantFrom<RegoVersion>('v0', 'v1');

  test('the parser answers and never throws: random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), versions, (bytes, version) => {
        const source = new TextDecoder().decode(bytes);
        expect(typeof parseModule(source, version).ok).toBe('boolean');
        expect(typeof parseQuery(source).ok).toBe('boolean');
      }),
    );
  });

  test('the parser answers and never throws: parts of modules', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), versions, (parts, version) => {
        const source = `package a\n${parts.join('')}`;
        const parsed = parseModule(source, version);
        if (!parsed.ok) expect(parsed.error.offset).toBeLessThanOrEqual(source.length);
      }),
      { numRuns: 500 },
    );
  });
});
