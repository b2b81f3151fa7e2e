import { describe, expect, test } from 'vitest';
import { fakeGate, pod, requestFor } from '../../../test/fakes/gate.ts';

const trusted = { registries: { allow: ['registry.example.com/**'] } };
const codesOf = (findings: readonly { code: string; mode: string; policy: string }[]) =>
  findings.map(({ policy, mode, code }) => `${policy}:${mode}:${code}`);
const judge = async (options: Parameters<typeof fakeGate>[0], image: string) =>
  fakeGate(options).admit(requestFor(pod({ app: image })));

describe('what a review hands to the decision', () => {
  test('a namespace without policies is recorded as no-policy', async () => {
    expect((await judge({ policies: {} }, 'evil.io/web')).skipped?.code).toBe('no-policy');
  });
  test('the namespace is that of the request, never the one that the object claims', async () => {
    const policies = { p: { match: { namespaces: { include: ['prod'] } }, checks: [trusted] } };
    const object = pod({ app: 'evil.io/web' }, { metadata: { namespace: 'sandbox' } });
    expect((await fakeGate({ policies }).admit(requestFor(object, { namespace: 'prod' }))).allowed).toBe(
      false,
    );
  });

  test('objectSelector reads the labels of object and oldObject: removing the label is no way out', async () => {
    const policies = { p: { match: { objectSelector: { matchLabels: { app: 'web' } } }, checks: [trusted] } };
    const old = pod({ app: 'evil.io/a' }, { metadata: { labels: { app: 'web' } } });
    const object = pod({ app: 'evil.io/b' }, { metadata: { labels: {} } });
    const decision = await fakeGate({ policies }).admit(
      requestFor(object, { operation: 'UPDATE', oldObject: old }),
    );
    expect(codesOf(decision.findings)).toEqual(['p:Deny:registry-not-allowed']);
  });
  test('policies that are not loaded deny with policies-unavailable', async () => {
    const decision = await judge(
      { state: { state: 'loading', why: 'no answer' } },
      'registry.example.com/web:1',
    );
    expect(codesOf(decision.findings)).toEqual([':Deny:policies-unavailable']);
  });
});

test('no text of the object makes a text of the record longer than 512 characters and one sentence', async () => {
  const host = `${'a.'.repeat(1900)}io`;
  const decision = await judge(
    { policies: { p: { checks: [trusted, { digest: { require: true } }] } } },
    `${host}/x`,
  );
  const texts = [
    ...decision.findings.flatMap((finding) => Object.values(finding)),
    ...decision.images.flatMap((image) => Object.values(image)),
  ];
  expect(Math.max(...texts.map((text) => String(text).length))).toBeLessThan(700);
});

test('an image whose text is no reference stands in the record as it was given', async () => {
  const decision = await judge({ policies: { p: { checks: [trusted] } } }, 'a b');
  expect(decision.images).toEqual([{ path: 'spec.containers[0].image', given: 'a b' }]);
});
