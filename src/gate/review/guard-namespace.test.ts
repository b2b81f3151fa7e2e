import publicGood from '../../adapters/trust-root/public-good.json' with { type: 'json' };
import { describe, expect, test } from 'vitest';
import { fakeGate, requestFor } from '../../../test/fakes/gate.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { matchEverything } from '../../core/policy-set/compile.ts';
import { compileSelector } from '../../core/policy/match/label-selector.ts';

const checks = [{ registries: { allow: ['registry.example.com/**'] } }];
const namespace = (labels: Record<string, string>): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels },
});
const policies = {
  prod: { match: { namespaceSelector: { matchLabels: { env: 'prod' } } }, checks },
  optout: {
    match: { namespaceSelector: { matchExpressions: [{ key: 'gate', operator: 'NotIn', values: ['off'] }] } },
    checks,
  },
  audit: { mode: 'Audit', match: { namespaceSelector: { matchLabels: { tier: 'x' } } }, checks },
};
const relabel = (before: Record<string, string> | null, after: Record<string, string>, user = 'jane') =>
  fakeGate({ policies, admins: ['platform', 'ops-group'] }).admit(
    requestFor(namespace(after), {
      name: 'shop',
      namespace: 'shop',
      operation: before === null ? 'CREATE' : 'UPDATE',
      oldObject: before === null ? null : namespace(before),
      user,
      groups: user === 'ops' ? ['ops-group'] : [],
    }),
  );

describe('R12: namespace labels (B13)', () => {
  test.each([
    ['taking the selected label away is refused', { env: 'prod' }, {}, 'jane', false],
    ['changing its value is refused', { env: 'prod' }, { env: 'dev' }, 'jane', false],
    ['adding an opt-out label is refused', {}, { gate: 'off' }, 'jane', false],
    ['a namespace born with the opt-out label is refused', null, { gate: 'off' }, 'jane', false],
    ['a namespace without labels can be made', null, {}, 'jane', true],
    [
      'a change that leaves every policy in force is allowed',
      { env: 'prod' },
      { env: 'prod', team: 'a' },
      'jane',
      true,
    ],
    ['entering a policy is allowed', {}, { env: 'prod' }, 'jane', true],
    ['leaving an Audit policy is allowed', { tier: 'x' }, {}, 'jane', true],
    ['one of --admins may', { env: 'prod' }, {}, 'platform', true],
    ['a member of an admin group may', { env: 'prod' }, {}, 'ops', true],
  ])('%s', async (_title, before, after, user, allowed) => {
    const decision = await relabel(before, after, user);
    expect(decision.allowed).toBe(allowed);
    if (!allowed) expect(decision.findings[0]?.code).toBe('namespace-escape');
  });
});

test('R12: a broken policy still holds its namespaces: nobody leaves while it is being repaired', async () => {
  const match = { ...matchEverything, namespaceSelector: compileSelector({ matchLabels: { env: 'prod' } }) };
  const decision = await fakeGate({ broken: [{ name: 'bad', match, problem: 'x' }] }).admit(
    requestFor(namespace({}), { name: 'shop', operation: 'UPDATE', oldObject: namespace({ env: 'prod' }) }),
  );
  expect(decision.findings.map(({ code }) => code)).toEqual(['namespace-escape']);
});

test('R12: a namespace that is still to get its name cannot be born outside of a policy', async () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { generateName: 'team-', labels: { gate: 'off' } },
  };
  const named = {
    optout: { ...policies.optout, match: { ...policies.optout.match, namespaces: { include: ['team-*'] } } },
  };
  const decision = await fakeGate({ policies: named }).admit(requestFor(object, { name: '', namespace: '' }));
  expect(decision.allowed).toBe(false);
});

describe('R9: policies on their way in', () => {
  const object = (spec: object): JsonObject =>
    ({
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'p' },
      spec,
    }) as JsonObject;
  test.each([
    ['a good policy is stored', { checks }, undefined],
    [
      'a misspelt field is refused with a suggestion',
      { checks: [{ registries: { alow: ['a.io/**'] } }] },
      'allow',
    ],
    [
      'a misspelt check is refused with a suggestion',
      { checks: [{ registeries: { allow: ['a.io/**'] } }] },
      'registries',
    ],
    [
      'R5: a check that this version cannot run is refused',
      { checks: [{ vulnerabilities: {} }] },
      'vulnerabilities',
    ],
  ])('%s', async (_title, spec, want) => {
    const decision = await fakeGate().admit(requestFor(object(spec), { namespace: '' }));
    expect(decision.allowed).toBe(want === undefined);
    if (want !== undefined) {
      expect(decision.findings[0]?.code).toBe('policy-invalid');
      expect(`${decision.findings[0]?.message} ${decision.findings[0]?.remedy}`).toContain(want);
    }
  });
});

describe('a TrustRoot on its way in (R5, R9)', () => {
  const trustedRoot = JSON.stringify(publicGood);
  const object = (spec: object): JsonObject =>
    JSON.parse(
      JSON.stringify({
        apiVersion: 'imagegate.dev/v1alpha1',
        kind: 'TrustRoot',
        metadata: { name: 'a' },
        spec,
      }),
    ) as JsonObject;
  test.each([
    ['a good root is stored', { sigstore: { trustedRoot } }, undefined],
    ['a misspelt field is refused with a suggestion', { sigstore: { trustedroot: '{}' } }, 'trustedRoot'],
    ['R5: TUF is refused by name', { sigstore: { tuf: {} } }, 'this version cannot fetch a root'],
    [
      'S9: an entry without a start',
      { sigstore: { trustedRoot: trustedRoot.replace('"start":"2021-01-12T11:53:27Z"', '') } },
      'validFor.start: missing field',
    ],
    [
      'a certificate that cannot be read',
      { x509: { roots: 'PEM' } },
      'spec.x509.roots: holds no certificate',
    ],
    ['a file, which a cluster has not', { sigstore: { file: './a.json' } }, 'a cluster has no files'],
  ])('%s', async (_title, spec, want) => {
    const decision = await fakeGate().admit(requestFor(object(spec), { namespace: '' }));
    expect(decision.allowed).toBe(want === undefined);
    if (want !== undefined) {
      expect(decision.findings[0]?.code).toBe('trust-root-invalid');
      expect(`${decision.findings[0]?.message} ${decision.findings[0]?.remedy}`).toContain(want);
    }
  });
});
