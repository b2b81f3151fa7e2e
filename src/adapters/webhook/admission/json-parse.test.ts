import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../core/text/json/parse-json.ts';
import { atOnce } from '../../../core/steps.ts';
import { parsing } from './json-parse.ts';
import { fixture } from '../../../../test/fakes/webhook-server.ts';

const inSteps = (text: string, step: number): unknown => atOnce(parsing(Buffer.from(text), step));
/** With the order of keys, which equality does not look at. */
const reported = (value: unknown): string | undefined => JSON.stringify(value);

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('a text that is parsed in steps is read as it is read at once', () => {
  test.each([
    fixture('pod-create.json'),
    '{"a":1,"b":{"c":[1,2,{"d":[]},3],"e":null},"f":"x"}',
    '{"a":1,"a":{"b":1,"c":2},"a":3}',
    '{"a":{"b":1,"c":2},"a":{"d":1,"e":2}}',
    '{"__proto__":{"a":1,"b":2},"c":{"__proto__":1,"d":2},"constructor":[1,2]}',
    '{"2":1,"1":{"4":1,"3":2},"b":1,"a":2}',
    ' \t\r\n[ 1 , [ 2 , 3 ] , { "a" : [ 4 , 5 ] , "b" : 6 } ] \n',
    '["é","日本","\\u65e5","\\ud800","\\"],[","{\\\\",{"\\"a\\",":1,"}{":[1,2]}]',
    '[[],[[]],{},{"a":{}},[[],[1,[2,3]]]]',
    '"a, b"',
    '-0',
    '[-0,1e3,-1.5E-7]',
    '',
    ' ',
  ])('%j', (text) => {
    for (const step of [0, 1, 2, 3, 5, 8, 13, 21, 1_000_000])
      expect(reported(inSteps(text, step))).toBe(reported(parseJson(text)));
  });

  test('and so are generated values, however they are spelt', () => {
    const indent = fc.constantFrom('', ' ', '\t', '\n');
    const property = fc.property(fc.json({ maxDepth: 6 }), indent, fc.nat(40), (json, space, step) => {
      const text = JSON.stringify(JSON.parse(json), undefined, space);
      expect(reported(inSteps(text, step))).toBe(reported(parseJson(text)));
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  test.each([
    '[1,,2]',
    '[1,2,]',
    '[,1,2]',
    '[,]',
    '{,}',
    '{"a":1,}',
    '{"a":1,,"b":2}',
    '{"a":1,"b"}',
    '{"a":1,"b":}',
    '{"a":1,"b":-[1,2]}',
    '{"a":1,"b" [1,2]}',
    '{"a":1,"b":1[1,2]}',
    '{"a":1,b:[1,2]}',
    '{"a":1,[1,2]:1}',
    '{"a":1,[1,2]}',
    '{"a":1,"b":[1,2] "c":3}',
    '{"a":1,"b":[1,2]3,"d":1}',
    '[1,"b":[1,2]]',
    '[1,2[3,4]]',
    '[1,-[3,4]]',
    '[1,[2,3]4]',
    '[1,[2,3] 4,5]',
    '[1,[2,3]',
    '[1,2',
    '[1,2}',
    '{"a":1,"b":2]',
    '[1,{"a":2,"b":3],4}',
    '[1,2]]',
    '[1,2],',
    '[1,2] [3,4]',
    '[1,2]x',
    'x[1,2]',
    '1,2',
    '1,[2,3]',
    ',',
    ']',
    '}',
    '[1,2,"',
    '[1,2,"a\\"]',
    '\ufeff[1,2]',
    '\u00a0[1,2]',
    '[1,2]\u00a0',
    '[1,[2,3]\u00a0,4]',
    '[1,\u2028[2,3],4]',
    '[1,2,\u0000]',
    '["a\nb",1,2]',
    '[01,2,3]',
    '[1,2,//\n3]',
  ])('%j is not JSON', (text) => {
    expect(parseJson(text)).toBeUndefined();
    for (const step of [0, 1, 2, 3, 5, 8, 1_000_000]) expect(inSteps(text, step)).toBeUndefined();
  });

  test('and so are texts that were changed anywhere', () => {
    const change = fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom(...'[]{},:"\\ 1a-.\n'.split(''), ''));
    const property = fc.property(
      fc.json({ maxDepth: 4 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.nat(12),
      (json, changes, step) => {
        let text = json;
        for (const [where, length, put] of changes) {
          const at = where % (text.length + 1);
          text = text.slice(0, at) + put + text.slice(at + length);
        }
        // Bytes, because a half of a surrogate pair that a change left alone is another text there.
        const bytes = Buffer.from(text);
        expect(reported(atOnce(parsing(bytes, step)))).toBe(reported(parseJson(bytes.toString('utf8'))));
      },
    );
    fc.assert(property, { numRuns: 5_000 });
  });
});

describe('R24: no step reads more than a piece of it', () => {
  /** Keys, values and members between two pauses, at most: what the parser is given in one step. */
  const longestStep = (text: string): number => {
    const steps = parsing(Buffer.from(text));
    const { parse } = JSON;
    let longest = 0;
    let read = 0;
    JSON.parse = (piece: string) => {
      read += piece.length;
      return parse(piece) as unknown;
    };
    try {
      while (steps.next().done !== true) {
        longest = Math.max(longest, read);
        read = 0;
      }
      return Math.max(longest, read);
    } finally {
      JSON.parse = parse;
    }
  };
  const nested = (depth: number, inner: string): string =>
    `${'{"first":0,"next":'.repeat(depth)}${inner}${'}'.repeat(depth)}`;
  const many = numbers(100_000);
  test.each([
    ['a map of 100,000 keys', `{${many.map((n) => `"key-${n}":${n}`).join(',')}}`],
    ['a list of 100,000 objects', `[${many.map((n) => `{"k${n}":{}}`).join(',')}]`],
    [
      'lists in lists',
      `[${numbers(300)
        .map(() => `[${numbers(1_000).join(',')}]`)
        .join(',')}]`,
    ],
    ['a long list under 190 objects', nested(190, `[${many.join(',')}]`)],
    [
      'long lists under many objects',
      `[${numbers(20)
        .map(() => nested(150, `[${numbers(9_000).join(',')}]`))
        .join(',')}]`,
    ],
    ['a long list before many objects', `[${many.join(',')},${nested(190, '1')}]`],
    ['texts of 21 KB', JSON.stringify(numbers(64).map(() => '://'.repeat(7_000)))],
  ])('%s', (_what, text) => expect(longestStep(text)).toBeLessThan(96 * 1024));
});
