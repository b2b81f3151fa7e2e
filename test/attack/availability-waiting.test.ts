import { afterAll, expect, test } from 'vitest';
import { createCa, issueLeaf } from '../../src/adapters/certificate/issue.ts';
import type { AdmissionRequest } from '../../src/gate/admission-request.ts';
import { decisionOf, denial, http1, reviewAnswer, startGate } from '../fakes/webhook-server.ts';

const kibibyte = 1024;
const endings: (() => void)[] = [];
afterAll(() => endings.splice(0).forEach((end) => end()));

/** A Pod in this namespace whose text is as long as told. */
const podIn = (namespace: string, length: number): string => {
  const review = (filling: string): string =>
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: namespace,
        kind: { group: '', version: 'v1', kind: 'Pod' },
        resource: { group: '', version: 'v1', resource: 'pods' },
        namespace,
        name: 'x',
        operation: 'CREATE',
        userInfo: { username: 'jane', groups: [] },
        object: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'x', annotations: { filling } },
          spec: { containers: [{ name: 'a', image: 'nginx' }] },
        },
        oldObject: null,
      },
    });
  return review('x'.repeat(length - review('').length));
};

/**
 * 22 Pods of 2.9 MB whose registry was silent held all 64 MiB until their deadline, and every other review in the
 * cluster was refused as `overloaded` meanwhile.
 */
test('large Pods that wait for a silent registry take no capacity from reviews that wait for nothing (B9)', async () => {
  const clock = { now: () => Date.now() };
  const ca = await createCa(clock);
  const gate = await startGate(
    {
      certificate: await issueLeaf(ca, ['127.0.0.1'], clock),
      limits: { bodies: { maxBodyBytes: 100 * kibibyte, maxBytesInFlight: 400 * kibibyte } },
    },
    {
      // As the road does it: a review that needs its registry asks whether it may wait, others never do.
      validate: async ({ namespace }: AdmissionRequest, deadline) => {
        if (namespace === 'plain') return decisionOf();
        if (deadline.mayWait?.(namespace) === false) return denial({ code: 'image-unavailable' });
        await new Promise<void>((resolve) => endings.push(resolve));
        return denial({ code: 'image-unavailable' });
      },
    },
  );
  const send = http1(gate, { ca: ca.cert });
  const waiting = Array.from({ length: 2 }, () => send({ body: podIn('silent', 45 * kibibyte) }));
  while (endings.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const tooMany = reviewAnswer((await send({ body: podIn('silent', 45 * kibibyte) })).text);
  expect(tooMany.response).toMatchObject({ uid: 'silent', allowed: false });
  const plain = await send({ body: podIn('plain', 90 * kibibyte) });
  expect(reviewAnswer(plain.text).response).toMatchObject({ uid: 'plain', allowed: true });
  endings.splice(0).forEach((end) => end());
  await Promise.all(waiting);
  expect(gate.server.bytesInFlight()).toBe(0);
  await gate.server.drain(0);
});
