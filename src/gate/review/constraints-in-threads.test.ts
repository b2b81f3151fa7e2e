import { describe, expect, test, vi } from 'vitest';
import { gateWith, said, web } from '../../../test/fakes/constraint-gate.ts';
import { constraint, template } from '../../../test/fakes/constraints.ts';
import { fakeClock, requestFor } from '../../../test/fakes/gate.ts';
import type { EvaluationThreads, ThreadEvaluation, TurnOutcome } from '../constraints.ts';
import { deadlineAfter } from '../deadline.ts';

const long = template(
  'ALong',
  'violation[{"msg": "m"}] { count([x | x := numbers.range(1, 30000)[_]; x > 0]) < 0 }',
);
const modes = [
  constraint('ALong', 'denies'),
  constraint('ALong', 'records', { enforcementAction: 'dryrun' }),
  constraint('ALong', 'warns', { enforcementAction: 'warn' }),
];
const nothing: ThreadEvaluation = { violations: [], more: 0, withoutMessage: 0, steps: 100 };
const violated: ThreadEvaluation = { ...nothing, violations: [{ msg: 'bad', details: {} }] };

/** Threads that answer with one outcome after the other, and the namespaces that asked. */
const answering = (...outcomes: readonly (TurnOutcome | 'late')[]) => {
  const asked: string[] = [];
  const threads: EvaluationThreads = {
    evaluate: (_turn, namespace) => {
      asked.push(namespace);
      return Promise.resolve(outcomes[asked.length - 1] ?? 'late');
    },
  };
  return { asked, threads };
};
const gateOf = (threads: EvaluationThreads, isShadow = false) =>
  gateWith([long], modes, { threads, isShadow });

describe('evaluations that take long are left to threads', () => {
  test('turn by turn, for the namespace of the request', async () => {
    const { asked, threads } = answering(
      { evaluated: [violated] },
      { evaluated: [nothing] },
      { evaluated: [violated] },
    );
    const decision = await gateOf(threads).admit(requestFor(web, { namespace: 'shop' }));
    expect(asked).toEqual(['shop', 'shop', 'shop']);
    expect(said(decision).map(({ policy, mode }) => [policy, mode])).toEqual([
      ['ALong/denies', 'Deny'],
      ['ALong/warns', 'Warn'],
    ]);
    expect(decision.allowed).toBe(false);
  });

  test('a constraint that warns or records refuses nobody', async () => {
    const { threads } = answering({ evaluated: [nothing] }, { evaluated: [violated, violated] });
    const decision = await gateOf(threads).admit(requestFor(web));
    expect(decision.allowed).toBe(true);
    expect(said(decision)).toHaveLength(2);
  });

  test('what failed is an error in the mode of its constraint, never an allow', async () => {
    const failed = { evaluated: [], failed: { why: 'the thread ended', isBegun: true } };
    const decision = await gateOf(answering(failed, failed, failed).threads).admit(requestFor(web));
    expect(decision.allowed).toBe(false);
    expect(said(decision).map(({ mode, code, message }) => [mode, code, message])).toEqual([
      ['Deny', 'constraint-error', 'the thread ended'],
      ['Audit', 'constraint-error', 'the thread ended'],
      ['Warn', 'constraint-error', 'the thread ended'],
    ]);
  });

  test.each([
    ['a thread that does not answer in time refuses', false, 'Deny'],
    ['in the shadow it is recorded', true, 'Audit'],
  ])('%s', async (_title, isShadow, mode) => {
    const decision = await gateOf(answering('late').threads, isShadow).admit(requestFor(web));
    expect(decision.allowed).toBe(isShadow);
    const late = decision.findings.filter(({ code }) => code === 'deadline-exceeded');
    expect(late.map((finding) => finding.mode)).toEqual([mode]);
  });

  test.each([
    ['was let through by those that refuse', nothing, true],
    ['was refused', violated, false],
  ])(
    'constraints that warn or record and are not asked in their time change nothing of what %s',
    async (_title, denying, allowed) => {
      const { asked, threads } = answering({ evaluated: [denying] }, 'late');
      const decision = await gateOf(threads).admit(requestFor(web));
      expect([asked.length, decision.allowed]).toEqual([2, allowed]);
      expect(decision.findings.map(({ code }) => code)).not.toContain('deadline-exceeded');
      const errors = said(decision).filter(({ code }) => code === 'constraint-error');
      expect(errors.map(({ policy, mode, message }) => [policy, mode, message])).toEqual([
        ['ALong/records', 'Audit', expect.stringContaining('had no more time for it')],
        ['ALong/warns', 'Warn', expect.stringContaining('had no more time for it')],
      ]);
    },
  );

  test('what refuses has all of the time, what warns or records half of what is left', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    const clock = fakeClock();
    const threads: EvaluationThreads = {
      evaluate: () => {
        clock.advance(2_000);
        return Promise.resolve({ evaluated: [nothing] });
      },
    };
    const gate = gateWith([long], modes, { threads }, {}, clock);
    expect((await gate.admit(requestFor(web), deadlineAfter(10_000, clock))).allowed).toBe(true);
    expect(timeout.mock.calls).toEqual([[10_000], [4_000], [3_000]]);
    timeout.mockRestore();
  });

  test('a review that has no more time asks no thread again', async () => {
    const clock = fakeClock();
    const asked: number[] = [];
    const threads: EvaluationThreads = {
      evaluate: () => {
        asked.push(clock.monotonic());
        clock.advance(20_000);
        return Promise.resolve({ evaluated: [nothing] });
      },
    };
    const gate = gateWith([long], modes, { threads }, {}, clock);
    const decision = await gate.admit(requestFor(web), deadlineAfter(10_000, clock));
    expect(asked).toHaveLength(1);
    expect(decision.allowed).toBe(false);
    expect(decision.findings.map(({ code }) => code)).toContain('deadline-exceeded');
  });

  test.each([[false], [true]])(
    'R26: where too much memory waits already, nobody waits for a thread (shadow: %s)',
    async (isShadow) => {
      const { asked, threads } = answering({ evaluated: [nothing, nothing, nothing] });
      const clock = fakeClock();
      const waits: string[] = [];
      const mayWait = (namespace: string): boolean => {
        waits.push(namespace);
        return false;
      };
      const decision = await gateOf(threads, isShadow).admit(requestFor(web, { namespace: 'shop' }), {
        ...deadlineAfter(10_000, clock),
        mayWait,
      });
      expect([asked, waits[0]]).toEqual([[], 'shop']);
      expect(decision.allowed).toBe(isShadow);
      expect(said(decision)).toHaveLength(3);
      for (const { code, message } of said(decision))
        expect([code, message]).toEqual([
          'constraint-error',
          expect.stringContaining('too many large objects'),
        ]);
    },
  );
});
