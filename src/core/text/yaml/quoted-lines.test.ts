import { describe, expect, test } from 'vitest';
import { readYamlText } from './yaml-text.ts';

const read = (text: string) => {
  const values = readYamlText(text);
  return values.ok ? values.value.map(({ value }) => value) : values.error;
};

describe('a quoted text that goes on in the column of its map, as kubectl reads it', () => {
  test.each([
    ['in double quotes', 'a:\n  b: "one\n  two"\n  c: 1\n', [{ a: { b: 'one two', c: 1 } }]],
    ['in single quotes', "a:\n  b: 'one\n  two'\n  c: 1\n", [{ a: { b: 'one two', c: 1 } }]],
    ['further left', 'a:\n    b: "one\n  two\nthree"\n', [{ a: { b: 'one two three' } }]],
    ['empty lines are line breaks', 'a:\n  b: "one\n\n  two"\n', [{ a: { b: 'one\ntwo' } }]],
    ['an escaped line break is nothing', 'a:\n  b: "one\\\n  two"\n', [{ a: { b: 'onetwo' } }]],
    ['lines of Windows', 'a:\r\n  b: "one\r\n  two"\r\n', [{ a: { b: 'one two' } }]],
    ['twice in a document', 'a: "1\n2"\nb: "3\n4"\n', [{ a: '1 2', b: '3 4' }]],
    ['what looks like a comment is text', 'a:\n  b: "one\n  # two"\n', [{ a: { b: 'one # two' } }]],
  ])('%s', (_title, text, wanted) => {
    expect(read(text)).toEqual(wanted);
  });

  test.each([
    ['never closed', 'a:\n  b: "one\n  two\n', { line: 4, column: 1 }],
    ['closed behind the end of its document', 'a:\n  b: "one\n...\n  two"\n', { line: 2 }],
    ['another mistake behind it', 'a:\n  b: "one\n  two"\n  c: [\n', { line: 5, column: 1 }],
  ])('%s: the mistake is told where it was made', (_title, text, wanted) => {
    expect(read(text)).toMatchObject(wanted);
  });

  test('places behind it are those of the text', () => {
    const values = readYamlText('a:\n  b: "one\n  two"\n  c: { d: 1 }\n');
    if (!values.ok) throw new Error(values.error.why);
    const [first] = values.value;
    expect(first?.placesIn(first.value, first.start)(['a', 'c', 'd'])).toEqual({ line: 4, column: 11 });
  });
});
