import { describe, expect, test } from 'vitest';
import { policy } from '../../../../test/fakes/policy-set.ts';
import { lintPolicies } from './lint.ts';
import { judgedAt } from '../../../../test/fakes/image-facts.ts';

const remarks = (spec: object): readonly string[] =>
  lintPolicies([policy('p', spec)], judgedAt).map(({ path, message }) => `${path.join('.')}: ${message}`);
const pin = { digest: { pin: true } };
const nonRoot = { image: { user: 'NonRoot' } };
const both = { multiArch: { mode: 'platforms', platforms: ['linux/amd64', 'linux/arm64/v8'] } };

describe('remarks', () => {
  test.each([
    [
      'B1: bytes are judged and not pinned',
      { checks: [nonRoot] },
      'spec.checks.0.image',
      'lets the tag be pulled later',
    ],
    [
      'ages that exclude each other',
      { checks: [pin, { image: { minAge: '30d', maxAge: '7d' } }] },
      'spec.checks.1.image.minAge',
      'no image passes',
    ],
    [
      'ages that meet in one moment',
      { checks: [pin, { image: { minAge: '24h', maxAge: '1d' } }] },
      'spec.checks.1.image.minAge',
      'no image passes',
    ],
    [
      'a platform that is demanded and not allowed',
      { ...both, checks: [pin, { image: { platforms: ['linux/amd64'] } }] },
      'spec.checks.1.image.platforms',
      'demands linux/arm64/v8',
    ],
    ['pin in mode Audit', { mode: 'Audit', checks: [pin] }, 'spec.mode', 'adds no digest'],
    [
      'multiArch without a check that reads images',
      { ...both, checks: [pin] },
      'spec.multiArch',
      'does nothing',
    ],
    [
      'staleFor without a check that asks a registry',
      { staleFor: '1h', checks: [{ tags: { deny: ['a'] } }] },
      'spec.staleFor',
      'does nothing',
    ],
  ])('%s', (_title, spec, path, message) => {
    expect(remarks(spec)).toEqual([
      expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')}: .*${message}`)),
    ]);
  });

  test('two unpinned checks are one remark', () => {
    expect(remarks({ checks: [nonRoot, { image: { maxAge: '1d' } }] })).toHaveLength(1);
  });
});

describe('policies that do what they look like get none', () => {
  test.each([
    ['judged and pinned', { checks: [pin, nonRoot] }],
    ['judged and required', { checks: [nonRoot, { digest: { require: true } }] }],
    ['an age between two', { checks: [pin, { image: { minAge: '3d', maxAge: '90d' } }] }],
    [
      'platforms that allow what is demanded',
      { ...both, checks: [pin, { image: { platforms: ['linux/amd64', 'linux/arm64'] } }] },
    ],
    ['pin in mode Warn', { mode: 'Warn', checks: [pin] }],
    ['staleFor for pinning', { staleFor: '1h', checks: [pin] }],
  ])('%s', (_title, spec) => expect(remarks(spec)).toEqual([]));
});
