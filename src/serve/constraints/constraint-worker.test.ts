import { afterAll, describe, expect, test } from 'vitest';
import { gateWith, said, says } from '../../../test/fakes/constraint-gate.ts';
import { constraint, template } from '../../../test/fakes/constraints.ts';
import { pod, requestFor } from '../../../test/fakes/gate.ts';
import { createEvaluationThreads } from '../../adapters/constraint-worker/evaluation-threads.ts';

const ends: string[] = [];
const threads = createEvaluationThreads({
  program: new URL('./constraint-worker.ts', import.meta.url),
  threads: 1,
  onEnd: (end) => void ends.push(end),
});
afterAll(() => threads.close());

/** Takes about a hundred thousand steps: five times what is evaluated at once. */
const long = template(
  'ALong',
  `${says('sprintf("%v is long", [input.review.object.metadata.name])')}\nviolation[{"msg": "m"}] { count([x | x := numbers.range(1, 30000)[_]; x > 0]) < 0 }`,
);
const images = template(
  'Images',
  says(
    'sprintf("%v by %v at %v", [input.review.object.spec.containers[_].image, uuid.rfc4122("x"), time.now_ns()])',
  ),
);
const conflict = template('Conflict', 'p = 1 { true }\np = 2 { true }\nviolation[{"msg": "m"}] { p }');
const endless = template(
  'Endless',
  'violation[{"msg": "m"}] { big := numbers.range(1, 20000); x := numbers.range(1, 1000)[_]; array.slice(big, 0, x) == [] }',
);
const templates = [long, images, conflict, endless];
const constraints = [
  constraint('ALong', 'a'),
  constraint('Images', 'b', { enforcementAction: 'warn' }),
  constraint('Conflict', 'c', { enforcementAction: 'dryrun' }),
  constraint('Endless', 'd'),
];

describe('constraints that are evaluated in a thread', () => {
  test('give the decision that they give at once', async () => {
    const request = requestFor(pod({ app: 'nginx', side: 'proxy' }));
    const atOnce = await gateWith(templates, constraints).admit(request);
    const before = ends.length;
    const decision = await gateWith(templates, constraints, { threads }).admit(request);
    expect(ends.slice(before)).toContain('evaluated');
    expect(said(decision)).toEqual(said(atOnce));
    expect(said(decision).map(({ policy, mode, code }) => [policy, mode, code])).toEqual(
      expect.arrayContaining([
        ['ALong/a', 'Deny', 'constraint-violated'],
        ['Images/b', 'Warn', 'constraint-violated'],
        ['Conflict/c', 'Audit', 'constraint-error'],
        ['Endless/d', 'Deny', 'constraint-error'],
      ]),
    );
    expect([decision.allowed, decision.warnings]).toEqual([false, atOnce.warnings]);
  });

  test('in the shadow they refuse and warn nobody', async () => {
    const gate = gateWith(templates, constraints, { threads, isShadow: true });
    const decision = await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(decision.allowed).toBe(true);
    expect(new Set(said(decision).map(({ mode }) => mode))).toEqual(new Set(['Audit']));
    expect(said(decision).length).toBeGreaterThan(3);
  });

  test('let through what none of them forbids', async () => {
    const quiet = template(
      'AQuiet',
      'violation[{"msg": "m"}] { count([x | x := numbers.range(1, 30000)[_]; x > 0]) < 0 }',
    );
    const before = ends.length;
    const gate = gateWith([quiet], [constraint('AQuiet', 'a')], { threads });
    expect((await gate.admit(requestFor(pod({ app: 'nginx' })))).allowed).toBe(true);
    expect(ends.slice(before)).toEqual(['evaluated']);
  });
});
