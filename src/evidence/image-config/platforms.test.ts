import { expect, test } from 'vitest';
import type { Platform } from '../../core/facts/image-facts.ts';
import { agree, choiceKey, isChosen, isNoPlatform } from './platforms.ts';

const platform = (text: string): Platform => {
  const [os = '', architecture = '', variant] = text.split('/');
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
};

test.each([
  ['linux/amd64', 'linux/amd64', true],
  ['linux/amd64', 'linux/arm64', false],
  ['linux/amd64', 'windows/amd64', false],
  ['linux/amd64', 'Linux/x86_64', true],
  ['linux/amd64', 'linux/amd64/v3', true],
  ['linux/arm64', 'linux/aarch64/v8', true],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm/v7', 'linux/arm', true],
  ['linux/arm/v7', 'linux/arm/v6', false],
  ['linux/arm/v7', 'linux/armhf', true],
  ['linux/arm/7', 'linux/arm/v7', true],
  ['linux/386', 'linux/i386', true],
])('the choice %s means %s: %s, as a node would read both', (choice, given, expected) => {
  expect(isChosen([choice], platform(given))).toBe(expected);
});

test('every platform is chosen by all, none by an empty list', () => {
  expect(isChosen('all', platform('plan9/mips'))).toBe(true);
  expect(isChosen([], platform('linux/amd64'))).toBe(false);
});

test.each([
  ['linux/arm/v7', 'linux/arm', true],
  ['linux/arm/v7', 'linux/arm/v6', false],
  ['linux/amd64', 'linux/arm64', false],
  ['linux/constructor', 'linux/constructor', true],
])('index %s and config %s agree: %s', (one, other, expected) => {
  expect(agree(platform(one), platform(other))).toBe(expected);
});

test('unknown/unknown is no platform, half of it is one', () => {
  expect(isNoPlatform(platform('unknown/Unknown'))).toBe(true);
  expect(isNoPlatform(platform('linux/unknown'))).toBe(false);
});

test('equal choices have one key', () => {
  expect(choiceKey(['b/c', 'a/b'])).toBe(choiceKey(['a/b', 'b/c']));
  expect(choiceKey('all')).not.toBe(choiceKey(['all/x']));
});
