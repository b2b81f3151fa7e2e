import { describe, expect, test } from 'vitest';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';
import { readPolicy } from '../../../core/policy/schema/schema.ts';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { createRevisionStore, readClusterObject, type ClusterObject } from './revision-store.ts';

const good: JsonObject = { checks: [{ tags: { deny: ['latest'] } }] };
const brackets = JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`) as JsonValue;
const object = (name: string, spec: JsonObject, generation = 1): ClusterObject => {
  const read = readClusterObject({ metadata: { name, uid: name, generation }, spec });
  if (read === undefined) throw new Error('an object of a cluster has a name');
  return read;
};
const storeOf = (...all: readonly ClusterObject[]) => {
  const store = createRevisionStore({
    kind: 'ImagePolicy',
    read: (document) => readPolicy(document, anyExpression),
    accepted: 'in force',
    unusable: 'denies',
  });
  store.replace(all);
  return store;
};

describe('a policy that nests as deeply as the API server lets it', () => {
  test.each([
    ['beside its checks', { ...good, extra: brackets }],
    ['in a check', { checks: [{ tags: { deny: brackets } }] }],
    ['in its match', { ...good, match: { namespaces: brackets } }],
  ])('%s is broken, and the others are in force', (_where, spec) => {
    const store = storeOf(object('deep', spec), object('good', good));
    expect(store.broken()).toMatchObject([
      { name: 'deep', problems: [{ message: expect.stringContaining('nested more than') }] },
    ]);
    expect(store.accepted()).toMatchObject([{ metadata: { name: 'good' } }]);
  });

  test('that is changed and still does is another one: what its match covers is read anew', () => {
    const deep = (namespace: string): JsonObject => ({
      ...good,
      match: { namespaces: { include: [namespace] } },
      extra: brackets,
    });
    const store = storeOf(object('one', deep('a')));
    const before = store.version();
    expect(store.put(object('one', deep('b'), 2))).toBe(true);
    expect(store.broken()).toMatchObject([{ spec: { match: { namespaces: { include: ['b'] } } } }]);
    expect(store.version()).not.toBe(before);
    expect(store.put(object('one', deep('b'), 2))).toBe(false);
  });

  test('leaves its last good revision in force, and is in force itself once it is corrected', () => {
    const store = storeOf(object('one', good));
    store.put(object('one', { ...good, extra: brackets }));
    expect(store.broken()).toEqual([]);
    expect(store.verdicts()).toMatchObject([{ accepted: false }]);
    store.put(object('one', { ...good, mode: 'Warn' }));
    expect(store.accepted()).toMatchObject([{ spec: { mode: 'Warn' } }]);
  });
});
