import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxShownNameLength, shown, shownBriefly, maxShownLength, shownName } from './shown-text.ts';
import { threadTime } from '../../../test/fakes/cpu-time.ts';

test.each([
  ['plain text stays', 'registry.example.com/web:1', 'registry.example.com/web:1'],
  ['a line break cannot start a new log line', 'a\nb', 'a\\u{a}b'],
  ['a terminal escape is shown, not run', '\u001b[2J', '\\u{1b}[2J'],
  ['a bidirectional override is shown', 'a\u202eb', 'a\\u{202e}b'],
  ['a zero-width space is shown', 'goo\u200bgle', 'goo\\u{200b}gle'],
  ['a lone surrogate is shown', 'a\ud800', 'a\\u{d800}'],
  ['other scripts stay readable', 'образ', 'образ'],
  [
    'a password without a scheme is not repeated (B37)',
    'jane:hunter2@registry:5000/x',
    'jane:…@registry:5000/x',
  ],
  ['an empty password is none', 'jane:@registry/x', 'jane:@registry/x'],
  ['each of several passwords goes', 'a:x@b:y@c', 'a:…@b:…@c'],
  ['tag and digest stay', 'a.io/x:1@sha256:abc', 'a.io/x:1@sha256:abc'],
  ['a password in a URL is not repeated (B37)', 'https://jane:hunter2@registry/x', 'https://…@registry/x'],
  [
    'a password with an @ and a line break is not repeated',
    'https://jane:hun@t\ner2@registry/x',
    'https://…@registry/x',
  ],
])('%s', (_title, given, want) => {
  expect(shown(given)).toBe(want);
});

describe('R24: a text is cut before it is read', () => {
  const filler = 'f'.repeat(500_000);
  test.each([
    ['a long name keeps its registry and its tag', `registry.example.com/${filler}:v1`, /^registry.*…f+:v1$/],
    [
      'a password that is longer than what is read leaves nothing',
      `https://jane:${filler}@registry/x`,
      /^https:\/\/…registry\/x$/,
    ],
    ['one without a scheme as well', `jane:${filler}@registry/x`, /^jane:…registry\/x$/],
    ['one whose end nobody reads as well', `https://jane:secret@${filler}`, /^https:\/\/…f+…f+$/],
    [
      'a password that begins where the reading ends',
      `${'a'.repeat(1000)}:${filler}@registry/x`,
      /^a+…a+:…registry\/x$/,
    ],
    ['a password in the end that is read', `${filler}:hunter2@registry/x`, /^f+…f+…registry\/x$/],
  ])('%s', (_title, given, want) => {
    expect(shown(given)).toMatch(want);
    expect(shown(given)).not.toMatch(/secret|hunter2|:f/);
  });

  test.each([
    ['://'],
    ['://a@'],
    [':a@'],
    ['@'],
    [':'],
    ['a'],
    ['\n'],
    ['😀'],
    ['\ud800'],
    ['://:a@@\u200b'],
  ])('a hundred times the text of %j does not take a hundred times the time', (part) => {
    const timeOf = (text: string): number =>
      threadTime(() => {
        for (let time = 0; time < 20; time++) shown(text);
      });
    const short = part.repeat(Math.floor(8192 / part.length));
    timeOf(short);
    expect(timeOf(short)).toBeLessThan(2000);
    expect(timeOf(short.repeat(100))).toBeLessThan(20 * timeOf(short) + 1000);
  });
});

test('what a sentence says of a long name stays', () => {
  expect(shown(`the login for '${'h'.repeat(4000)}' ends with a line break`)).toMatch(
    /^the login for 'h+…h+' ends with a line break$/,
  );
});

// Pieces of passwords, so that they come up in combination.
const piece = fc.constantFrom(
  '://',
  ':',
  '@',
  '/',
  'a',
  'sha256:',
  '\n',
  '😀',
  '\u200b',
  '\ud800',
  'bb',
  ' ',
);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 700 }),
  fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
);

test('is never longer than its limit, never holds a control character, and is well-formed', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 3, max: maxShownLength }), (text, limit) => {
      for (const [safe, most] of [
        [shown(text), maxShownLength],
        [shownName(text), maxShownNameLength],
        [shownBriefly(text, limit), limit],
      ] as const) {
        expect(safe.length).toBeLessThanOrEqual(most);
        expect(safe.isWellFormed()).toBe(true);
        expect(safe).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }
    }),
  );
});

test('leaves out what the sentence of B37 calls a password, and nothing else', () => {
  // The definition as expressions, which take quadratic time and so are for short texts only.
  const byDefinition = (text: string): string =>
    text
      .replace(/:\/\/.*@/gs, '://…@')
      .replace(/:[^\s/@:]+@(?!(?:sha256|sha384|sha512|sha1|md5):)/g, ':…@')
      .replace(
        /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Cs}\u2028\u2029\ufff9-\ufffb]/gu,
        (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
      );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      fc.pre(text.length <= maxShownLength && byDefinition(text).length <= maxShownLength);
      expect(shown(text)).toBe(byDefinition(text));
    }),
    { numRuns: 2000 },
  );
});
