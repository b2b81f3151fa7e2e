import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../core/text/json/json.ts';
import { compileExpression } from './expression.ts';
import { expressionLimits } from './program.ts';

const evaluate = (text: string, predicate: JsonValue) => {
  const compiled = compileExpression(text, ['predicate']);
  return compiled.ok ? compiled.value.evaluate({ predicate }) : { state: 'broken', why: compiled.error };
};
const provenance = {
  buildDefinition: {
    buildType: 'https://actions.github.io/buildtypes/workflow/v1',
    externalParameters: { workflow: { ref: 'refs/tags/v1.2.3', repository: 'https://github.com/acme/shop' } },
    resolvedDependencies: [{ uri: 'git+https://github.com/acme/shop' }, { uri: 'pkg:npm/left-pad@1.3.0' }],
  },
  level: 3,
  score: 7.5,
  none: null,
};

describe('an expression over a predicate', () => {
  test.each([
    [
      'reads nested fields',
      'predicate.buildDefinition.externalParameters.workflow.ref.startsWith("refs/tags/")',
      'true',
    ],
    [
      'refuses another ref',
      'predicate.buildDefinition.externalParameters.workflow.ref == "refs/heads/main"',
      'false',
    ],
    ['counts whole numbers as int', 'predicate.level + 1 == 4', 'true'],
    ['compares int and double', 'predicate.score > 7', 'true'],
    [
      'looks into lists',
      'predicate.buildDefinition.resolvedDependencies.exists(d, d.uri.contains("left-pad"))',
      'true',
    ],
    [
      'asks all elements',
      'predicate.buildDefinition.resolvedDependencies.all(d, d.uri.startsWith("git+"))',
      'false',
    ],
    [
      'filters and counts',
      'predicate.buildDefinition.resolvedDependencies.filter(d, d.uri.startsWith("pkg:")).size() == 1',
      'true',
    ],
    ['knows whether a field is there', 'has(predicate.level) && !has(predicate.other)', 'true'],
    [
      'knows it of maps that it makes, and of elements',
      'has({"a": predicate}.a.level) && [predicate].all(p, has(p.level))',
      'true',
    ],
    ['knows a field that is null', 'has(predicate.none) && predicate.none == null', 'true'],
    ['iterates over the keys of a map', 'predicate.exists(key, key == "level")', 'true'],
    [
      'finds by a regular expression',
      'predicate.buildDefinition.externalParameters.workflow.ref.matches("^refs/tags/v[0-9.]+$")',
      'true',
    ],
    ['knows types', 'type(predicate.level) == int && type(predicate.none) == null_type', 'true'],
    [
      'knows times',
      'timestamp("2026-01-01T00:00:00Z") + duration("24h") < timestamp("2026-06-01T00:00:00Z")',
      'true',
    ],
    [
      'names what it iterates over',
      '[1, 2].map(x, x + 1).exists(x, x == 3) && [predicate].all(p, p.level == 3)',
      'true',
    ],
    ['chooses between types that differ', '(predicate.level == 3 ? predicate.level : "x") == 3', 'true'],
    ['sums what is in it', '[1, 2].map(x, x + 1) + [4] == [2, 3, 4] && [1].exists_one(x, x == 1)', 'true'],
    ['makes numbers and maps', 'int("3") == predicate.level && {"a": 1}["a"] == 1 && 1u < 2', 'true'],
    ['nests comprehensions twice', '[1, 2].all(x, [1, 2].exists(y, x == y))', 'true'],
    ['finds nothing of its prototype', 'has(predicate.constructor) || has(predicate.__proto__)', 'false'],
  ])('%s', (_title, text, state) => expect(evaluate(text, provenance)).toEqual({ state }));

  test.each([
    ['a field that is not there', 'predicate.other == 1', 'other'],
    ['a field of a number', '!has(predicate.level.flaw)', 'has no fields'],
    ['a field of a list', 'has(predicate.buildDefinition.resolvedDependencies.uri)', 'has no fields'],
    ['a field of nothing', '!has(predicate.none.flaw)', 'has no fields'],
    ['a field of elements', '["a"].all(d, !has(d.flaw))', 'has no fields'],
    ['a result that is no boolean', 'predicate.level', 'neither true nor false'],
    ['types that do not fit', 'predicate.level + "1" == "31"', '_+_'],
    ['a regular expression that is broken', '"a".matches("(")', '('],
    ['a pattern that is too long', `"a".matches("${'a'.repeat(1025)}")`, '1024'],
  ])('is an error, and no verdict, for %s', (_title, text, why) => {
    const result = evaluate(text, provenance);
    expect(result.state).toBe('error');
    expect(result).toHaveProperty('why', expect.stringContaining(why));
  });

  test.each([
    ['a syntax error', 'predicate.level ==', 'syntax|expecting'],
    ['too long a text', `predicate == "${'a'.repeat(5000)}"`, '4096'],
    ['comprehensions three deep', '[1].all(x, [1].all(y, [1].all(z, x == y && y == z)))', 'nest 3 deep'],
    [
      'comprehensions over comprehensions, three deep',
      '[1].map(x, x).map(x, x).map(x, x).size() == 1',
      'nest 3 deep',
    ],
    ['a misspelt variable', 'predicat.level == 3', 'names predicat, .* may name predicate and'],
    ['a variable of another language', 'has(object.spec) || predicate.level == 3', 'names object,'],
    [
      'a variable outside of its comprehension',
      '[1].all(x, x == 1) && x == 1',
      'names x,.* at line 1, column 23$',
    ],
    ['a range that names the variable of its comprehension', 'x.all(x, x == 1)', 'names x,'],
    ['the variable of a macro', '__result__ == 1', 'names __result__,'],
    ['an unknown function', 'predicate.level.isSemver()', 'names isSemver\\(\\),'],
    ['an unknown type', 'predicate == Provenance{level: 3}', 'names Provenance{},'],
    ['a function of the gate', '@step(true)', 'expecting|token|syntax'],
    ['a number', '1 + 1', 'its result is int, .* at line 1, column 3$'],
    ['a text', '"a"', 'its result is string, .* at line 1, column 1$'],
    ['a list that it makes', 'predicate.filter(x, x == 1)', 'its result is list'],
    ['a count', 'size(predicate.subject)', 'its result is int'],
    ['a type', 'type(predicate.level)', 'its result is type'],
    ['a number in both cases', 'predicate.level == 3 ? 1 : 2', 'its result is int'],
    [
      'types that never fit',
      'predicate.level == 3 &&\n1 + "a" == "1a"',
      'no \\+ of int and string, at line 2, column 3$',
    ],
    ['a number as a condition', 'predicate.level == 3 && 1', 'it uses int as a condition \\(&&\\)'],
    ['the same behind a condition', '(1 ? predicate : predicate) == 3', 'it uses int as a condition'],
    ['a condition on elements that is none', '[1].all(x, size("a"))', 'it uses int as a condition'],
    ['elements of a number', '(1 + 1).all(x, x == 1)', 'it iterates over int'],
    [
      'a function with too much',
      'predicate.ref.startsWith("a", "b")',
      'no startsWith\\(\\) of any type and string and string',
    ],
    ['a function of a number', '1.startsWith("a")', 'expecting|no startsWith'],
    ['a negated text', '!"a"', 'no ! of string'],
    ['parentheses without an end', '('.repeat(4000), 'stack|syntax|expecting'],
  ])('is refused when it is read: %s', (_title, text, why) => {
    const result = evaluate(text, provenance);
    expect(result.state).toBe('broken');
    expect(result).toHaveProperty('why', expect.stringMatching(new RegExp(why)));
  });
});

describe('an evaluation ends', () => {
  const many = Array.from({ length: 2000 }, (_, at) => at);
  test.each([
    ['two comprehensions over a long list', 'predicate.all(x, predicate.all(y, x >= 0 && y >= 0))'],
    [
      'the same, when another branch would excuse it',
      'predicate.all(x, predicate.all(y, x >= 0 && y >= 0)) || true',
    ],
    ['a look into the whole list for each element', 'predicate.all(x, x in predicate)'],
    [
      'a comparison of the whole list for each element',
      'predicate.all(x, predicate == predicate.filter(y, true))',
    ],
    ['a list that was derived', 'predicate.filter(x, true).all(x, predicate.all(y, true))'],
  ])('with an error, within its steps: %s', (_title, text) => {
    const began = performance.now();
    expect(evaluate(text, many)).toEqual({ state: 'error', why: expect.stringMatching(/steps|stack/) });
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('with a verdict, where the list is short', () => {
    const short = many.slice(0, 200);
    expect(evaluate('predicate.all(x, predicate.all(y, x >= 0 && y >= 0))', short)).toEqual({
      state: 'true',
    });
  });

  test('and the next evaluation has all of its steps again', () => {
    const compiled = compileExpression('predicate.all(x, predicate.all(y, x >= 0))', ['predicate']);
    if (!compiled.ok) throw new Error(compiled.error);
    expect(compiled.value.evaluate({ predicate: many }).state).toBe('error');
    expect(compiled.value.evaluate({ predicate: [1, 2] })).toEqual({ state: 'true' });
    expect(expressionLimits.maxSteps).toBeLessThan(many.length ** 2);
  });

  test('whatever the text and the predicate are', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.jsonValue({ maxDepth: 3 }), (text, predicate) => {
        const states = ['true', 'false', 'error', 'broken'];
        expect(states).toContain(evaluate(text, predicate as JsonValue).state);
      }),
    );
  });
});
