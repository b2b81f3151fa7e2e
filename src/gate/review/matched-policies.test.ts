import { describe, expect, test } from 'vitest';
import { pod } from '../../../test/fakes/gate.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { known, unavailable, type Fact } from '../../core/facts/fact.ts';
import type { Labels } from '../../core/policy/match/label-selector.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import { matchedPoliciesOf } from './matched-policies.ts';

const row = createWorkloadTable([]).byKind('', 'Pod')!;
const checks = [{ registries: { allow: ['registry.example.com/**'] } }];
const unknown = unavailable('namespace labels', 'nobody looked');

/** Which policies match a Pod with such labels. */
const matching =
  (policies: Parameters<typeof policySet>[0], set = policySet(policies)) =>
  (namespace: string, labels: Record<string, string> = {}, namespaceLabels: Fact<Labels> = known({})) =>
    matchedPoliciesOf(
      {
        namespace,
        what: { kind: 'workload', row, object: pod({ app: 'x' }, { metadata: { labels } }), oldObject: null },
      },
      set.forNamespace(namespace),
      namespaceLabels,
    );
const names = (matched: ReturnType<ReturnType<typeof matching>>) =>
  matched.policies.map(({ policy }) => policy.name);

describe('which policies match', () => {
  test('is the same for each object of a namespace whose policies ask for no labels', () => {
    const matched = matching({ p: { checks } });
    expect(matched('shop', { app: 'b' })).toBe(matched('shop', { app: 'a' }));
    expect(matched('shop')).toMatchObject({ namespace: 'shop', policies: [{ unsure: false, mode: 'Deny' }] });
    expect(matched('bank').namespace).toBe('bank');
  });

  test('depends on the namespace where a policy selects it by its name', () => {
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } };
    const matched = matching({ p: { match: { namespaceSelector }, checks } });
    expect(names(matched('shop'))).toEqual(['p']);
    expect(names(matched('bank'))).toEqual([]);
    expect(names(matched('shop'))).toEqual(['p']);
  });

  test('depends on the object where a policy selects it by its labels', () => {
    const matched = matching({ p: { match: { objectSelector: { matchLabels: { app: 'web' } } }, checks } });
    expect(names(matched('shop', { app: 'api' }))).toEqual([]);
    expect(names(matched('shop', { app: 'web' }))).toEqual(['p']);
  });

  test('depends on the labels of the namespace where a policy asks for them, and they may be unknown (R3)', () => {
    const matched = matching({
      p: { match: { namespaceSelector: { matchLabels: { tier: 'prod' } } }, checks },
    });
    expect(names(matched('shop', {}, known({ tier: 'dev' })))).toEqual([]);
    expect(names(matched('shop', {}, known({ tier: 'prod' })))).toEqual(['p']);
    expect(matched('shop', {}, unknown).policies).toMatchObject([{ unsure: true }]);
  });
});
