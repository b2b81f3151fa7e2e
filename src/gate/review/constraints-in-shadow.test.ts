import { describe, expect, test } from 'vitest';
import { gateWith, said, web } from '../../../test/fakes/constraint-gate.ts';
import { constraint, template } from '../../../test/fakes/constraints.ts';
import { fakeClock, fakeGate, pod, requestFor, type FakeClock } from '../../../test/fakes/gate.ts';
import type { ConstraintSet } from '../constraints.ts';
import { deadlineAfter } from '../deadline.ts';
import type { ConstraintDeps } from './judge-constraints.ts';

describe('in the shadow nothing of constraints refuses, and policies go on', () => {
  const policy = { checks: [{ registries: { allow: ['docker.io/library/**'] } }] };
  /** Constraints whose evaluation does this. */
  const doing = (judging: ConstraintSet['judging'], isShadow = true): ConstraintDeps => ({
    source: {
      current: () => ({
        state: 'loaded',
        set: { version: 'v', isEmpty: false, isDenying: true, needsNamespace: () => false, judging },
      }),
    },
    namespaces: { object: () => ({ state: 'absent' }) },
    isShadow,
  });
  const defect: ConstraintSet['judging'] = () => {
    throw new Error('a defect');
  };
  const laterDefect = (clock: FakeClock): ConstraintSet['judging'] =>
    function* () {
      clock.advance(10);
      yield;
      throw new Error('a defect');
    };
  const endless = (clock: FakeClock): ConstraintSet['judging'] =>
    function* () {
      for (;;) {
        clock.advance(1000);
        yield;
      }
    };
  const clock = fakeClock();

  test.each([
    ['a defect', defect, 'internal-error', 1],
    ['a defect in a later slice', laterDefect(clock), 'internal-error', 1],
    ['an evaluation that does not end', endless(clock), 'deadline-exceeded', 0],
  ])('%s', async (_title, judging, code, bugs) => {
    const gate = fakeGate({ policies: { policy }, clock, constraints: doing(judging) });
    const good = await gate.admit(requestFor(web));
    expect(good.findings.map((finding) => [finding.code, finding.mode])).toEqual([[code, 'Audit']]);
    expect(good.allowed).toBe(true);
    expect(gate.bugs).toHaveLength(bugs);
    const bad = await gate.admit(requestFor(pod({ app: 'elsewhere.example.com/x' })));
    expect(bad.allowed).toBe(false);
    expect(bad.findings.filter(({ mode }) => mode === 'Deny').map((finding) => finding.code)).toEqual([
      'registry-not-allowed',
    ]);

    const enforcing = fakeGate({ policies: { policy }, clock, constraints: doing(judging, false) });
    const refused = await enforcing.admit(requestFor(web));
    expect(refused.allowed).toBe(false);
    expect(refused.findings.map((finding) => [finding.code, finding.mode])).toEqual([[code, 'Deny']]);
  });

  test('what is judged after the constraints has half of the time', async () => {
    const own = fakeClock();
    const gate = fakeGate({ clock: own, constraints: doing(endless(own)) });
    await gate.admit(requestFor(web), deadlineAfter(10_000, own));
    expect(own.monotonic()).toBeGreaterThanOrEqual(5000);
    expect(own.monotonic()).toBeLessThanOrEqual(6000);
  });

  test('an error of a template', async () => {
    const conflict = template('Conflict', 'p = 1 { true }\np = 2 { true }\nviolation[{"msg": "m"}] { p }');
    const gate = gateWith([conflict], [constraint('Conflict', 'c')], { isShadow: true });
    const decision = await gate.admit(requestFor(web));
    expect(decision.allowed).toBe(true);
    expect(said(decision)).toMatchObject([{ code: 'constraint-error', mode: 'Audit' }]);
  });
});
