import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectAt } from '../../../test/fakes/workload-object.ts';
import type { JsonObject, JsonValue } from '../text/json/json.ts';
import { createWorkloadTable } from './kinds/kinds.ts';
import { maxPullSecrets, pullSecretsOf } from './pull-context.ts';
import type { WorkloadKind } from './kinds/workload-kind.ts';

const table = createWorkloadTable([]);
const kindOf = (group: string, kind: string): WorkloadKind => table.byKind(group, kind)!;
const pod = kindOf('', 'Pod');

/** An object with this pod spec at the first place that the row names. */
const objectOf = ({ podSpec }: WorkloadKind, spec: JsonValue): JsonObject =>
  objectAt([podSpec ?? []].flat()[0]!, spec);

describe('every kind with a pod spec', () => {
  const kinds = table.all.filter(({ podSpec }) => podSpec !== undefined);
  test.each(kinds.map((kind) => [`${kind.group}/${kind.kind}`, kind] as const))(
    '%s names its pull secrets',
    (_title, kind) => {
      const spec = { imagePullSecrets: [{ name: 'a' }, { name: 'b' }], serviceAccountName: 'puller' };
      expect(pullSecretsOf(kind, objectOf(kind, spec))).toEqual({
        pullSecrets: ['a', 'b'],
        serviceAccount: 'puller',
      });
    },
  );

  test('of several pod specs every secret counts, and the first service account', () => {
    const row: WorkloadKind = { ...pod, podSpec: ['spec.head', 'spec.workers[]', 'spec.roles.*'] };
    const spec = {
      head: { imagePullSecrets: [{ name: 'a' }] },
      workers: [{ imagePullSecrets: [{ name: 'b' }, { name: 'a' }], serviceAccountName: 'worker' }, null],
      roles: { x: { imagePullSecrets: [{ name: 'c' }], serviceAccountName: 'other' }, y: 'odd' },
    };
    expect(pullSecretsOf(row, { spec })).toEqual({ pullSecrets: ['a', 'b', 'c'], serviceAccount: 'worker' });
    const many = Array.from({ length: 40 }, (_, at) => ({ imagePullSecrets: [{ name: `s${at}` }] }));
    expect(pullSecretsOf(row, { spec: { workers: many } }).pullSecrets).toHaveLength(maxPullSecrets);
  });

  test('Spark names secrets by text', () => {
    const spark = kindOf('sparkoperator.k8s.io', 'SparkApplication');
    const spec = { imagePullSecrets: ['a', { name: 'b' }, 5], driver: { serviceAccount: 'spark' } };
    expect(pullSecretsOf(spark, { spec })).toEqual({ pullSecrets: ['a', 'b'], serviceAccount: 'spark' });
  });

  test('a kind that only has image paths names none', () => {
    const row: WorkloadKind = {
      ...pod,
      podSpec: undefined,
      images: ['spec.image'],
    } as unknown as WorkloadKind;
    expect(pullSecretsOf(row, { imagePullSecrets: [{ name: 'a' }], serviceAccountName: 'x' })).toEqual({
      pullSecrets: [],
    });
  });

  test('an ephemeral container is pulled with the secrets of its Pod (B17)', () => {
    const spec = {
      imagePullSecrets: [{ name: 'a' }],
      ephemeralContainers: [{ name: 'debug', image: 'busybox' }],
    };
    expect(pullSecretsOf(pod, { spec })).toEqual({ pullSecrets: ['a'] });
  });
});

describe('a pod spec', () => {
  test.each([
    ['without any', {}, { pullSecrets: [] }],
    ['with null', { imagePullSecrets: null, serviceAccountName: null }, { pullSecrets: [] }],
    ['with one name twice', { imagePullSecrets: [{ name: 'a' }, { name: 'a' }] }, { pullSecrets: ['a'] }],
    [
      'with the former field of the service account',
      { serviceAccount: 'old' },
      { pullSecrets: [], serviceAccount: 'old' },
    ],
    [
      'with both fields',
      { serviceAccount: 'old', serviceAccountName: 'new' },
      { pullSecrets: [], serviceAccount: 'new' },
    ],
    [
      'with an empty field and the former one',
      { serviceAccount: 'old', serviceAccountName: '' },
      { pullSecrets: [], serviceAccount: 'old' },
    ],
    [
      'with wrong shapes',
      {
        imagePullSecrets: [7, null, 'a', {}, { name: 7 }, { name: '' }, { name: 'b' }],
        serviceAccountName: ['x'],
      },
      { pullSecrets: ['b'] },
    ],
    ['with an object where a list belongs', { imagePullSecrets: { name: 'a' } }, { pullSecrets: [] }],
    [
      'with a name that no secret has',
      { imagePullSecrets: [{ name: 'a'.repeat(254) }] },
      { pullSecrets: [] },
    ],
  ])('%s', (_title, spec, want) => expect(pullSecretsOf(pod, { spec })).toEqual(want));

  test('with a name that looks elsewhere keeps it: the reader of the secrets has to refuse it (B29)', () => {
    const spec = { imagePullSecrets: [{ name: 'kube-system/token' }] };
    expect(pullSecretsOf(pod, { spec }).pullSecrets).toEqual(['kube-system/token']);
  });

  test('with a thousand secrets is asked for sixteen (B9)', () => {
    const spec = { imagePullSecrets: Array.from({ length: 1000 }, (_, n) => ({ name: `s${n}` })) };
    expect(pullSecretsOf(pod, { spec }).pullSecrets).toHaveLength(maxPullSecrets);
  });
});

test('whatever the object holds, an answer comes back', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('spec', 'template', 'x'), fc.jsonValue()),
      fc.constantFrom(...table.all),
      (object, kind) => {
        const { pullSecrets } = pullSecretsOf(kind, object);
        expect(pullSecrets.length).toBeLessThanOrEqual(maxPullSecrets);
      },
    ),
  );
});
