import { describe, expect, test } from 'vitest';
import { compileBroken } from '../../src/core/policy-set/compile.ts';
import { readPolicyFile } from '../../src/core/trust-root/policy-file.ts';
import { fakeGate, pod, requestFor } from '../fakes/gate.ts';
import { threadTime } from '../fakes/cpu-time.ts';
import { anyExpression } from '../fakes/policy-set.ts';

describe('a policy that cannot be used does not open what it fenced (R1, R8)', () => {
  const broken = [compileBroken('fence', { images: ['registry.example.com/**'] }, 'a wildcard in the host')];
  const audit = {
    mode: 'Audit',
    match: { images: ['other.example.com/**'] },
    checks: [{ digest: { require: true } }],
  };
  test.each([
    ['alone', {}, undefined],
    ['alone, with --unmatched deny', {}, 'deny' as const],
    ['beside a policy in mode Audit', { audit }, undefined],
  ])('%s, for an image outside of its images', async (_title, policies, unmatched) => {
    const gate = fakeGate({ broken, policies, unmatched });
    const decision = await gate.admit(requestFor(pod({ app: 'evil.io/x' })));
    expect(decision.allowed).toBe(false);
  });
});

describe('a policy file costs what its size is worth, and never throws', () => {
  test.each([
    ['keys that are maps', `${'? '.repeat(25)}a\n`],
    ['keys that are maps in flow style', `${'{'.repeat(26)}${'}'.repeat(26)}\n`],
    ['keys that are lists', `${'? - '.repeat(25)}a\n`],
  ])('%s', (_title, text) => {
    const used = threadTime(() => expect(readPolicyFile(text, 'a.yaml', anyExpression).ok).toBe(false));
    expect(used).toBeLessThan(100);
  });
});
