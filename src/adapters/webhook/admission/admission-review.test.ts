import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { decodeReview } from './admission-review.ts';
import { fixture } from '../../../../test/fakes/webhook-server.ts';

const parsed = (name: string): JsonObject => JSON.parse(fixture(name)) as JsonObject;
const uid = '9a4b7d52-91f3-4f0c-8d7e-2f8e6b1c4a03';
const review = parsed('kubectl-run.json');
const withRequest = (change: Record<string, JsonValue | undefined>): JsonObject => ({
  ...review,
  request: { ...(review['request'] as JsonObject), ...change },
});

test('decodes what kubectl run sends', () => {
  const decoded = decodeReview(review, 'verified');
  expect(decoded).toMatchObject({
    ok: true,
    value: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: '',
      name: 'nginx',
      namespace: 'default',
      operation: 'CREATE',
      user: 'kubernetes-admin',
      groups: ['kubeadm:cluster-admins', 'system:authenticated'],
      dryRun: false,
      oldObject: null,
      caller: 'verified',
    },
  });
});

test('decodes a deletion: the object is null, the old one is there', () => {
  const decoded = decodeReview(parsed('pod-delete.json'), 'unverified');
  expect(decoded).toMatchObject({
    ok: true,
    value: { operation: 'DELETE', object: null, oldObject: { kind: 'Pod' } },
  });
});

test('Go leaves empty fields out: name, namespace, user and dryRun may be missing', () => {
  const bare = withRequest({
    name: undefined,
    namespace: undefined,
    userInfo: undefined,
    dryRun: undefined,
    oldObject: undefined,
  });
  expect(decodeReview(bare, 'unverified')).toMatchObject({
    ok: true,
    value: { name: '', namespace: '', user: '', groups: [], dryRun: false, oldObject: null },
  });
});

describe('a malformed review with a usable uid keeps it, so that it can be denied', () => {
  test.each([
    ['another kind', { ...review, kind: 'Pod' }, 'kind'],
    ['no kind', { ...review, kind: null }, 'kind'],
    ['another version', { ...review, apiVersion: 'admission.k8s.io/v1beta1' }, 'apiVersion'],
    ['a kind that is a text', withRequest({ kind: 'Pod' }), 'request.kind'],
    ['a kind without a version', withRequest({ kind: { group: '', kind: 'Pod' } }), 'request.kind'],
    [
      'a group that is a number',
      withRequest({ kind: { group: 1, version: 'v1', kind: 'Pod' } }),
      'request.kind',
    ],
    ['no resource', withRequest({ resource: undefined }), 'request.resource'],
    ['an unknown operation', withRequest({ operation: 'create' }), 'request.operation'],
    [
      'an operation that is an inherited name',
      withRequest({ operation: 'constructor' }),
      'request.operation',
    ],
    ['a name that is a number', withRequest({ name: 7 }), 'request.name'],
    ['a namespace that is a list', withRequest({ namespace: ['default'] }), 'request.namespace'],
    ['a subresource that is an object', withRequest({ subResource: {} }), 'request.subResource'],
    ['an object that is a list', withRequest({ object: [] }), 'request.object'],
    ['an object that is a text', withRequest({ object: '{}' }), 'request.object'],
    ['an old object that is a number', withRequest({ oldObject: 1 }), 'request.oldObject'],
    ['a dryRun that is a text', withRequest({ dryRun: 'true' }), 'request.dryRun'],
    ['a user that is a text', withRequest({ userInfo: 'admin' }), 'request.userInfo'],
    [
      'a user name that is a list',
      withRequest({ userInfo: { username: ['admin'] } }),
      'request.userInfo.username',
    ],
    [
      'groups that are a text',
      withRequest({ userInfo: { username: 'admin', groups: 'system:masters' } }),
      'request.userInfo.groups',
    ],
    [
      'a group that is null',
      withRequest({ userInfo: { username: 'admin', groups: [null] } }),
      'request.userInfo.groups[0]',
    ],
  ])('%s, and its message begins with the field', (_title, value, field) => {
    const decoded = decodeReview(value, 'unverified');
    expect(decoded).toMatchObject({ ok: false, error: { uid } });
    expect(decoded.ok ? '' : decoded.error.problem.split(' ')[0]).toBe(field);
  });
});

describe('without a usable uid nothing can be answered', () => {
  test.each<[string, JsonValue]>([
    ['a list', []],
    ['null', null],
    ['a text', 'AdmissionReview'],
    ['no request', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }],
    ['a request that is a list', { ...review, request: [] }],
    ['no uid', withRequest({ uid: undefined })],
    ['an empty uid', withRequest({ uid: '' })],
    ['a uid that is a number', withRequest({ uid: 1 })],
    ['a uid of 300 characters', withRequest({ uid: 'x'.repeat(300) })],
  ])('%s', (_title, value) => {
    const decoded = decodeReview(value, 'unverified');
    expect(decoded.ok).toBe(false);
    expect(decoded.ok ? undefined : decoded.error.uid).toBeUndefined();
  });
});
