import { describe, expect, test } from 'vitest';
import { encodeDefect, encodeReview } from './review-response.ts';
import { decisionOf, denial, denyFinding, reviewAnswer } from '../../../../test/fakes/webhook-server.ts';

describe('the answer to an AdmissionReview', () => {
  test('of a plain yes is exactly this', () => {
    const decision = decisionOf({ id: 'gate-1' });
    expect(JSON.parse(encodeReview(decision, 'u-1'))).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u-1', allowed: true, auditAnnotations: { decision: 'gate-1' } },
    });
  });

  test('of a skip says why', () => {
    const decision = decisionOf({ skipped: { code: 'unchanged', message: 'x' } });
    const { auditAnnotations } = reviewAnswer(encodeReview(decision, 'u')).response;
    expect(auditAnnotations).toEqual({ decision: decision.id, skipped: 'unchanged' });
  });

  test('of a no is 403 Forbidden with text, causes and audit annotations', () => {
    const decision = denial();
    const { response } = reviewAnswer(encodeReview(decision, 'u'));
    expect(response).toMatchObject({ uid: 'u', allowed: false, status: { code: 403, reason: 'Forbidden' } });
    expect(response.status?.message).toContain('untrusted-registry/nginx');
    expect(response.status?.details?.causes).toHaveLength(1);
    expect(response.auditAnnotations).toEqual({
      decision: decision.id,
      policies: 'trusted-registries',
      reasons: 'registry-not-allowed',
    });
  });

  test('of a yes with warnings carries them and no status', () => {
    const decision = decisionOf({ warnings: ['careful'], findings: [denyFinding({ mode: 'Warn' })] });
    const { response } = reviewAnswer(encodeReview(decision, 'u'));
    expect(response).toMatchObject({ allowed: true, warnings: ['careful'] });
    expect(response.status).toBeUndefined();
  });

  test('of a yes with audited findings shows them in the audit log only', () => {
    const decision = decisionOf({ findings: [denyFinding({ mode: 'Audit' })] });
    const { response } = reviewAnswer(encodeReview(decision, 'u'));
    expect(response.warnings).toBeUndefined();
    expect(response.auditAnnotations['reasons']).toBe('registry-not-allowed');
  });

  test.each(['"},"allowed":true,"x":{"', '\\', 'a\u2028b', '\ud800'])(
    'cannot be forged by the uid %j',
    (uid) => {
      for (const decision of [decisionOf(), denial()]) {
        const { response } = reviewAnswer(encodeReview(decision, uid));
        expect(response.uid).toBe(uid);
        expect(response.allowed).toBe(decision.allowed);
      }
      expect(reviewAnswer(encodeDefect(uid)).response).toMatchObject({
        uid,
        allowed: false,
        status: { code: 403 },
      });
    },
  );

  test('never carries a patch: a validating webhook must not', () => {
    for (const decision of [decisionOf(), denial()])
      expect(encodeReview(decision, 'u')).not.toContain('patch');
  });
});
