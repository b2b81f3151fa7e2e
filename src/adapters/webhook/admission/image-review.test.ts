import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../core/text/json/json.ts';
import { decodeImageReview, encodeImageDefect, encodeImageReview } from './image-review.ts';
import { decisionOf, denial, fixture } from '../../../../test/fakes/webhook-server.ts';

const head = { apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview' };

test('R21: decodes namespace and images', () => {
  expect(decodeImageReview(JSON.parse(fixture('image-review.json')) as JsonValue, 'unverified')).toEqual({
    ok: true,
    value: {
      namespace: 'shop',
      images: ['untrusted-registry/nginx', 'registry.example.com/shop/checkout:2.14.3'],
      caller: 'unverified',
    },
  });
});

test('an image that is missing stays in the list as an empty text: it must not pass unseen', () => {
  const decoded = decodeImageReview({ ...head, spec: { containers: [{}, { image: 'a' }] } }, 'verified');
  expect(decoded).toMatchObject({ ok: true, value: { images: ['', 'a'], namespace: '' } });
});

test('annotations are read by nobody, so none is a reason to refuse', () => {
  const decoded = decodeImageReview({ ...head, spec: { annotations: { a: 1 } } }, 'verified');
  expect(decoded).toEqual({ ok: true, value: { namespace: '', images: [], caller: 'verified' } });
});

test.each<[string, JsonValue, string]>([
  ['another kind', { ...head, kind: 'AdmissionReview', spec: {} }, 'kind is not ImageReview'],
  [
    'another version',
    { ...head, apiVersion: 'imagepolicy.k8s.io/v1', spec: {} },
    'apiVersion is not imagepolicy.k8s.io/v1alpha1',
  ],
  ['no spec', head, 'the ImageReview carries no spec'],
  ['containers that are an object', { ...head, spec: { containers: {} } }, 'spec.containers must be a list'],
  [
    'a container that is a text',
    { ...head, spec: { containers: ['nginx'] } },
    'spec.containers[0] must be an object',
  ],
  [
    'an image that is a number',
    { ...head, spec: { containers: [{ image: 1 }] } },
    'spec.containers[0].image must be text',
  ],
  ['a namespace that is a list', { ...head, spec: { namespace: [] } }, 'spec.namespace must be text'],
  ['a list', [], 'the request body is not a JSON object'],
])('refuses %s, and says which field is wrong', (_title, value, error) =>
  expect(decodeImageReview(value, 'unverified')).toEqual({ ok: false, error }),
);

describe('the answer', () => {
  test('of a yes', () => {
    const decision = decisionOf();
    expect(JSON.parse(encodeImageReview(decision))).toEqual({
      ...head,
      status: { allowed: true, auditAnnotations: { decision: decision.id } },
    });
  });
  test('of a no gives the reason', () => {
    expect(JSON.parse(encodeImageReview(denial()))).toMatchObject({
      status: { allowed: false, reason: expect.stringContaining('untrusted-registry/nginx') as string },
    });
  });
  test('of last resort is a no', () => {
    expect(JSON.parse(encodeImageDefect())).toMatchObject({ ...head, status: { allowed: false } });
  });
});
