import { describe, expect, test } from 'vitest';
import type { Decision, JudgedImage } from '../../core/decision/decision.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { renderDecision } from './decision-text.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const decision = (image: Partial<JudgedImage>): Decision => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'Decision',
  id: 'web-0-1',
  time: '2026-11-21T00:00:00.000Z',
  source: 'admission',
  object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
  images: [{ path: 'spec.containers[0].image', given: 'r.io/web:1', reference: 'r.io/web:1', ...image }],
  findings: [],
  allowed: true,
  warnings: [],
  exemptions: [],
  versions: { gate: '0.1.0' },
  durations: { total: 1 },
});
const imagesOf = (image: Partial<JudgedImage>): string =>
  renderDecision(decision(image)).split('images\n')[1]?.split('\n\nfindings')[0] ?? '';

describe('explain ID says how an image was looked at', () => {
  test('the digest that the tag stood for, and each credential in the order tried', () => {
    const tried = ['pull secret shop/regcred: denied', 'anonymous: used'];
    expect(imagesOf({ digest, evidence: { tried } })).toBe(
      [
        '  spec.containers[0].image: r.io/web:1 = r.io/web:1',
        `    digest ${digest}`,
        '    tried pull secret shop/regcred: denied',
        '    tried anonymous: used',
      ].join('\n'),
    );
  });
  test('the age of a result that stood in while the registry was down', () => {
    const evidence = { tried: ['anonymous: used, as it was 3 min ago'], staleFor: 185_000 };
    expect(imagesOf({ digest, evidence })).toContain(
      '    its registry could not be asked: judged by a result that was 3 minutes old',
    );
  });
  test('nothing more where nobody looked, or where the text holds the digest', () => {
    expect(imagesOf({})).toBe('  spec.containers[0].image: r.io/web:1 = r.io/web:1');
    const reference = `r.io/web@${digest}`;
    expect(imagesOf({ given: reference, reference, digest })).toBe(
      `  spec.containers[0].image: ${reference} = ${reference}`,
    );
  });
});

test('explain ID says the title of the template beside what its constraint said', () => {
  const finding = (policy: string, check: string): Finding => ({
    policy,
    check,
    mode: 'Deny',
    code: 'constraint-violated',
    message: 'not from an allowed registry',
  });
  const text = renderDecision({
    ...decision({}),
    findings: [finding('K8sAllowedImages/a', 'constraint'), finding('K8sOther/a', 'constraint')],
    titles: { K8sAllowedImages: 'Allowed Images' },
  });
  expect(text.split('findings\n')[1]?.split('\n\n')[0]).toBe(
    [
      '  Deny  constraint-violated  (constraint K8sAllowedImages/a)',
      '        of   Allowed Images',
      '        what not from an allowed registry',
      '  Deny  constraint-violated  (constraint K8sOther/a)',
      '        what not from an allowed registry',
    ].join('\n'),
  );
});
