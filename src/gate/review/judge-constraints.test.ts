import { describe, expect, test } from 'vitest';
import { known, unavailable, type Fact } from '../../core/facts/fact.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { answerOf, gateWith, noBash, said, says, web } from '../../../test/fakes/constraint-gate.ts';
import { constraint, constraintsOf, storeOf, template } from '../../../test/fakes/constraints.ts';
import { fakeGate, pod, requestFor } from '../../../test/fakes/gate.ts';

describe('what constraints say', () => {
  test('a denial is the lines of Gatekeeper and nothing else; the decision is the last cause', async () => {
    const gate = gateWith([noBash], [constraint('NoBash', 'b'), constraint('NoBash', 'a')]);
    const decision = await gate.admit(requestFor(pod({ x: 'z', y: 'bash' })));
    expect(decision.allowed).toBe(false);
    const { status } = answerOf(decision);
    expect(status?.message).toBe('[a] bash is bash\n[b] bash is bash\n[a] z is bash\n[b] z is bash');
    expect(status?.details.causes.at(-1)).toEqual({
      reason: 'decision',
      message: `decision ${decision.id}; to see all of it: imagegate explain ${decision.id}`,
    });
    expect(said(decision)[0]).toEqual({
      policy: 'NoBash/a',
      check: 'constraint',
      mode: 'Deny',
      code: 'constraint-violated',
      message: 'bash is bash',
    });
    expect(decision.versions['constraints']).toMatch(/^sha256:[0-9a-f]{16}$/);
    expect(decision.durations['constraints']).toBeGreaterThanOrEqual(0);
    expect(decision).not.toHaveProperty('skipped');
  });

  test('warnings come in the order of Gatekeeper: by message, whatever the kinds are called', async () => {
    const warn = { enforcementAction: 'warn' };
    const late = template('ALate', says('"z"'));
    const early = template('BEarly', says('"a"'));
    const gate = gateWith(
      [late, early],
      [constraint('ALate', 'late', warn), constraint('BEarly', 'early', warn)],
    );
    const decision = await gate.admit(requestFor(web));
    expect(answerOf(decision).warnings).toEqual(['[early] a', '[late] z']);
  });

  test('deny, warn, dryrun and scoped are Deny, Warn, Audit and what the webhook is told', async () => {
    const scoped = {
      enforcementAction: 'scoped',
      scopedEnforcementActions: [
        { action: 'warn', enforcementPoints: [{ name: 'validation.gatekeeper.sh' }] },
        { action: 'deny', enforcementPoints: [{ name: 'audit.gatekeeper.sh' }] },
      ],
    };
    const gate = gateWith(
      [noBash],
      [
        constraint('NoBash', 'warns', { enforcementAction: 'warn' }),
        constraint('NoBash', 'dry', { enforcementAction: 'dryrun' }),
        constraint('NoBash', 'scoped', scoped),
      ],
    );
    const decision = await gate.admit(requestFor(web));
    expect(decision.allowed).toBe(true);
    expect(said(decision).map(({ policy, mode }) => [policy, mode])).toEqual([
      ['NoBash/dry', 'Audit'],
      ['NoBash/scoped', 'Warn'],
      ['NoBash/warns', 'Warn'],
    ]);
    expect(answerOf(decision).warnings).toEqual(['[scoped] bash is bash', '[warns] bash is bash']);
  });

  test('an unknown action denies', async () => {
    const gate = gateWith([noBash], [constraint('NoBash', 'a', { enforcementAction: 'denny' })]);
    expect((await gate.admit(requestFor(web))).allowed).toBe(false);
  });

  test('details are kept, and an empty object of them is none', async () => {
    const rules =
      'violation[{"msg": "m", "details": d}] { d := {"missing": ["a"]} }\nviolation[{"msg": "n", "details": {}}]';
    const findings = said(
      await gateWith([template('K', rules)], [constraint('K', 'k')]).admit(requestFor(web)),
    );
    expect(findings.map(({ detail }) => detail)).toEqual([undefined, '{"missing":["a"]}']);
  });

  test('in the shadow nobody is refused or warned', async () => {
    const gate = gateWith([noBash], [constraint('NoBash', 'a')], { isShadow: true });
    const decision = await gate.admit(requestFor(web));
    expect(decision.allowed).toBe(true);
    expect(said(decision).map(({ mode }) => mode)).toEqual(['Audit']);
    expect(answerOf(decision)).not.toHaveProperty('warnings');
  });

  test('the text of policies follows behind the lines of constraints', async () => {
    const policy = { checks: [{ registries: { allow: ['registry.example.com/**'] } }] };
    const gate = gateWith([noBash], [constraint('NoBash', 'a')], {}, { trusted: policy });
    const decision = await gate.admit(requestFor(web));
    const lines = answerOf(decision).status?.message.split('\n') ?? [];
    expect(lines[0]).toBe('[a] bash is bash');
    expect(lines[1]).toContain('registry-not-allowed');
    expect(lines.at(-1)).toContain(`imagegate explain ${decision.id}`);
  });
});

describe('what constraints are asked about', () => {
  const always = template('Always', says('input.review.operation'));
  const every = constraint('Always', 'every');

  test.each([
    ['a deletion', requestFor(null, { operation: 'DELETE', oldObject: web }), 'operation', 'DELETE'],
    ['scale', requestFor(web, { subResource: 'scale' }), 'subresource', 'CREATE'],
    ['labels alone', requestFor(web, { operation: 'UPDATE', oldObject: web }), 'unchanged', 'UPDATE'],
  ])('R2: the short cuts are for images alone: %s', async (_title, request, skipped, operation) => {
    const decision = await gateWith([always], [every]).admit(request);
    expect(decision.allowed).toBe(false);
    expect(decision.skipped?.code).toBe(skipped);
    expect(answerOf(decision).status?.message).toBe(`[every] ${operation}`);
  });

  test('a deletion without the object that goes is refused', async () => {
    const decision = await gateWith([always], [every]).admit(requestFor(null, { operation: 'DELETE' }));
    expect(decision.findings.map(({ code }) => code)).toEqual(['malformed-request']);
  });

  test('nothing is skipped for want of a policy when a constraint has judged', async () => {
    const quiet = template('Quiet', 'violation[{"msg": "m"}] { false }');
    const gate = gateWith([quiet], [constraint('Quiet', 'q')]);
    const decision = await gate.admit(requestFor(web));
    expect(decision).toMatchObject({ allowed: true, warnings: [] });
    expect(decision.skipped).toBeUndefined();
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: {} };
    expect((await gate.admit(requestFor(widget))).skipped).toBeUndefined();
    const elsewhere = gateWith([quiet], [constraint('Quiet', 'q', { match: { namespaces: ['other'] } })]);
    expect((await elsewhere.admit(requestFor(web))).skipped?.code).toBe('no-policy');
    expect((await elsewhere.admit(requestFor(widget))).skipped?.code).toBe('not-judged');
  });

  test('a Namespace stands in none, though the API server says that it stands in itself', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    const rules =
      'violation[{"msg": "stands in one"}] { input.review.namespace }\nviolation[{"msg": "asked"}]';
    const gate = gateWith([template('K', rules)], [constraint('K', 'k')]);
    const decision = await gate.admit(requestFor(namespace, { namespace: 'shop', name: 'shop' }));
    expect(said(decision).map(({ message }) => message)).toEqual(['asked']);
  });

  test('excluded namespaces are kept away, and the record says so', async () => {
    const gate = gateWith([always], [every], { excluded: ['kube-*'] });
    const decision = await gate.admit(requestFor(web, { namespace: 'kube-system' }));
    expect(said(decision)).toEqual([]);
    expect(decision.allowed).toBe(true);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: {} };
    expect((await gate.admit(requestFor(service, { namespace: 'kube-system' }))).skipped?.code).toBe(
      'excluded',
    );
    expect((await gate.admit(requestFor(web, { namespace: 'shop' }))).allowed).toBe(false);
  });

  test('/image-review knows no constraints', async () => {
    expect(said(await gateWith([always], [every]).reviewImages('shop', ['bash']))).toEqual([]);
  });
});

describe('nothing allows in silence', () => {
  test('constraints that are not loaded yet refuse; in the shadow they are recorded', async () => {
    const deps = constraintsOf(storeOf([], []));
    const loading = {
      ...deps,
      source: { current: () => ({ state: 'loading', why: 'not listed' }) as const },
    };
    const decision = await fakeGate({ constraints: loading }).admit(requestFor(web));
    expect(decision.allowed).toBe(false);
    expect(decision.findings[0]).toMatchObject({ code: 'policies-unavailable', mode: 'Deny' });
    const shadow = await fakeGate({ constraints: { ...loading, isShadow: true } }).admit(requestFor(web));
    expect(shadow.allowed).toBe(true);
    expect(shadow.findings[0]).toMatchObject({ code: 'policies-unavailable', mode: 'Audit' });
  });

  test('an error speaks in the mode of its constraint, with the text of OPA', async () => {
    const conflict = template('Conflict', 'p = 1 { true }\np = 2 { true }\nviolation[{"msg": "m"}] { p }');
    const gate = gateWith(
      [conflict],
      [constraint('Conflict', 'denies'), constraint('Conflict', 'warns', { enforcementAction: 'warn' })],
    );
    const decision = await gate.admit(requestFor(web));
    const findings = said(decision);
    expect(decision.allowed).toBe(false);
    expect(findings.map(({ policy, mode, code }) => [policy, mode, code])).toEqual([
      ['Conflict/denies', 'Deny', 'constraint-error'],
      ['Conflict/warns', 'Warn', 'constraint-error'],
    ]);
    expect(findings[0]?.message).toContain('complete rules must not produce multiple outputs');
  });

  test('the steps of a review have an end, and the constraints behind it are errors', async () => {
    const long = template(
      'Long',
      'violation[{"msg": "m"}] { count([x | x := numbers.range(1, 100000)[_]; x > 0]) < 0 }',
    );
    const all = Array.from({ length: 40 }, (_, at) => constraint('Long', `c${String(at).padStart(2, '0')}`));
    const findings = said(await gateWith([long], all).admit(requestFor(web)));
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.length).toBeLessThan(40);
    expect(findings.every(({ code }) => code === 'constraint-error')).toBe(true);
    expect(findings.at(-1)).toMatchObject({ policy: 'Long/c39', mode: 'Deny' });
  });

  test('a template that never compiled refuses what its constraints match, and nothing else', async () => {
    const broken = template('Broken', 'violation[{"msg": msg}] { msg := nothing }');
    const shop = constraint('Broken', 'b', { match: { namespaces: ['shop'] } });
    const gate = gateWith([broken], [shop]);
    const decision = await gate.admit(requestFor(web, { namespace: 'shop' }));
    expect(said(decision)).toMatchObject([{ policy: 'Broken/b', code: 'constraint-unusable', mode: 'Deny' }]);
    expect(said(decision)[0]?.message).toContain('rego_unsafe_var_error');
    expect((await gate.admit(requestFor(web, { namespace: 'other' }))).allowed).toBe(true);
  });

  test('R8: a template or a constraint that breaks keeps its last good revision', async () => {
    const store = storeOf([noBash], [constraint('NoBash', 'a', { match: { namespaces: ['shop'] } })]);
    store.putTemplate(template('NoBash', 'violation[{"msg": msg}] { msg := nothing }'));
    store.putConstraint('NoBash', constraint('NoBash', 'a', { match: { namespaces: 'shop' } }));
    const gate = fakeGate({ constraints: constraintsOf(store) });
    const findings = said(await gate.admit(requestFor(web, { namespace: 'shop' })));
    expect(findings.map(({ message }) => message)).toEqual(['bash is bash']);
    expect((await gate.admit(requestFor(web, { namespace: 'other' }))).allowed).toBe(true);
    expect(store.templates()[0]?.problems).not.toEqual([]);
    expect(store.constraints()[0]?.problems).not.toEqual([]);
  });

  test('a new object of the same name has no revision before it', async () => {
    const store = storeOf([noBash], [constraint('NoBash', 'a')]);
    const next = template('NoBash', 'violation[{"msg": msg}] { msg := nothing }');
    store.putTemplate({ ...next, metadata: { name: 'nobash', uid: 'another' } });
    const findings = said(await fakeGate({ constraints: constraintsOf(store) }).admit(requestFor(web)));
    expect(findings.map(({ code }) => code)).toEqual(['constraint-unusable']);
  });

  test('what cannot be used does not refuse its own repair', async () => {
    const broken = template('Broken', 'violation[{"msg": msg}] { msg := nothing }');
    const store = storeOf(
      [broken, noBash],
      [constraint('Broken', 'all'), constraint('NoBash', 'a', { match: 'everything' })],
    );
    const gate = fakeGate({ constraints: { ...constraintsOf(store), reader: store } });
    const repaired = { ...template('Broken', says('"x"')), apiVersion: 'templates.gatekeeper.sh/v1' };
    for (const object of [repaired, constraint('NoBash', 'a')])
      expect(await gate.admit(requestFor(object, { namespace: '', operation: 'UPDATE' }))).toMatchObject({
        allowed: true,
        findings: [],
      });
    expect((await gate.admit(requestFor(web))).allowed).toBe(false);
  });

  test('a constraint that cannot be read refuses everything', async () => {
    const store = storeOf([noBash], [constraint('NoBash', 'a', { match: 'everything' })]);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: {} };
    const findings = said(await fakeGate({ constraints: constraintsOf(store) }).admit(requestFor(service)));
    expect(findings.map(({ code, mode }) => [code, mode])).toEqual([['constraint-unusable', 'Deny']]);
  });

  const selecting = constraint('NoBash', 'a', { match: { namespaceSelector: { matchLabels: { a: 'b' } } } });
  const shop = (labels: JsonObject) => known({ metadata: { name: 'shop', labels } });

  test('a selector of a namespace that nobody knows is an error of the constraint', async () => {
    const asked = (namespace: Fact<JsonObject>) =>
      gateWith([noBash], [selecting], { namespace }).admit(requestFor(web));
    const unknown = await asked(unavailable('namespace', 'no answer'));
    expect(said(unknown)).toMatchObject([{ code: 'constraint-error', mode: 'Deny' }]);
    expect(said(unknown)[0]?.message).toMatch(/^unable to match constraints: /);
    expect(said(await asked(shop({ a: 'b' }))).map(({ code }) => code)).toEqual(['constraint-violated']);
    expect(said(await asked(shop({ a: 'c' })))).toEqual([]);
  });

  test('a template that looks at a namespace that nobody knows says so', async () => {
    const looks = template(
      'Looks',
      'violation[{"msg": "m"}] { input.review.namespaceObject.metadata.labels.a == "b" }',
    );
    const asked = (namespace: Fact<JsonObject>) =>
      gateWith([looks], [constraint('Looks', 'l')], { namespace }).admit(requestFor(web));
    expect(said(await asked(unavailable('namespace', 'no answer')))).toMatchObject([
      { code: 'namespace-unavailable', mode: 'Deny', policy: 'Looks/l' },
    ]);
    expect(said(await asked(shop({ a: 'b' }))).map(({ code }) => code)).toEqual(['constraint-violated']);
    expect(said(await asked(shop({})))).toEqual([]);
  });
});

describe('R9: templates and constraints on their way in', () => {
  const store = storeOf([noBash], []);
  const judged = (object: JsonObject) =>
    fakeGate({ constraints: { ...constraintsOf(store), reader: store } }).admit(
      requestFor(object, { namespace: '' }),
    );
  const written = (one: JsonObject): JsonObject => ({ ...one, apiVersion: 'templates.gatekeeper.sh/v1' });

  test('one that can be used is let in', async () => {
    expect(await judged(written(noBash))).toMatchObject({ allowed: true, findings: [] });
    expect(await judged(constraint('NoBash', 'a'))).toMatchObject({ allowed: true, findings: [] });
    // Nothing is known of a kind whose template is not there.
    expect(await judged(constraint('Other', 'a', { match: 'x' }))).toMatchObject({ allowed: true });
  });

  test.each([
    [
      'does not compile',
      template('Broken', 'violation[{"msg": msg}] { msg := nothing }'),
      'rego_unsafe_var_error',
    ],
    [
      'reads the inventory',
      template('Broken', 'violation[{"msg": "m"}] { data.inventory.cluster }'),
      'data.inventory',
    ],
    ['has no violation', template('Broken', 'p { true }'), 'violation'],
  ])('a template that %s is refused', async (_title, object, text) => {
    const decision = await judged(written(object));
    expect(decision.allowed).toBe(false);
    expect(decision.findings[0]?.code).toBe('template-invalid');
    expect(decision.findings[0]?.message).toContain(text);
  });

  test('a constraint that cannot be read is refused', async () => {
    const decision = await judged(constraint('NoBash', 'a', { match: { namespaces: ['a*b'] } }));
    expect(decision).toMatchObject({ allowed: false, findings: [{ code: 'constraint-invalid' }] });
  });
});
