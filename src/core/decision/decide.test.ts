import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { codesOf, judge } from '../../../test/fakes/verdict.ts';
import { known, outage, unavailable } from '../facts/fact.ts';
import { compileBroken, matchEverything } from '../policy-set/compile.ts';

const trusted = { registries: { allow: ['registry.example.com/**'] } };
/** Labels of the namespace while the API server does not answer. */
const unknown = outage('labels of namespace shop', 'no answer');

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
  ])('%s', (_title, policies, image, want) => {
    const verdict = judge(policies, image);
    expect(codesOf(verdict)).toEqual(want);
    expect(verdict.allowed).toBe(!want.some((code) => code.includes(':Deny:')));
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
  ])('%s', (_title, unmatched, policies, allowed) => {
    expect(judge(policies, 'evil.io/web', { unmatched }).allowed).toBe(allowed);
  });
});

describe('R3: an unknown selector counts as matching (B12)', () => {
  const selected = { match: { namespaceSelector: { matchLabels: { env: 'prod' } } }, checks: [trusted] };
  test.each([
    [
      'unknown labels: a bad image is denied, and the reason is said',
      unknown,
      {},
      'evil.io/web',
      ['p:Deny:namespace-unavailable', 'p:Deny:registry-not-allowed'],
    ],
    ['unknown labels: an image that passes is allowed', unknown, {}, 'registry.example.com/web:1', []],
    [
      'labels that match: denied without the remark',
      known({ env: 'prod' }),
      {},
      'evil.io/web',
      ['p:Deny:registry-not-allowed'],
    ],
    ['labels that do not match: not covered', known({ env: 'dev' }), {}, 'evil.io/web', [':Audit:unmatched']],
    [
      'onUnavailable: Warn weakens only the unsure case',
      unknown,
      { onUnavailable: 'Warn' },
      'evil.io/web',
      ['p:Warn:namespace-unavailable', 'p:Warn:registry-not-allowed'],
    ],
    [
      'R25: onUnavailable: Warn excuses an outage, and not that all look-ups are taken',
      unavailable('labels of namespace shop', '64 namespaces are being looked up already'),
      { onUnavailable: 'Warn' },
      'evil.io/web',
      ['p:Deny:namespace-unavailable', 'p:Deny:registry-not-allowed'],
    ],
    [
      'onUnavailable: Warn changes nothing when labels are known',
      known({ env: 'prod' }),
      { onUnavailable: 'Warn' },
      'evil.io/web',
      ['p:Deny:registry-not-allowed'],
    ],
  ])('%s', (_title, namespaceLabels, more, image, want) => {
    expect(codesOf(judge({ p: { ...selected, ...more } }, image, { namespaceLabels }))).toEqual(want);
  });
});

describe('R5, R8: a policy that cannot be used', () => {
  const broken = (match = matchEverything) => [
    { name: 'bad', match, problem: 'unknown field "registeries"' },
  ];
  test('denies within what its match covers', () => {
    expect(codesOf(judge({}, 'registry.example.com/web:1', { broken: broken() }))).toEqual([
      'bad:Deny:policies-unavailable',
    ]);
  });
  test('denies nothing beyond what its match covers', () => {
    const match = { ...matchEverything, include: ['other'] };
    expect(judge({}, 'evil.io/web', { broken: broken(match) }).allowed).toBe(true);
  });
  test.each([
    [
      'an image that the broken policy would not speak about is unmatched, as it was before',
      undefined,
      false,
    ],
    ['--unmatched deny holds for it too', 'deny' as const, false],
    ['--unmatched allow holds for it too', 'allow' as const, true],
  ])('%s', (_title, unmatched, allowed) => {
    const compiled = compileBroken('bad', { images: ['a.io/**'] }, 'x');
    const verdict = judge({}, 'evil.io/x', { broken: [compiled], unmatched });
    expect(verdict.allowed).toBe(allowed);
    expect(verdict.findings.map(({ code }) => code)).toEqual(['unmatched']);
  });
  test('a policy in mode Audit beside it does not open what it closed', () => {
    const compiled = compileBroken('bad', { images: ['a.io/**'] }, 'x');
    const audit = { mode: 'Audit', match: { images: ['b.io/**'] }, checks: [trusted] };
    expect(codesOf(judge({ audit }, 'evil.io/x', { broken: [compiled] }))).toEqual(['bad:Deny:unmatched']);
  });
  test('an image that the broken policy would speak about is denied whatever --unmatched says', () => {
    const compiled = compileBroken('bad', { images: ['a.io/**'] }, 'x');
    expect(codesOf(judge({}, 'a.io/x', { broken: [compiled], unmatched: 'allow' }))).toEqual([
      'bad:Deny:policies-unavailable',
    ]);
  });
});

describe('an invalid reference', () => {
  test('is a finding of every policy that matches the workload, match.images aside', () => {
    const policies = {
      a: { checks: [trusted] },
      b: { match: { images: ['b.io/**'] }, mode: 'Warn', checks: [trusted] },
    };
    const verdict = judge(policies, 'a b');
    expect(codesOf(verdict)).toEqual(['a:Deny:invalid-reference', 'b:Warn:invalid-reference']);
    expect(verdict.findings.map(({ path }) => path)).toEqual(Array(2).fill('spec.containers[0].image'));
  });
});

test('findings are ordered by policy, then path with indices as numbers, then check', () => {
  const policies = { b: { checks: [trusted, { digest: { require: true } }] }, a: { checks: [trusted] } };
  const { findings } = judge(policies, Array<string>(12).fill('evil.io/x'));
  const first = findings.filter(({ policy }) => policy === 'a').map(({ path }) => path);
  expect(first).toEqual(Array.from({ length: 12 }, (_, index) => `spec.containers[${index}].image`));
  expect(findings.slice(12, 14).map(({ check }) => check)).toEqual(['digest', 'registries']);
});

test('the policy index remembers a namespace and forgets under a flood of names', () => {
  const set = policySet({
    p: { match: { namespaces: { include: ['team-*'], exclude: ['team-x'] } }, checks: [trusted] },
  });
  for (let index = 0; index < 10_000; index++) set.forNamespace(`other-${index}`);
  expect(set.forNamespace('team-a').policies.map(({ name }) => name)).toEqual(['p']);
  expect(set.forNamespace('team-x').policies).toEqual([]);
});

test('losing evidence never turns deny into allow: with labels unknown, whatever was denied stays denied', () => {
  const label = fc.constantFrom('prod', 'dev', 'test');
  const operator = fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist');
  const expression = fc.record({ key: fc.constantFrom('env', 'tier'), operator, value: label });
  fc.assert(
    fc.property(fc.array(expression, { minLength: 1, maxLength: 3 }), label, (expressions, env) => {
      const matchExpressions = expressions.map(({ key, operator: op, value }) => ({
        key,
        operator: op,
        ...(op === 'In' || op === 'NotIn' ? { values: [value] } : {}),
      }));
      const policies = { p: { match: { namespaceSelector: { matchExpressions } }, checks: [trusted] } };
      const informed = judge(policies, 'evil.io/web', { namespaceLabels: known({ env }) });
      const blind = judge(policies, 'evil.io/web', { namespaceLabels: unknown });
      if (!informed.allowed) expect(blind.allowed).toBe(false);
    }),
  );
});
