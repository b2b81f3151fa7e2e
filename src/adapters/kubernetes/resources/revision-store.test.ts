import { describe, expect, test } from 'vitest';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';
import { readPolicy } from '../../../core/policy/schema/schema.ts';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { createRevisionStore, readClusterObject, type ClusterObject } from './revision-store.ts';

const good: JsonObject = { checks: [{ tags: { deny: ['latest'] } }] };
const brackets = JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`) as JsonValue;
const object = (name: string, spec: JsonObject): ClusterObject => {
  const read = readClusterObject({ metadata: { name, uid: name }, spec });
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

  test('leaves its last good revision in force, and is in force itself once it is corrected', () => {
    const store = storeOf(object('one', good));
    store.put(object('one', { ...good, extra: brackets }));
    expect(store.broken()).toEqual([]);
    expect(store.verdicts()).toMatchObject([{ accepted: false }]);
    store.put(object('one', { ...good, mode: 'Warn' }));
    expect(store.accepted()).toMatchObject([{ spec: { mode: 'Warn' } }]);
  });
});
