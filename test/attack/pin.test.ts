import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { fakeEvidence } from '../fakes/evidence/evidence.ts';
import { fakeGate, requestFor } from '../fakes/gate.ts';
import { applied } from '../fakes/api-server/json-patch.ts';

const gate = fakeGate({
  policies: { pinning: { checks: [{ digest: { pin: true } }] } },
  evidence: fakeEvidence(),
});
const digest = `sha256:${'b'.repeat(64)}`;

interface Container {
  readonly name: string;
  readonly image: string;
}
interface Spec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly image: { readonly reference: string } }[];
}
const podOf = (spec: Spec, metadata: object = {}): JsonObject =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ...metadata }, spec }) as unknown as JsonObject;

const placesOf = (object: JsonObject): ReadonlyMap<string, string> => {
  const {
    containers,
    initContainers = [],
    ephemeralContainers = [],
    volumes = [],
  } = object['spec'] as unknown as Spec;
  return new Map([
    ...containers.map(({ name, image }) => [`c/${name}`, image] as const),
    ...initContainers.map(({ name, image }) => [`i/${name}`, image] as const),
    ...ephemeralContainers.map(({ name, image }) => [`e/${name}`, image] as const),
    ...volumes.map(({ name, image }) => [`v/${name}`, image.reference] as const),
  ]);
};

/** Sends the object through both doors, as the API server does. @returns what is stored; `undefined`: refused */
const send = async (object: JsonObject, oldObject: JsonObject | null): Promise<JsonObject | undefined> => {
  const request = requestFor(object, { operation: oldObject === null ? 'CREATE' : 'UPDATE', oldObject });
  const stored = applied(object, await gate.mutate(request));
  const { allowed } = await gate.admit({ ...request, object: stored });
  return allowed ? stored : undefined;
};

const image = fc.constantFrom(
  'nginx',
  'nginx:1.27',
  'docker.io/library/nginx',
  `nginx@${digest}`,
  'registry.example.com/x:1',
);
const list = fc
  .uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c'), image }), {
    selector: ({ name }) => name,
    maxLength: 3,
  })
  .map((containers): readonly Container[] => containers);
const spec = fc.record({
  containers: list,
  initContainers: list,
  ephemeralContainers: list,
  volumes: list.map((all) => all.map(({ name, image: reference }) => ({ name, image: { reference } }))),
});

test('B22: whatever is new in a stored Pod is named by digest, and what was there keeps its text', async () => {
  await fc.assert(
    fc.asyncProperty(spec, fc.option(spec), async (next, before) => {
      const old = before === null ? null : podOf(before);
      const stored = await send(podOf(next), old);
      if (stored === undefined) return;
      const known = old === null ? new Map<string, string>() : placesOf(old);
      for (const [place, text] of placesOf(stored)) {
        if (known.get(place) !== text) expect(text).toContain('@sha256:');
      }
      const sent = placesOf(podOf(next));
      for (const place of known.keys()) {
        if (sent.has(place)) expect(placesOf(stored).get(place)).toBe(sent.get(place));
      }
    }),
    { numRuns: 500 },
  );
});

test('a Pod that is created is always stored with digests: pinning refuses nobody', async () => {
  await fc.assert(
    fc.asyncProperty(spec, async (next) => {
      const stored = await send(podOf(next), null);
      expect([...placesOf(stored ?? podOf(next)).values()].filter((text) => !text.includes('@'))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test.each<[string, object]>([
  ['an annotation of ours', { annotations: { 'mutate.imagegate.dev/pinned': '/spec/containers/0/image' } }],
  ['the annotation of another product', { annotations: { 'kyverno.io/verify-images': '{"nginx":"pass"}' } }],
  ['an owner', { ownerReferences: [{ kind: 'ReplicaSet', name: 'x', uid: 'u', apiVersion: 'apps/v1' }] }],
  ['a time of deletion', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
  ['a label', { labels: { 'imagegate.dev/pinned': 'true' } }],
])('B16: %s stands for no digest', async (_title, metadata) => {
  const object = podOf({ containers: [{ name: 'a', image: 'nginx' }] }, metadata);
  expect((await gate.admit(requestFor(object))).findings).toMatchObject([{ code: 'digest-missing' }]);
  expect((await gate.mutate(requestFor(object))).patch).toHaveLength(1);
});
