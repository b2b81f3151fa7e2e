import { describe, expect, test } from 'vitest';
import { fakeEvidence } from '../../../test/fakes/evidence/evidence.ts';
import { fakeGate, pod, requestFor } from '../../../test/fakes/gate.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { AdmissionRequest } from '../admission-request.ts';

const mirror = { 'kubernetes.io/config.mirror': '0123', 'kubernetes.io/config.source': 'file' };
const digest = `sha256:${'a'.repeat(64)}`;
/** The kubelet of the node, and anybody else. */
const callers = [
  { user: 'system:node:one', groups: ['system:nodes', 'system:authenticated'] },
  { user: 'system:serviceaccount:shop:tenant', groups: ['system:authenticated'] },
];

/** A Pod with these annotations, as the kubelet of a node sends its mirrors. */
const annotated = (annotations: JsonObject | undefined, image: string): JsonObject => ({
  ...pod({ app: image }),
  metadata: { name: 'etcd-one', ...(annotations === undefined ? {} : { annotations }) },
});
/** What `/mutate` and then `/validate` say. */
const admitted = async (object: JsonObject, spec: object, more: Partial<AdmissionRequest> = {}) => {
  const evidence = fakeEvidence();
  const gate = fakeGate({ policies: { p: spec }, evidence });
  const mutation = await gate.mutate(requestFor(object, more));
  const copy = structuredClone(object) as { spec: { containers: { image: string }[] } };
  const [patch] = mutation.patch;
  if (patch !== undefined) copy.spec.containers[0]!.image = patch.value;
  const decision = await gate.admit(requestFor(copy, more));
  return {
    patches: mutation.patch.length,
    warnings: mutation.warnings,
    asked: evidence.asked.length,
    allowed: decision.allowed,
    codes: decision.findings.map(({ code }) => code),
  };
};

const pins = { checks: [{ digest: { pin: true } }] };
const warns = { mode: 'Warn', ...pins };
const fence = { checks: [{ registries: { allow: ['registry.example.com/**'] } }] };
const ours = 'registry.example.com/a:1';

describe('a mirror Pod is judged and never pinned', () => {
  test.each<[string, string, object, { readonly allowed: boolean; readonly codes: readonly string[] }]>([
    ['by tag, where a policy pins: refused', ours, pins, { allowed: false, codes: ['digest-missing'] }],
    ['by digest, where a policy pins: allowed', `${ours}@${digest}`, pins, { allowed: true, codes: [] }],
    [
      'by tag, where a policy that pins only warns',
      ours,
      warns,
      { allowed: true, codes: ['digest-missing'] },
    ],
    ['from elsewhere: refused', 'evil.io/x:1', fence, { allowed: false, codes: ['registry-not-allowed'] }],
    [
      'from elsewhere by digest: refused',
      `evil.io/x@${digest}`,
      fence,
      { allowed: false, codes: ['registry-not-allowed'] },
    ],
    ['from where policies allow: allowed', ours, fence, { allowed: true, codes: [] }],
  ])('%s', async (_title, image, spec, want) => {
    for (const caller of callers) {
      const seen = await admitted(annotated(mirror, image), spec, caller);
      // Whoever asks: no user is a way around, and a node may be taken over.
      expect(seen).toMatchObject({ ...want, patches: 0, asked: 0 });
    }
  });

  test('its sender learns why, and where the digest belongs', async () => {
    const { warnings } = await admitted(annotated(mirror, ours), pins);
    expect(warnings).toEqual([
      "image 'registry.example.com/a:1' was not pinned: this is the mirror of a static Pod, and its kubelet starts what its file says; write the digest into that file",
    ]);
    expect((await admitted(annotated(mirror, `${ours}@${digest}`), pins)).warnings).toEqual([]);
    expect((await admitted(annotated(mirror, ours), fence)).warnings).toEqual([]);
  });
});

describe('B16: the annotation opens nothing', () => {
  test('a tenant who writes it is refused an image that would have been pinned', async () => {
    expect(await admitted(annotated(undefined, ours), pins)).toMatchObject({ patches: 1, allowed: true });
    expect(await admitted(annotated(mirror, ours), pins)).toMatchObject({ patches: 0, allowed: false });
  });

  test.each<[string, JsonObject | undefined]>([
    ['no annotation', undefined],
    ['where the Pod was read from', { 'kubernetes.io/config.source': 'file' }],
    ['the hash of its file', { 'kubernetes.io/config.hash': 'x' }],
    ['another spelling', { 'Kubernetes.io/config.mirror': 'x', 'kubernetes.io/config.mirror ': 'x' }],
    ['the word in a value', { note: 'kubernetes.io/config.mirror' }],
  ])('with %s a Pod is pinned as every other', async (_title, annotations) => {
    expect(await admitted(annotated(annotations, ours), pins)).toMatchObject({ patches: 1, allowed: true });
  });

  test.each([
    ['in its labels', { labels: mirror }],
    ['as a list', { annotations: ['kubernetes.io/config.mirror'] }],
    ['as text', { annotations: 'kubernetes.io/config.mirror' }],
  ])('%s it says nothing', async (_title, metadata) => {
    const object = { ...pod({ app: ours }), metadata: { name: 'x', ...metadata } } as JsonObject;
    expect(await admitted(object, pins)).toMatchObject({ patches: 1 });
  });

  test('on an inherited name it says nothing', async () => {
    const annotations = JSON.parse('{"__proto__":{"kubernetes.io/config.mirror":"x"}}') as JsonObject;
    expect(await admitted(annotated(annotations, ours), pins)).toMatchObject({ patches: 1, allowed: true });
  });
});
