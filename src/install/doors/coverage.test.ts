import { describe, expect, test } from 'vitest';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import { coverageOf, otherKinds } from './coverage.ts';
import type { KindRow } from './demand.ts';
import { indexServed } from './door-rules.ts';

const workloads = createWorkloadTable([]).all;
const served = indexServed([
  { group: '', versions: ['v1'], resource: 'services', subresource: '', objectGroup: '', kind: 'Service' },
]);
const row = (kinds: readonly string[], apiGroups: readonly string[] = ['*']): KindRow => ({
  apiGroups,
  kinds,
});
const coverage = (rows: readonly KindRow[], hasDoors: boolean, operations: readonly string[] = []) =>
  coverageOf(
    { rows, isDenying: true, operations },
    { workloads, served, hasDoors, operations: ['CREATE', 'UPDATE'] },
  );

describe('what of a constraint is asked about', () => {
  test.each<[string, readonly KindRow[], boolean, boolean, readonly string[]]>([
    ['a workload, always', [row(['Pod'])], false, true, []],
    ['another kind, by the doors', [row(['Service'], [''])], true, true, []],
    ['another kind, without doors: no', [row(['Service'], [''])], false, false, ['Service']],
    ['a kind of another group: no', [row(['Service'], ['apps'])], true, false, ['Service']],
    ['a kind that the cluster does not have: no', [row(['Gone'])], true, false, ['Gone']],
    ['one of two', [row(['Gone', 'Pod'])], true, true, ['Gone']],
    ['everything, by the doors', [], true, true, []],
    ['everything, without doors: workloads alone', [], false, true, [otherKinds]],
    [
      'a group without workloads, without doors: no',
      [row(['*'], ['example.com'])],
      false,
      false,
      [otherKinds],
    ],
  ])('%s', (_title, rows, hasDoors, isAsked, unasked) => {
    expect(coverage(rows, hasDoors)).toEqual({ isAsked, unasked, hasNoOperation: false });
  });

  test('a kind of a group that nobody could read may be served, and is asked about then', () => {
    const options = { workloads, operations: ['CREATE'] as const };
    const gone = { rows: [row(['Gone'])], isDenying: true, operations: [] };
    const unread = indexServed([], ['example.org']);
    expect(coverageOf(gone, { ...options, served: unread, hasDoors: true }).isAsked).toBe(true);
    expect(coverageOf(gone, { ...options, served: unread, hasDoors: false }).isAsked).toBe(false);
  });

  test('a workload in a version that no row has needs the doors', () => {
    const old = {
      group: '',
      versions: ['v0'],
      resource: 'pods',
      subresource: '',
      objectGroup: '',
      kind: 'Pod',
    };
    const options = { workloads, served: indexServed([old]), operations: ['CREATE'] as const };
    const pods = { rows: [row(['Pod'])], isDenying: true, operations: [] };
    expect(coverageOf(pods, { ...options, hasDoors: true }).isAsked).toBe(true);
    expect(coverageOf(pods, { ...options, hasDoors: false })).toMatchObject({
      isAsked: false,
      unasked: ['Pod'],
    });
  });

  test('a template for operations that nobody asks about: nothing', () => {
    expect(coverage([row(['Pod'])], true, ['DELETE'])).toMatchObject({
      isAsked: false,
      hasNoOperation: true,
    });
    expect(coverage([row(['Pod'])], true, ['DELETE', 'CREATE'])).toMatchObject({ isAsked: true });
  });
});
