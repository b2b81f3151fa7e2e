import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import {
  fixture,
  http1,
  startGate,
  type Send,
  type TestGate,
} from '../../../../test/fakes/webhook-server.ts';
import { unchangedObject, type Mutation } from '../../../gate/mutation/mutation.ts';
import { encodeMutation } from './mutation-response.ts';

interface MutationAnswer {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patchType?: string;
    readonly patch?: string;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
  };
}
const answerOf = (text: string): MutationAnswer => JSON.parse(text) as MutationAnswer;

const pinned = `docker.io/library/nginx:1.27@sha256:${'a'.repeat(64)}`;
const mutation: Mutation = {
  patch: [{ op: 'replace', path: '/spec/containers/0/image', value: pinned }],
  warnings: ['a warning'],
};

describe('the answer of /mutate', () => {
  test('carries the patch as base64 of JSON', () => {
    const { apiVersion, kind, response } = answerOf(encodeMutation(mutation, 'u"1'));
    expect({ apiVersion, kind }).toEqual({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
    expect(response).toMatchObject({
      uid: 'u"1',
      allowed: true,
      patchType: 'JSONPatch',
      warnings: ['a warning'],
    });
    expect(JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString())).toEqual(mutation.patch);
    expect(response.auditAnnotations).toEqual({ pinned: '/spec/containers/0/image' });
  });

  test('carries no patch and no patch type when nothing changes: the API server refuses one without the other', () => {
    expect(answerOf(encodeMutation(unchangedObject, 'u')).response).toEqual({ uid: 'u', allowed: true });
    const warned = answerOf(encodeMutation({ patch: [], warnings: ['a'] }, 'u')).response;
    expect(warned).toEqual({ uid: 'u', allowed: true, warnings: ['a'] });
  });

  test('keeps the audit annotation short however many images are pinned', () => {
    const patch = Array.from({ length: 64 }, () => mutation.patch[0]).filter((step) => step !== undefined);
    const { auditAnnotations } = answerOf(encodeMutation({ patch, warnings: [] }, 'u')).response;
    expect(auditAnnotations?.['pinned']).toHaveLength(512);
  });
});

describe('POST /mutate', () => {
  const review = fixture('pod-create.json');
  const { uid } = (JSON.parse(review) as { request: { uid: string } }).request;
  let gate: TestGate;
  let send: Send;
  let mutate: () => Mutation | Promise<Mutation> = () => mutation;
  beforeAll(async () => {
    const authority = await createAuthority('test');
    const issued = await authority.issueServer('gate', ['127.0.0.1']);
    gate = await startGate(
      { certificate: { cert: issued.certificate, key: issued.key } },
      { mutate: () => mutate() },
    );
    const overTls = http1(gate, { ca: authority.certificate });
    send = (sent) => overTls({ path: '/mutate?timeout=10s', ...sent });
  });
  afterAll(() => gate.server.drain(100));

  test('answers the patch, and leaves no decision: /validate has the verdict', async () => {
    mutate = () => mutation;
    const reply = await send({ body: review });
    expect(reply.status).toBe(200);
    expect(answerOf(reply.text).response).toMatchObject({ uid, allowed: true, patchType: 'JSONPatch' });
    expect(gate.answered).toEqual([]);
  });

  test.each<[string, () => Mutation | Promise<Mutation>]>([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
  ])('lets the object go on unchanged when the handler %s, and says so', async (_title, failing) => {
    mutate = failing;
    const reply = await send({ body: review });
    expect(reply.status).toBe(200);
    expect(answerOf(reply.text).response).toEqual({ uid, allowed: true });
    expect(gate.problems.splice(0)).toMatchObject([{ kind: 'handler' }]);
  });

  test.each<[string, string]>([
    ['a request of another shape', review.replace('"operation":"CREATE"', '"operation":"create"')],
    ['another version', review.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1')],
    [
      'an object that is too deep',
      `{"request":{"uid":"${uid}","object":${'['.repeat(300)}${']'.repeat(300)}}}`,
    ],
  ])('never denies: %s with a uid goes on unchanged', async (_title, body) => {
    const reply = await send({ body });
    expect(reply.status).toBe(200);
    expect(answerOf(reply.text).response).toEqual({ uid, allowed: true });
  });

  test.each<[string, string | Uint8Array, number]>([
    ['no JSON', 'x', 400],
    ['no uid', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}', 400],
    ['a body over the cap', Buffer.alloc(8 * 1024 * 1024 + 1, ' '), 413],
  ])('%s is an error of HTTP, as with the other doors', async (_title, body, status) => {
    const reply = await send({ body });
    expect(reply.status).toBe(status);
    expect(gate.refused).toEqual([]);
    expect(gate.answered).toEqual([]);
  });
});
