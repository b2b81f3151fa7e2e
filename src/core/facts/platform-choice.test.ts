import { describe, expect, test } from 'vitest';
import { choiceKey, chosenOf } from './platform-choice.ts';

const platform = (text: string) => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};

describe('chosenOf', () => {
  const choose = (choice: 'all' | readonly string[], ...texts: readonly string[]): readonly string[] =>
    chosenOf(choice, texts, (text) => (text === 'none' ? undefined : platform(text)));

  test.each<[string, 'all' | readonly string[], readonly string[], readonly string[]]>([
    ['everything by all', 'all', ['plan9/mips', 'none'], ['plan9/mips', 'none']],
    ['nothing by an empty list', [], ['linux/amd64'], []],
    [
      'other spellings of it',
      ['linux/amd64'],
      ['Linux/x86_64', 'l\u0130nux/amd64'],
      ['Linux/x86_64', 'l\u0130nux/amd64'],
    ],
    [
      'every variant',
      ['linux/arm/v7'],
      ['linux/arm/v7', 'linux/arm/v6', 'linux/arm64'],
      ['linux/arm/v7', 'linux/arm/v6'],
    ],
    ['what names no platform', ['linux/amd64'], ['none', 'linux/s390x'], ['none']],
    [
      '386 where no plain amd64 is',
      ['linux/amd64'],
      ['linux/amd64/v2', 'linux/386'],
      ['linux/amd64/v2', 'linux/386'],
    ],
    [
      '386 beside a plain amd64 too: that one may ask for features that a node has not',
      ['linux/amd64'],
      ['linux/386', 'linux/amd64'],
      ['linux/386', 'linux/amd64'],
    ],
    ['no 386 of another system', ['linux/amd64'], ['windows/386', 'linux/amd64'], ['linux/amd64']],
    ['no amd64 where 386 is wanted', ['linux/386'], ['linux/386', 'linux/amd64'], ['linux/386']],
    ['arm where no arm64 is', ['linux/arm64'], ['linux/arm/v7', 'linux/amd64'], ['linux/arm/v7']],
    [
      'arm beside arm64/v8 too',
      ['linux/arm64/v8'],
      ['linux/arm/v7', 'linux/arm64/v8'],
      ['linux/arm/v7', 'linux/arm64/v8'],
    ],
    [
      'each once',
      ['linux/amd64', 'linux/amd64/v2'],
      ['linux/amd64', 'linux/amd64'],
      ['linux/amd64', 'linux/amd64'],
    ],
    [
      'nothing by a name that every object has',
      ['linux/constructor'],
      ['linux/toString', 'linux/__proto__'],
      [],
    ],
  ])('takes %s', (_title, choice, texts, want) => {
    expect(choose(choice, ...texts)).toEqual(want);
  });
});

test('equal choices have one key', () => {
  expect(choiceKey(['b/c', 'a/b'])).toBe(choiceKey(['a/b', 'b/c']));
  expect(choiceKey('all')).not.toBe(choiceKey(['all/x']));
});
