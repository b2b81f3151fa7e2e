import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { JsonObject } from '../../core/text/json/json.ts';
import { matchesReview, matchFields, type ConstraintMatch } from './constraint-match.ts';
import { reviewOfObject, reviewOfRequest, type ConstraintReview } from './review.ts';

const pod: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } },
};
const deployment: JsonObject = { ...pod, apiVersion: 'apps/v1', kind: 'Deployment' };
const namespace: JsonObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels: { env: 'prod' } },
};
const node: JsonObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
const generated: JsonObject = { ...pod, metadata: { generateName: 'web-', namespace: 'shop' } };

const inShop = (object: JsonObject): ConstraintReview => ({ ...reviewOfObject(object), namespace });
const answer = (match: ConstraintMatch, review: ConstraintReview): boolean | string => {
  const matched = matchesReview(match, review);
  return matched.ok ? matched.value : matched.error;
};
const env = (value: string): ConstraintMatch => ({ namespaceSelector: { matchLabels: { env: value } } });

describe('each part of a match', () => {
  test.each<readonly [string, ConstraintMatch, JsonObject, boolean]>([
    ['nothing said matches', {}, pod, true],
    ['a kind of its group', { kinds: [{ apiGroups: [''], kinds: ['Pod'] }] }, pod, true],
    ['a kind of another group', { kinds: [{ apiGroups: ['apps'], kinds: ['Pod'] }] }, pod, false],
    ['another kind', { kinds: [{ apiGroups: ['*'], kinds: ['Deployment'] }] }, pod, false],
    ['any kind of a group', { kinds: [{ apiGroups: ['apps'], kinds: ['*'] }] }, deployment, true],
    ['an empty list is any', { kinds: [{ apiGroups: [], kinds: ['Deployment'] }] }, deployment, true],
    ['one entry is enough', { kinds: [{ kinds: ['Pod'] }, { kinds: ['Deployment'] }] }, deployment, true],
    ['a kind in another case is another', { kinds: [{ kinds: ['pod'] }] }, pod, false],
    ['scope Namespaced', { scope: 'Namespaced' }, pod, true],
    ['scope Namespaced has no Namespace', { scope: 'Namespaced' }, namespace, false],
    ['scope Cluster has Namespaces', { scope: 'Cluster' }, namespace, true],
    ['scope Cluster has what stands in none', { scope: 'Cluster' }, node, true],
    ['scope Cluster has no Pod', { scope: 'Cluster' }, pod, false],
    ['another scope is any', { scope: 'cluster' }, pod, true],
    ['a namespace', { namespaces: ['shop'] }, pod, true],
    ['a beginning', { namespaces: ['sh*'] }, pod, true],
    ['an end', { namespaces: ['*op'] }, pod, true],
    ['a middle', { namespaces: ['*ho*'] }, pod, true],
    ['another namespace', { namespaces: ['sho'] }, pod, false],
    ['a Namespace counts by its own name', { namespaces: ['shop'] }, namespace, true],
    ['what stands in no namespace passes', { namespaces: ['other'] }, node, true],
    ['an excluded namespace', { excludedNamespaces: ['shop'] }, pod, false],
    ['an excluded Namespace', { excludedNamespaces: ['s*'] }, namespace, false],
    ['nothing excludes what stands in no namespace', { excludedNamespaces: ['*'] }, node, true],
    ['labels', { labelSelector: { matchLabels: { app: 'web' } } }, pod, true],
    ['other labels', { labelSelector: { matchLabels: { app: 'db' } } }, pod, false],
    ['labels of the namespace', env('prod'), pod, true],
    ['other labels of the namespace', env('dev'), pod, false],
    ['a Namespace has its own labels', env('prod'), namespace, true],
    ['a name', { name: 'web-1' }, pod, true],
    ['a glob on the name', { name: 'web-*' }, pod, true],
    ['another name', { name: 'web' }, pod, false],
    ['a generated name by its beginning', { name: 'web-*' }, generated, true],
    ['a generated name by its middle', { name: '*eb*' }, generated, true],
    ['never by its end', { name: '*web-' }, generated, false],
    ['an empty name is any', { name: '' }, generated, true],
    ['source Original', { source: 'Original' }, pod, true],
    ['source Generated', { source: 'Generated' }, pod, false],
    ['all parts must hold', { namespaces: ['shop'], name: 'other' }, pod, false],
  ])('%s', (_title, match, object, wanted) => {
    const review = object === node || object === namespace ? reviewOfObject(object) : inShop(object);
    expect(answer(match, review)).toBe(wanted);
  });
});

const missing =
  'unable to match constraints: error matching the requested object: web-1 :failed to run Match criteria: namespace selector for namespace-scoped object but missing Namespace';

describe('what is not known is never a "no"', () => {
  test('R3: a selector on a namespace that nobody knows is an error', () => {
    expect(answer(env('prod'), reviewOfObject(pod))).toBe(missing);
  });

  test('a part that does not match before it settles the matter', () => {
    expect(answer({ ...env('prod'), namespaces: ['other'] }, reviewOfObject(pod))).toBe(false);
  });

  test('a request without objects is an error', () => {
    const review = reviewOfRequest({ operation: 'CONNECT' });
    expect(review.ok && answer({}, review.value)).toContain('neither object nor old object are defined');
  });

  test('an object without a kind is an error', () => {
    expect(answer({}, reviewOfObject({ metadata: {} }))).toContain("Object 'Kind' is missing");
  });
});

test('nobody leaves a constraint by the change that it forbids: the old object counts as well', () => {
  const relabelled = { ...pod, metadata: { name: 'web-1', namespace: 'shop', labels: {} } };
  const review = reviewOfRequest({
    operation: 'UPDATE',
    namespace: 'shop',
    object: relabelled,
    oldObject: pod,
  });
  expect(review.ok && answer({ labelSelector: { matchLabels: { app: 'web' } } }, review.value)).toBe(true);
});

test('the namespace of the request counts for objects that name none', () => {
  const options = { apiVersion: 'v1', kind: 'PodExecOptions' };
  const review = reviewOfRequest({ operation: 'CONNECT', namespace: 'shop', object: options });
  expect(review.ok && answer({ namespaces: ['shop'] }, review.value)).toBe(true);
  expect(review.ok && answer({ namespaces: ['other'] }, review.value)).toBe(false);
});

test('a star in the middle of a name is refused', () => {
  expect(matchFields.safeParse({ namespaces: ['a*b'] }).success).toBe(false);
  expect(matchFields.safeParse({ namespaces: ['*', '*a', 'a*', '*a*', 'a'] }).success).toBe(true);
});

test('a namespace is never both matched and excluded by the same globs', () => {
  const glob = fc
    .tuple(fc.boolean(), fc.string({ maxLength: 3 }), fc.boolean())
    .map(([first, text, last]) => `${first ? '*' : ''}${text.replaceAll('*', '')}${last ? '*' : ''}`);
  fc.assert(
    fc.property(
      fc.array(glob, { minLength: 1, maxLength: 3 }),
      fc.string({ minLength: 1, maxLength: 4 }),
      (list, name) => {
        const review = reviewOfObject({ ...pod, metadata: { namespace: name } });
        expect(answer({ namespaces: list }, review)).not.toBe(answer({ excludedNamespaces: list }, review));
      },
    ),
  );
});
