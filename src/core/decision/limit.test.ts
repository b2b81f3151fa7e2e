import { describe, expect, test } from 'vitest';
import type { Decision, JudgedImage } from './decision.ts';
import type { Finding } from './finding.ts';
import { maxDecisionBytes, limitDecision, recordedDecision } from './limit.ts';

const decisionOf = (images: readonly JudgedImage[]): Decision => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'Decision',
  id: 'test-1',
  time: '2026-01-01T00:00:00.000Z',
  source: 'admission',
  object: { apiVersion: 'v1', kind: 'Pod' },
  images,
  findings: [],
  allowed: true,
  warnings: [],
  exemptions: [],
  versions: {},
  durations: {},
});
const bytes = (decision: Decision): number => new TextEncoder().encode(JSON.stringify(decision)).length;
const image = (tried: readonly string[]): JudgedImage => ({ path: 'x', given: 'a', evidence: { tried } });

test('what was tried for each image counts towards 64 KiB', () => {
  const tried = Array.from({ length: 6 }, () => '\u4e2d'.repeat(128));
  const limited = limitDecision(decisionOf(Array.from({ length: 64 }, () => image(tried))));
  expect(bytes(limited)).toBeLessThanOrEqual(maxDecisionBytes);
  expect(limited.truncated).toBe(64 - limited.images.length);
});

test('64 images with a short trail each are kept whole', () => {
  const decision = decisionOf(Array.from({ length: 64 }, () => image(['anonymous: used'])));
  expect(limitDecision(decision)).toBe(decision);
});

test('R24: warnings that are the same on one line and without their middle count one by one', () => {
  const findings = Array.from({ length: 1000 }, (_, at): Finding => ({
    policy: 'K8sRequired/a',
    check: 'constraint',
    mode: 'Warn',
    code: 'constraint-violated',
    message: `${'m'.repeat(400)}${at}${'m'.repeat(400)}`,
  }));
  const warnings = findings.map(({ message }) => `[a] ${message}`);
  const limited = limitDecision({ ...decisionOf([]), findings, warnings });
  expect(bytes(recordedDecision(limited))).toBeLessThanOrEqual(maxDecisionBytes);
  expect(limited.warnings).toEqual(warnings.slice(0, limited.warnings.length));
  expect(limited.warnings.length).toBeGreaterThan(10);
  expect(limited.omitted?.warnings).toBe(1000 - limited.warnings.length);
});

describe('R24: thousands of findings', () => {
  const findingOf = (at: number, mode: Finding['mode'] = 'Deny', length = 300): Finding => ({
    policy: 'p',
    check: 'tags',
    mode,
    path: `spec.containers[${at}].image`,
    code: 'tag-denied',
    message: 'm'.repeat(length),
  });
  const many = (count: number): readonly Finding[] => Array.from({ length: count }, (_, at) => findingOf(at));

  test('the first are kept, and it says how many are left out', () => {
    const findings = many(20_000);
    const limited = limitDecision({ ...decisionOf([]), findings, allowed: false });
    expect(bytes(limited)).toBeLessThanOrEqual(maxDecisionBytes);
    expect(limited.findings.length).toBeGreaterThan(40);
    expect(limited.findings).toEqual(findings.slice(0, limited.findings.length));
    expect(limited.truncated).toBe(20_000 - limited.findings.length);
  });

  test('what denies is kept, however much stands before it', () => {
    const findings = [...Array.from({ length: 20_000 }, (_, at) => findingOf(at, 'Audit')), findingOf(64)];
    const limited = limitDecision({ ...decisionOf([]), findings, allowed: false });
    expect(limited.findings.at(-1)).toBe(findings.at(-1));
  });

  test('a short one finds room behind one that is too long', () => {
    const findings = [...many(20), findingOf(20, 'Deny', 60_000), findingOf(21)];
    const limited = limitDecision({ ...decisionOf([]), findings, allowed: false });
    expect(limited.findings.map(({ path }) => path)).toContain('spec.containers[21].image');
    expect(limited.truncated).toBe(1);
  });

  test('few of them are read: the rest costs nothing', () => {
    let read = 0;
    const counted = many(20_000).map((finding) =>
      Object.defineProperty({ ...finding }, 'message', {
        enumerable: true,
        get: () => {
          read += 1;
          return finding.message;
        },
      }),
    );
    limitDecision({ ...decisionOf([]), findings: counted, allowed: false });
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(1_000);
  });
});

describe('a long list of images is cut in the record (R26, B46)', () => {
  const images = (count: number, length: number): readonly JudgedImage[] =>
    Array.from({ length: count }, (_, at) => {
      const given = `registry.example.com/${'x'.repeat(length)}:${at}`;
      return { path: `spec.containers[${at}].image`, given, reference: given };
    });

  test.each([
    ['one image', 1, 512],
    ['four of the longest names', 4, 512],
    ['thirty usual ones', 30, 40],
  ])('%s is recorded whole', (_title, count, length) => {
    const decision = decisionOf(images(count, length));
    expect(recordedDecision(decision)).toBe(decision);
  });

  test('64 long names are cut, and it says how many are left out', () => {
    const decision = { ...decisionOf(images(64, 450)), truncated: 2 };
    const recorded = recordedDecision(decision);
    expect(bytes(recorded)).toBeLessThan(18 * 1024);
    expect(recorded.images.length).toBeGreaterThan(8);
    expect(recorded.truncated).toBe(2 + 64 - recorded.images.length);
    expect(recorded.images).toEqual(decision.images.slice(0, recorded.images.length));
  });

  test('images with findings stay, in their place', () => {
    const path = 'spec.containers[63].image';
    const finding = {
      policy: 'p',
      check: 'tags',
      mode: 'Deny',
      path,
      code: 'tag-denied',
      message: 'm',
    } as const;
    const recorded = recordedDecision({ ...decisionOf(images(64, 450)), findings: [finding] });
    expect(recorded.images.at(-1)?.path).toBe(path);
    expect(recorded.findings).toEqual([finding]);
  });
});
