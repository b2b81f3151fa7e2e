import { describe, expect, test } from 'vitest';
import { agree, isNoPlatform, isPlatform, matchesPlatform } from './platform.ts';

const platform = (text: string) => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};

describe('matchesPlatform', () => {
  test.each([
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'linux/x86_64', true],
    ['linux/386', 'linux/i386', true],
    ['linux/amd64', 'Linux/AMD64', true],
    ['linux/amd64', 'linux/amd64/v3', true],
    ['linux/amd64/v1', 'linux/amd64', true],
    ['linux/amd64/v1', 'linux/amd64/v3', false],
    ['linux/arm64', 'linux/arm64/v8', true],
    ['linux/arm64/v8', 'linux/arm64', true],
    ['linux/arm64', 'linux/aarch64', true],
    ['linux/arm/v7', 'linux/arm', true],
    ['linux/arm/v7', 'linux/arm/7', true],
    ['linux/arm/v7', 'linux/armhf', true],
    ['linux/arm64/v8', 'linux/arm64/8', true],
    ['linux/amd64/v1', 'linux/amd64/1', false],
    ['linux/amd64', 'l\u0130nux/amd64', true],
    ['linux/arm/v7', 'linux/armel', false],
    ['linux/arm/v6', 'linux/arm', false],
    ['linux/arm', 'linux/arm64', false],
    ['windows/amd64', 'linux/amd64', false],
    ['linux/constructor', 'linux/toString', false],
    ['darwin/arm64', 'macOS/aarch64', true],
  ])('%s is meant by %s: %s', (wanted, text, want) => {
    expect(matchesPlatform(wanted, platform(text))).toBe(want);
  });
  test('an empty variant is none', () => {
    expect(matchesPlatform('linux/arm64/v8', { os: 'linux', architecture: 'arm64', variant: '' })).toBe(true);
  });
});

test.each([
  ['linux/amd64', true],
  ['linux/arm/v7', true],
  ['linux', false],
  ['linux/', false],
  ['linux/amd64/v1/x', false],
  ['Linux/amd64', false],
  ['linux/amd64 ', false],
])('%s is written as registries write it: %s', (text, want) => expect(isPlatform(text)).toBe(want));

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
