import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeGate, pod, policySet, requestFor } from '../../../test/fakes/gate.ts';
import { unavailable } from '../facts/fact.ts';
import { compileBroken, matchEverything } from '../policy/match/compile.ts';

const trusted = { registries: { allow: ['registry.example.com/**'] } };
const codesOf = (findings: readonly { code: string; mode: string; policy: string }[]) =>
  findings.map(({ policy, mode, code }) => `${policy}:${mode}:${code}`);
const judge = async (options: Parameters<typeof fakeGate>[0], image: string, more = {}) =>
  fakeGate(options).admit(requestFor(pod({ app: image }), more));

describe('R1: matching policies are ANDed', () => {
  test.each([
    [
      'an image that every policy accepts is allowed',
      { a: { checks: [trusted] }, b: { checks: [{ tags: { deny: ['latest'] } }] } },
      'registry.example.com/web:1',
      [],
    ],
    [
      'one policy against it is enough, and each says so',
      { a: { checks: [trusted] }, b: { checks: [{ tags: { deny: ['latest'] } }] } },
      'evil.io/web',
      ['a:Deny:registry-not-allowed', 'b:Deny:tag-denied'],
    ],
    [
      'a wide policy cannot open what a narrow one closes',
      { narrow: { checks: [trusted] }, wide: { checks: [{ registries: { allow: ['**'] } }] } },
      'evil.io/web:1',
      ['narrow:Deny:registry-not-allowed'],
    ],
    [
      'an image outside every pattern is unmatched in the strictest mode',
      {
        a: { mode: 'Warn', match: { images: ['a.io/**'] }, checks: [trusted] },
        b: { match: { images: ['b.io/**'] }, checks: [trusted] },
      },
      'evil.io/web',
      ['b:Deny:unmatched'],
    ],
    [
      'an unmatched image where all policies only warn gets a warning',
      { a: { mode: 'Warn', match: { images: ['a.io/**'] }, checks: [trusted] } },
      'evil.io/web',
      ['a:Warn:unmatched'],
    ],
    [
      'a namespace that no policy covers: allowed and recorded',
      { a: { match: { namespaces: { include: ['other'] } }, checks: [trusted] } },
      'evil.io/web',
      [':Audit:unmatched'],
    ],
  ])('%s', async (_title, policies, image, want) => {
    const decision = await judge({ policies }, image);
    expect(codesOf(decision.findings)).toEqual(want);
    expect(decision.allowed).toBe(!want.some((code) => code.includes(':Deny:')));
  });

  test.each([
    ['--unmatched deny refuses in a namespace that no policy covers', 'deny' as const, {}, false],
    [
      '--unmatched allow lets through what the policies leave out',
      'allow' as const,
      { a: { match: { images: ['a.io/**'] }, checks: [trusted] } },
      true,
    ],
    [
      'without it the policies decide',
      undefined,
      { a: { match: { images: ['a.io/**'] }, checks: [trusted] } },
      false,
    ],
  ])('%s', async (_title, unmatched, policies, allowed) => {
    expect((await judge({ policies, unmatched }, 'evil.io/web')).allowed).toBe(allowed);
  });

  test('a namespace without policies is recorded as no-policy', async () => {
    expect((await judge({ policies: {} }, 'evil.io/web')).skipped?.code).toBe('no-policy');
  });
});

describe('R3: an unknown selector counts as matching (B12)', () => {
  const selected = { match: { namespaceSelector: { matchLabels: { env: 'prod' } } }, checks: [trusted] };
  test.each([
    [
      'unknown labels: a bad image is denied, and the reason is said',
      {},
      {},
      'evil.io/web',
      ['p:Deny:namespace-unavailable', 'p:Deny:registry-not-allowed'],
    ],
    ['unknown labels: an image that passes is allowed', {}, {}, 'registry.example.com/web:1', []],
    [
      'labels that match: denied without the remark',
      { default: { env: 'prod' } },
      {},
      'evil.io/web',
      ['p:Deny:registry-not-allowed'],
    ],
    [
      'labels that do not match: not covered',
      { default: { env: 'dev' } },
      {},
      'evil.io/web',
      [':Audit:unmatched'],
    ],
    [
      'onUnavailable: Warn weakens only the unsure case',
      {},
      { onUnavailable: 'Warn' },
      'evil.io/web',
      ['p:Warn:namespace-unavailable', 'p:Warn:registry-not-allowed'],
    ],
    [
      'R25: onUnavailable: Warn excuses an outage, and not that all look-ups are taken',
      {
        labels: () => unavailable('labels of namespace default', '64 namespaces are being looked up already'),
      },
      { onUnavailable: 'Warn' },
      'evil.io/web',
      ['p:Deny:namespace-unavailable', 'p:Deny:registry-not-allowed'],
    ],
    [
      'onUnavailable: Warn changes nothing when labels are known',
      { default: { env: 'prod' } },
      { onUnavailable: 'Warn' },
      'evil.io/web',
      ['p:Deny:registry-not-allowed'],
    ],
  ])('%s', async (_title, namespaces, more, image, want) => {
    const decision = await judge({ policies: { p: { ...selected, ...more } }, namespaces }, image);
    expect(codesOf(decision.findings)).toEqual(want);
  });

  test('the namespace is that of the request, never the one that the object claims', async () => {
    const policies = { p: { match: { namespaces: { include: ['prod'] } }, checks: [trusted] } };
    const object = pod({ app: 'evil.io/web' }, { metadata: { namespace: 'sandbox' } });
    expect((await fakeGate({ policies }).admit(requestFor(object, { namespace: 'prod' }))).allowed).toBe(
      false,
    );
  });

  test('objectSelector reads the labels of object and oldObject: removing the label is no way out', async () => {
    const policies = { p: { match: { objectSelector: { matchLabels: { app: 'web' } } }, checks: [trusted] } };
    const old = pod({ app: 'evil.io/a' }, { metadata: { labels: { app: 'web' } } });
    const object = pod({ app: 'evil.io/b' }, { metadata: { labels: {} } });
    const decision = await fakeGate({ policies }).admit(
      requestFor(object, { operation: 'UPDATE', oldObject: old }),
    );
    expect(codesOf(decision.findings)).toEqual(['p:Deny:registry-not-allowed']);
  });
});

describe('R5, R8: a policy that cannot be used', () => {
  const broken = (match = matchEverything) => [
    { name: 'bad', match, problem: 'unknown field "registeries"' },
  ];
  test('denies within what its match covers', async () => {
    const decision = await judge({ broken: broken() }, 'registry.example.com/web:1');
    expect(codesOf(decision.findings)).toEqual(['bad:Deny:policies-unavailable']);
  });
  test('denies nothing beyond what its match covers', async () => {
    const match = { ...matchEverything, include: ['other'] };
    expect((await judge({ broken: broken(match) }, 'evil.io/web')).allowed).toBe(true);
  });
  test.each([
    [
      'an image that the broken policy would not speak about is unmatched, as it was before',
      undefined,
      false,
    ],
    ['--unmatched deny holds for it too', 'deny' as const, false],
    ['--unmatched allow holds for it too', 'allow' as const, true],
  ])('%s', async (_title, unmatchedOverride, allowed) => {
    const compiled = compileBroken('bad', { images: ['a.io/**'] }, 'x');
    const decision = await judge({ broken: [compiled], unmatched: unmatchedOverride }, 'evil.io/x');
    expect(decision.allowed).toBe(allowed);
    expect(decision.findings.map(({ code }) => code)).toEqual(['unmatched']);
  });
  test('a policy in mode Audit beside it does not open what it closed', async () => {
    const compiled = compileBroken('bad', { images: ['a.io/**'] }, 'x');
    const audit = { mode: 'Audit', match: { images: ['b.io/**'] }, checks: [trusted] };
    const decision = await judge({ policies: { audit }, broken: [compiled] }, 'evil.io/x');
    expect(codesOf(decision.findings)).toEqual(['bad:Deny:unmatched']);
  });
  test('an image that the broken policy would speak about is denied whatever --unmatched says', async () => {
    const compiled = compileBroken('bad', { images: ['a.io/**'] }, 'x');
    const decision = await judge({ broken: [compiled], unmatched: 'allow' }, 'a.io/x');
    expect(codesOf(decision.findings)).toEqual(['bad:Deny:policies-unavailable']);
  });
  test('policies that are not loaded deny with policies-unavailable', async () => {
    const decision = await judge(
      { state: { state: 'loading', why: 'no answer' } },
      'registry.example.com/web:1',
    );
    expect(codesOf(decision.findings)).toEqual([':Deny:policies-unavailable']);
  });
});

describe('an invalid reference', () => {
  test('is a finding of every policy that matches the workload, match.images aside', async () => {
    const policies = {
      a: { checks: [trusted] },
      b: { match: { images: ['b.io/**'] }, mode: 'Warn', checks: [trusted] },
    };
    const decision = await judge({ policies }, 'a b');
    expect(codesOf(decision.findings)).toEqual(['a:Deny:invalid-reference', 'b:Warn:invalid-reference']);
    expect(decision.images).toEqual([{ path: 'spec.containers[0].image', given: 'a b' }]);
  });
});

test('findings are ordered by policy, then path with indices as numbers, then check', async () => {
  const containers = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`c${index}`, 'evil.io/x']));
  const policies = { b: { checks: [trusted, { digest: { require: true } }] }, a: { checks: [trusted] } };
  const decision = await fakeGate({ policies }).admit(requestFor(pod(containers)));
  const first = decision.findings.filter(({ policy }) => policy === 'a').map(({ path }) => path);
  expect(first).toEqual(Array.from({ length: 12 }, (_, index) => `spec.containers[${index}].image`));
  expect(decision.findings.slice(12, 14).map(({ check }) => check)).toEqual(['digest', 'registries']);
});

test('no text of the object makes a text of the record longer than 512 characters and one sentence', async () => {
  const host = `${'a.'.repeat(1900)}io`;
  const decision = await judge(
    { policies: { p: { checks: [trusted, { digest: { require: true } }] } } },
    `${host}/x`,
  );
  const texts = [
    ...decision.findings.flatMap((finding) => Object.values(finding)),
    ...decision.images.flatMap((image) => Object.values(image)),
  ];
  expect(Math.max(...texts.map((text) => String(text).length))).toBeLessThan(700);
});

test('the policy index remembers a namespace and forgets under a flood of names', () => {
  const set = policySet({
    p: { match: { namespaces: { include: ['team-*'], exclude: ['team-x'] } }, checks: [trusted] },
  });
  for (let index = 0; index < 10_000; index++) set.forNamespace(`other-${index}`);
  expect(set.forNamespace('team-a').policies.map(({ name }) => name)).toEqual(['p']);
  expect(set.forNamespace('team-x').policies).toEqual([]);
});

test('losing evidence never turns deny into allow: with labels unknown, whatever was denied stays denied', async () => {
  const label = fc.constantFrom('prod', 'dev', 'test');
  const operator = fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist');
  const expression = fc.record({ key: fc.constantFrom('env', 'tier'), operator, value: label });
  await fc.assert(
    fc.asyncProperty(
      fc.array(expression, { minLength: 1, maxLength: 3 }),
      label,
      async (expressions, env) => {
        const matchExpressions = expressions.map(({ key, operator: op, value }) => ({
          key,
          operator: op,
          ...(op === 'In' || op === 'NotIn' ? { values: [value] } : {}),
        }));
        const policies = { p: { match: { namespaceSelector: { matchExpressions } }, checks: [trusted] } };
        const informed = await judge({ policies, namespaces: { default: { env } } }, 'evil.io/web');
        const blind = await judge({ policies }, 'evil.io/web');
        if (!informed.allowed) expect(blind.allowed).toBe(false);
      },
    ),
  );
});
