import { expect, test } from 'vitest';
import type { Decision, JudgedImage } from './decision.ts';
import { decisionLimit, limitDecision } from './limit.ts';

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
  expect(bytes(limited)).toBeLessThanOrEqual(decisionLimit);
  expect(limited.truncated).toBe(64 - limited.images.length);
});

test('64 images with a short trail each are kept whole', () => {
  const decision = decisionOf(Array.from({ length: 64 }, () => image(['anonymous: used'])));
  expect(limitDecision(decision)).toBe(decision);
});
