import { describe, expect, test } from 'vitest';
import { recordedDecision } from '../../core/decision/limit.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { answerOf, gateWith, said, says, web } from '../../../test/fakes/constraint-gate.ts';
import { constraint, constraintsOf, storeOf, template } from '../../../test/fakes/constraints.ts';
import { fakeGate, pod, requestFor } from '../../../test/fakes/gate.ts';

describe('texts of strangers', () => {
  test('line breaks of a message stay in the answer, other control characters are escaped, and the record has one line', async () => {
    const gate = gateWith([template('K', says(String.raw`"one\ntwo\u001b[31m"`))], [constraint('K', 'k')]);
    const decision = await gate.admit(requestFor(web));
    expect(answerOf(decision).status?.message).toBe(String.raw`[k] one
two\u{1b}[31m`);
    expect(said(recordedDecision(decision))[0]?.message).toBe(String.raw`one\u{a}two\u{1b}[31m`);
  });

  test('long texts are cut: 8 KiB in the answer, 512 characters in the record', async () => {
    const rules =
      'violation[{"msg": msg}] { i := numbers.range(100, 400)[_]; msg := sprintf("%d%s", [i, concat("", [x | numbers.range(1, 200)[_]; x := "a"])]) }';
    const decision = await gateWith(
      [template('K', rules.replace('[x | ', '[x | _i := '))],
      [constraint('K', 'k')],
    ).admit(requestFor(web));
    const text = answerOf(decision).status?.message ?? '';
    expect(text.length).toBeLessThanOrEqual(8 * 1024);
    expect(text).toMatch(/\n…and \d+ more$/);
    const huge = template(
      'K',
      'violation[{"msg": msg}] { msg := concat("", [x | _i := numbers.range(1, 20000)[_]; x := "a"]) }',
    );
    const one = await gateWith([huge], [constraint('K', 'k')]).admit(requestFor(web));
    expect((answerOf(one).status?.message ?? '').length).toBeLessThanOrEqual(8 * 1024);
    expect(said(recordedDecision(one))[0]?.message.length).toBeLessThanOrEqual(512);
  });

  /** A template whose violations have messages of this length, `m000` and so on. */
  const many = (count: number, length: number): JsonObject =>
    template(
      'Many',
      `violation[{"msg": msg}] { i := numbers.range(1, ${count})[_]; msg := sprintf("m%03d%s", [i, concat("", [x | _i := numbers.range(1, ${length - 4})[_]; x := "ä"])]) }`,
    );
  const bytes = (text: string): number => Buffer.byteLength(text);

  test.each([
    ['fewer than are kept', 100, 100],
    ['more of one constraint than are kept', 300, 100],
    ['more than a record holds', 200, 600],
    ['one that is longer than all may be', 20, 9000],
  ])('what the text leaves out is counted exactly: %s', async (_title, count, length) => {
    const denies = gateWith([many(count, length)], [constraint('Many', 'm')]);
    const decision = await denies.admit(requestFor(web));
    const lines = (answerOf(decision).status?.message ?? '').split('\n');
    expect(bytes(lines.join('\n'))).toBeLessThanOrEqual(8 * 1024);
    expect(lines.at(-1)).toBe(`…and ${String(count - (lines.length - 1))} more`);
    if (length < 9000) expect(bytes(lines.join('\n'))).toBeGreaterThan(8 * 1024 - 2 * length - 32);

    const warns = gateWith([many(count, length)], [constraint('Many', 'm', { enforcementAction: 'warn' })]);
    const warnings = answerOf(await warns.admit(requestFor(web))).warnings ?? [];
    expect(warnings.at(-1)).toBe(
      `${String(count - (warnings.length - 1))} more warnings: see the decision record`,
    );
  });

  test('of policies too, beside constraints', async () => {
    const policy = { checks: [{ registries: { allow: ['registry.example.com/**'] } }] };
    const policies = Object.fromEntries(
      Array.from({ length: 5 }, (_, at) => [`trusted-${String(at)}`, policy]),
    );
    const images = Array.from({ length: 60 }, (_, at) => [
      `c${String(at)}`,
      `${'x'.repeat(200)}${String(at)}`,
    ]);
    const gate = gateWith([many(300, 100)], [constraint('Many', 'm')], {}, policies);
    const decision = await gate.admit(requestFor(pod(Object.fromEntries(images) as Record<string, string>)));
    const lines = (answerOf(decision).status?.message ?? '').split('\n');
    const [first = -1, second = -1] = lines.flatMap((line, at) => (line.startsWith('…and ') ? [at] : []));
    expect(lines[first]).toBe(`…and ${String(300 - first)} more`);
    expect(lines[second]).toBe(`…and ${String(300 - (second - first - 1))} more`);
    expect(lines[first + 1]).toContain('registry-not-allowed');
  });

  test('the record keeps 512 characters of each message, and says how many entries it lacks', async () => {
    const gate = gateWith([many(40, 3000)], [constraint('Many', 'm')]);
    const decision = recordedDecision(await gate.admit(requestFor(web)));
    const { findings, truncated = 0 } = decision;
    expect(Math.max(...findings.map(({ message }) => message.length))).toBe(512);
    expect(said(decision).length + truncated).toBe(40);
    expect(said(decision).length).toBeGreaterThan(15);
    expect(JSON.stringify(decision).length).toBeLessThanOrEqual(64 * 1024);
  });

  test('the title of a template stands in the last cause, in the audit log and in the record, where it has something to say', async () => {
    const titled = (kind: string, title: string, rego: string): JsonObject => {
      const made = template(kind, rego);
      const annotations = { 'metadata.gatekeeper.sh/title': title };
      return { ...made, metadata: { ...(made['metadata'] as JsonObject), annotations } };
    };
    const templates = [
      titled('A', 'Forbidden\nThings', says('"a"')),
      titled('B', 'Quiet', 'violation[{"msg": "m"}] { false }'),
    ];
    const decision = await gateWith(templates, [
      constraint('A', 'a'),
      constraint('A', 'b'),
      constraint('B', 'c'),
    ]).admit(requestFor(web));
    expect(recordedDecision(decision).titles).toEqual({ A: String.raw`Forbidden\u{a}Things` });
    const { status, auditAnnotations } = answerOf(decision);
    expect(auditAnnotations).toMatchObject({ templates: String.raw`Forbidden\u{a}Things` });
    expect(status?.message).toBe('[a] a\n[b] a');
    expect(status?.details.causes.at(-1)?.message).toBe(
      String.raw`Forbidden\u{a}Things: decision ${decision.id}; to see all of it: imagegate explain ${decision.id}`,
    );
    const store = storeOf([titled('A', 'One', says('"a"'))], [constraint('A', 'a')]);
    store.putTemplate(titled('A', 'Another', says('"a"')));
    const changed = await fakeGate({ constraints: constraintsOf(store) }).admit(requestFor(web));
    expect(changed.titles).toEqual({ A: 'Another' });
  });

  test('violations without a message are no results, and counted', async () => {
    const told: [string, number][] = [];
    const silent = template('Silent', 'violation[{"details": x}] { x := {"a", "b"}[_] }\nviolation["text"]');
    const store = storeOf([silent], [constraint('Silent', 's')]);
    const constraints = {
      ...constraintsOf(store),
      onWithoutMessage: (name: string, violations: number): void => void told.push([name, violations]),
    };
    const decision = await fakeGate({ constraints }).admit(requestFor(web));
    expect(decision.allowed).toBe(true);
    expect(said(decision)).toEqual([]);
    expect(told).toEqual([['Silent/s', 3]]);
    expect(store.constraints()).toMatchObject([{ isSilent: true }]);
    store.putConstraint('Silent', constraint('Silent', 's', { enforcementAction: 'warn' }));
    expect(store.constraints()).toMatchObject([{ isSilent: false }]);
  });

  test('warnings stay whole until all of them pass 4,096 runes', async () => {
    const warns = (length: number) =>
      gateWith(
        [template('K', `violation[{"msg": msg}] { msg := concat("", ["${'a'.repeat(length)}"]) }`)],
        [constraint('K', 'k', { enforcementAction: 'warn' })],
      ).admit(requestFor(web));
    expect(answerOf(await warns(4000)).warnings?.[0]).toHaveLength(4004);
    expect(answerOf(await warns(5000)).warnings?.[0]).toHaveLength(256);
  });
});
