import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  evidenceOf,
  fakeEvidence,
  flippingEvidence,
  silentEvidence,
} from '../../../test/fakes/evidence/evidence.ts';
import { fakeClock, fakeGate, pod, requestFor, type FakeGateOptions } from '../../../test/fakes/gate.ts';
import { absent, unavailable } from '../../core/facts/fact.ts';
import { parseReference } from '../../core/image/reference.ts';
import type { JsonObject, JsonValue } from '../../core/text/json/json.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { pointerOf } from './mutate.ts';
import type { Mutation } from './mutation.ts';

const a = digestOf('a');
const pinning = { checks: [{ digest: { pin: true } }] };
const gateWith = (more: Partial<FakeGateOptions> = {}) => {
  const evidence = fakeEvidence();
  return { evidence, gate: fakeGate({ policies: { pinning }, evidence, ...more }) };
};
const imagesOf = ({ patch }: Mutation): Readonly<Record<string, string>> =>
  Object.fromEntries(patch.map(({ path, value }) => [path, value]));

/** What the API server makes of the patch. */
const patched = (object: JsonObject, { patch }: Mutation): JsonObject => {
  const copy = structuredClone(object) as Record<string, JsonValue>;
  for (const { path, value } of patch) {
    const steps = path.slice(1).split('/');
    const last = steps.pop() ?? '';
    const place = steps.reduce<Record<string, unknown>>(
      (at, step) => at[step] as Record<string, unknown>,
      copy as Record<string, unknown>,
    );
    expect(place).toHaveProperty(last);
    place[last] = value;
  }
  return copy;
};

const everyList = pod(
  { app: 'nginx:1.27' },
  {
    spec: {
      initContainers: [{ name: 'init', image: 'registry.example.com:5000/a/b' }],
      ephemeralContainers: [{ name: 'debug', image: 'busybox' }],
      volumes: [
        { name: 'empty', emptyDir: {} },
        { name: 'data', image: { reference: 'registry.example.com/data:1' } },
      ],
    },
  },
);

describe('what is pinned', () => {
  test('B22: every image of every list is named by digest afterwards, and passes /validate', async () => {
    const { gate } = gateWith();
    const mutation = await gate.mutate(requestFor(everyList));
    expect(imagesOf(mutation)).toEqual({
      '/spec/containers/0/image': `docker.io/library/nginx:1.27@${a}`,
      '/spec/initContainers/0/image': `registry.example.com:5000/a/b:latest@${a}`,
      '/spec/ephemeralContainers/0/image': `docker.io/library/busybox:latest@${a}`,
      '/spec/volumes/1/image/reference': `registry.example.com/data:1@${a}`,
    });
    expect((await gate.admit(requestFor(everyList))).allowed).toBe(false);
    const decision = await gate.admit(requestFor(patched(everyList, mutation)));
    expect(decision.allowed).toBe(true);
    expect(decision.images.map(({ digest }) => digest)).toEqual([a, a, a, a]);
  });

  test('B1: an image that stands in two places gets one digest, whatever the registry answers', async () => {
    const { gate } = gateWith({ evidence: flippingEvidence() });
    const mutation = await gate.mutate(
      requestFor(pod({ one: 'nginx', two: 'docker.io/library/nginx:latest' })),
    );
    expect(new Set(Object.values(imagesOf(mutation)))).toEqual(
      new Set([`docker.io/library/nginx:latest@${a}`]),
    );
  });

  test.each<[string, string]>([
    ['a digest', `nginx@${a}`],
    ['a tag and a digest', `nginx:1.27@${a}`],
    ['no usable name', 'Not A Name'],
    ['no name at all', ''],
  ])('an image with %s is left alone, and no registry is asked', async (_title, image) => {
    const { gate, evidence } = gateWith();
    expect(await gate.mutate(requestFor(pod({ app: image })))).toEqual({ patch: [], warnings: [] });
    expect(evidence.asked).toEqual([]);
  });

  test('a policy that refuses `latest` still sees it: an implied tag is written out', async () => {
    const { gate } = gateWith({
      policies: {
        pinning: { mode: 'Warn', checks: [{ digest: { pin: true } }, { tags: { deny: ['latest'] } }] },
      },
    });
    const object = pod({ app: 'nginx' });
    const mutation = await gate.mutate(requestFor(object));
    const decision = await gate.admit(requestFor(patched(object, mutation)));
    expect(decision.findings).toMatchObject([{ code: 'tag-denied' }]);
  });

  test('B26: a registry that a policy forbids is not asked', async () => {
    const { gate, evidence } = gateWith({
      policies: { pinning, fence: { checks: [{ registries: { allow: ['registry.example.com/**'] } }] } },
    });
    const mutation = await gate.mutate(
      requestFor(pod({ bad: '10.0.0.1/x', good: 'registry.example.com/x' })),
    );
    expect(Object.keys(imagesOf(mutation))).toEqual(['/spec/containers/1/image']);
    expect(evidence.asked.map(({ references }) => references)).toEqual([['registry.example.com/x:latest']]);
  });

  test('B29: the secrets of the request’s namespace are used, whatever the object says', async () => {
    const { gate, evidence } = gateWith();
    const more = { metadata: { namespace: 'elsewhere' }, spec: { imagePullSecrets: [{ name: 's' }] } };
    await gate.mutate(requestFor(pod({ app: 'nginx' }, more), { namespace: 'shop' }));
    expect(evidence.asked[0]?.context).toEqual({ namespace: 'shop', pullSecrets: ['s'] });
  });
});

describe('which policies pin', () => {
  test.each<[string, object, boolean]>([
    ['one in mode Warn', { ...pinning, mode: 'Warn' }, true],
    ['none in mode Audit: it only records', { ...pinning, mode: 'Audit' }, false],
    ['none that asks for digests without pinning', { checks: [{ digest: { require: true } }] }, false],
    ['none of another namespace', { ...pinning, match: { namespaces: { include: ['shop'] } } }, false],
    ['none about other images', { ...pinning, match: { images: ['registry.example.com/**'] } }, false],
    [
      'none about objects with another label',
      { ...pinning, match: { objectSelector: { matchLabels: { app: 'other' } } } },
      false,
    ],
    [
      'one whose namespace labels cannot be read: it counts as matching (R3)',
      { ...pinning, match: { namespaceSelector: { matchLabels: { env: 'prod' } } } },
      true,
    ],
  ])('%s', async (_title, policy, pins) => {
    const { gate, evidence } = gateWith({ policies: { policy } });
    const { patch } = await gate.mutate(requestFor(pod({ app: 'nginx' })));
    expect(patch).toHaveLength(pins ? 1 : 0);
    expect(evidence.asked).toHaveLength(pins ? 1 : 0);
  });

  test('none while policies are loading', async () => {
    const { gate } = gateWith({ state: { state: 'loading', why: 'not yet' } });
    expect((await gate.mutate(requestFor(pod({ app: 'nginx' })))).patch).toEqual([]);
  });
});

const oldPod = pod({ app: 'nginx' }, { spec: { volumes: [{ name: 'v', image: { reference: 'data' } }] } });
const debugged = (...names: readonly string[]) =>
  pod(
    { app: 'nginx' },
    {
      spec: {
        volumes: [{ name: 'v', image: { reference: 'data' } }],
        ephemeralContainers: names.map((name) => ({ name, image: 'busybox' })),
      },
    },
  );
const update = (object: JsonObject, oldObject: JsonObject | null, subResource = '') =>
  requestFor(object, { operation: 'UPDATE', oldObject, subResource });

describe('what exists is never touched', () => {
  test.each<[string, AdmissionRequest]>([
    [
      'a label of an old Pod without digests',
      update({ ...oldPod, metadata: { name: 'web', labels: { a: 'b' } } }, oldPod),
    ],
    ['another image of a container (set image)', update(pod({ app: 'redis' }), pod({ app: 'nginx' }))],
    [
      'another image of a volume',
      update(
        pod({ app: 'nginx' }, { spec: { volumes: [{ name: 'v', image: { reference: 'other' } }] } }),
        oldPod,
      ),
    ],
    [
      'a volume that was of another sort',
      update(oldPod, pod({ app: 'nginx' }, { spec: { volumes: [{ name: 'v', emptyDir: {} }] } })),
    ],
    ['the first debug container', update(debugged('one'), debugged('one'), 'ephemeralcontainers')],
    ['an old object that cannot be read', update(oldPod, { spec: { containers: 'x' } })],
    ['an old object that is not there', update(oldPod, null)],
  ])('%s', async (_title, request) => {
    const { gate, evidence } = gateWith();
    expect(await gate.mutate(request)).toEqual({ patch: [], warnings: [] });
    expect(evidence.asked).toEqual([]);
  });

  test('a second debug container is pinned, the first one keeps its text', async () => {
    const { gate } = gateWith();
    const request = update(debugged('one', 'two'), debugged('one'), 'ephemeralcontainers');
    const mutation = await gate.mutate(request);
    expect(imagesOf(mutation)).toEqual({
      '/spec/ephemeralContainers/1/image': `docker.io/library/busybox:latest@${a}`,
    });
    const after = patched(debugged('one', 'two'), mutation);
    expect((await gate.admit({ ...request, object: after })).allowed).toBe(true);
  });
});

describe('what else is left alone', () => {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { template: { spec: { containers: [{ name: 'a', image: 'nginx' }] } } },
  };
  const nginx = pod({ app: 'nginx' });
  test.each<[string, AdmissionRequest]>([
    ['a template: whoever owns it would see drift', requestFor(deployment)],
    ['a Pod of another group', requestFor({ ...nginx, apiVersion: 'example.com/v1' })],
    ['a deletion', requestFor(null, { operation: 'DELETE', oldObject: nginx })],
    ['a connection', requestFor(nginx, { operation: 'CONNECT' })],
    ['its status', update(nginx, null, 'status')],
    ['a subresource of a later version', requestFor(nginx, { subResource: 'later' })],
    ['no object', requestFor(null)],
    [
      'an object that is no Pod',
      requestFor({ ...nginx, kind: 'Deployment' }, { kind: { group: '', version: 'v1', kind: 'Pod' } }),
    ],
    ['a Pod that is malformed', requestFor({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [7] } })],
  ])('%s', async (_title, request) => {
    const { gate, evidence } = gateWith();
    expect(await gate.mutate(request)).toEqual({ patch: [], warnings: [] });
    expect(evidence.asked).toEqual([]);
    expect(gate.bugs).toEqual([]);
  });
});

describe('what cannot be pinned goes on, and the user hears why', () => {
  const unavailableImage = unavailable('registry.example.com: connect', 'connection refused');
  test.each<[string, Partial<FakeGateOptions>, string]>([
    ['without registry access', {}, 'without registry access'],
    [
      'when its registry is down',
      { evidence: fakeEvidence(() => ({ pinned: unavailableImage, facts: {}, tried: [] })) },
      'connection refused',
    ],
    [
      'when it is not there',
      { evidence: fakeEvidence(() => ({ pinned: absent, facts: {}, tried: [] })) },
      'not in its registry',
    ],
    [
      'when its tag was last looked up too long ago',
      { evidence: fakeEvidence((request) => ({ ...evidenceOf(request, digestOf('a')), staleFor: 60_000 })) },
      'too long ago',
    ],
  ])('%s', async (_title, options, why) => {
    const gate = fakeGate({ policies: { pinning }, ...options });
    const { patch, warnings } = await gate.mutate(requestFor(pod({ app: 'nginx' })));
    expect(patch).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(why)]);
    expect((await gate.admit(requestFor(pod({ app: 'nginx' })))).allowed).toBe(false);
  });

  test('an older result that is taken is pinned, and the user hears how old it is', async () => {
    const gate = fakeGate({
      policies: { patient: { ...pinning, staleFor: '1h' } },
      evidence: fakeEvidence((request) => ({ ...evidenceOf(request, digestOf('a')), staleFor: 125_000 })),
    });
    const { patch, warnings } = await gate.mutate(requestFor(pod({ app: 'nginx', same: 'redis' })));
    expect(patch).toHaveLength(2);
    expect(warnings).toEqual(
      ['nginx', 'redis'].map(
        (image) =>
          `the registry of image '${image}' could not be asked: it was pinned to what its tag stood for 2 minutes ago`,
      ),
    );
  });

  test('at the deadline', async () => {
    const clock = { now: () => Date.now(), monotonic: () => performance.now(), advance: () => undefined };
    const gate = fakeGate({ policies: { pinning }, evidence: silentEvidence(), clock, budget: 100 });
    expect(await gate.mutate(requestFor(pod({ app: 'nginx' })))).toMatchObject({ patch: [] });
    expect(gate.bugs).toEqual([]);
  });

  test('never by an exception: a defect is reported and changes nothing', async () => {
    const gate = fakeGate({
      policies: { pinning },
      evidence: { gather: () => Promise.reject(new Error('boom')) },
    });
    expect(await gate.mutate(requestFor(pod({ app: 'nginx' })))).toEqual({ patch: [], warnings: [] });
    expect(gate.bugs).toHaveLength(1);
  });
});

describe('properties', () => {
  const image = fc.oneof(
    fc.constantFrom(
      'nginx',
      'nginx:1.27',
      `nginx@${a}`,
      'FOO/bar',
      'localhost/x',
      '[::1]:5000/x',
      'registry.example.com:5000/a/b:c',
      '',
      'not a name',
    ),
    fc.string(),
  );
  const containers = fc
    .uniqueArray(image, { maxLength: 4 })
    .map((images) => images.map((text, at) => ({ name: `c${String(at)}`, image: text })));
  const anyPod = fc.record({
    containers,
    initContainers: containers,
    ephemeralContainers: containers,
    volumes: fc
      .array(image, { maxLength: 3 })
      .map((all) => all.map((reference, at) => ({ name: `v${String(at)}`, image: { reference } }))),
  });

  test('mutating twice is mutating once, and what has a name has a digest afterwards', async () => {
    const { gate } = gateWith();
    await fc.assert(
      fc.asyncProperty(anyPod, async (spec) => {
        const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec } as JsonObject;
        const once = patched(object, await gate.mutate(requestFor(object)));
        expect((await gate.mutate(requestFor(once))).patch).toEqual([]);
        const decision = await gate.admit(requestFor(once));
        expect(decision.findings.filter(({ code }) => code === 'digest-missing')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('the pinned text names the same image as the text before', async () => {
    const { gate } = gateWith();
    await fc.assert(
      fc.asyncProperty(image, async (text) => {
        const [step] = (await gate.mutate(requestFor(pod({ app: text })))).patch;
        const before = parseReference(text);
        if (step === undefined) return;
        const after = parseReference(step.value);
        if (!before.ok || !after.ok) throw new Error(`${text} became ${step.value}`);
        const { host, repository, tag = 'latest' } = before.value;
        expect(after.value).toMatchObject({ host, repository, tag, digest: digestOf('a') });
      }),
      { numRuns: 300 },
    );
  });

  test('no object makes it throw, deny or tell of a defect', async () => {
    const { gate } = gateWith();
    const json = fc.jsonValue() as fc.Arbitrary<JsonValue>;
    const object = fc.oneof(
      json,
      json.map((spec) => ({ apiVersion: 'v1', kind: 'Pod', spec })),
      json.map((list) => ({ apiVersion: 'v1', kind: 'Pod', spec: { containers: list, volumes: list } })),
    );
    const operation = fc.constantFrom('CREATE', 'UPDATE', 'DELETE', 'CONNECT');
    await fc.assert(
      fc.asyncProperty(object, object, operation, async (next, before, verb) => {
        const request = requestFor(next as JsonObject, {
          kind: { group: '', version: 'v1', kind: 'Pod' },
          operation: verb,
          oldObject: before as JsonObject,
        });
        const { patch } = await gate.mutate(request);
        for (const { path } of patch) expect(path).toMatch(/^\/spec\/[a-zA-Z]+\/\d+\/image(\/reference)?$/);
        expect(gate.bugs).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  ['spec.containers[0].image', '/spec/containers/0/image'],
  ['spec.volumes[12].image.reference', '/spec/volumes/12/image/reference'],
  ['a/b.c~d', '/a~1b/c~0d'],
])('%s is the pointer %s', (path, pointer) => expect(pointerOf(path)).toBe(pointer));

test('R24: a Pod of many images keeps nobody waiting while it is asked what they need', async () => {
  let now = 0;
  const clock = { ...fakeClock(), monotonic: () => (now += 1) };
  const { gate } = gateWith({
    clock,
    policies: { pinning, fence: { checks: [{ registries: { allow: [] } }] } },
  });
  const names = Array.from({ length: 64 }, (_, at) => [`c${at}`, `nginx:${at}`] as const);
  let served = false;
  setImmediate(() => (served = true));
  const mutation = await gate.mutate(requestFor(pod(Object.fromEntries(names))));
  expect(mutation).toEqual({ patch: [], warnings: [] });
  expect(served).toBe(true);
});
