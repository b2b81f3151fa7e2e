import { describe, expect, test } from 'vitest';
import { fakeClock, fakeGate, pod, requestFor } from '../../test/fakes/gate.ts';
import type { JsonObject } from '../core/text/json/json.ts';

const policies = { trusted: { checks: [{ registries: { allow: ['registry.example.com/**'] } }] } };
const gate = () => fakeGate({ policies });
const bad = pod({ app: 'evil.io/web' });
const good = pod({ app: 'registry.example.com/web:1' });
const deployment = (image: string): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { template: { spec: { containers: [{ name: 'app', image }] } } },
});

describe('short cuts, each recorded with its reason', () => {
  test.each([
    ['DELETE is never gated', requestFor(null, { operation: 'DELETE', oldObject: bad }), 'operation'],
    [
      'CONNECT is never gated',
      requestFor({ apiVersion: 'v1', kind: 'PodExecOptions' }, { operation: 'CONNECT', subResource: 'exec' }),
      'operation',
    ],
    [
      'status carries no image (B19)',
      requestFor(bad, { operation: 'UPDATE', subResource: 'status' }),
      'subresource',
    ],
    [
      'scale is never blocked (B19)',
      requestFor(
        { apiVersion: 'autoscaling/v1', kind: 'Scale' },
        { operation: 'UPDATE', subResource: 'scale' },
      ),
      'subresource',
    ],
    [
      'R2: an unchanged bad image is let through',
      requestFor(bad, { operation: 'UPDATE', oldObject: bad }),
      'unchanged',
    ],
  ])('%s', async (_title, request, code) => {
    const decision = await gate().admit(request);
    expect(decision).toMatchObject({ allowed: true, skipped: { code } });
  });

  test.each([
    [
      'R4: another subresource of a Pod does not exempt',
      requestFor(bad, {
        operation: 'UPDATE',
        subResource: 'ephemeralcontainers',
        oldObject: pod({ app: 'evil.io/old' }),
      }),
    ],
    [
      'R4: a subresource of a later Kubernetes version does not exempt',
      requestFor(bad, { subResource: 'somethingnew' }),
    ],
    ['R2: without an old object everything is new', requestFor(bad, { operation: 'UPDATE' })],
    [
      'B14: a forged deletionTimestamp on CREATE does not help',
      requestFor(pod({ app: 'evil.io/web' }, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })),
    ],
    [
      'B14: an image update while a finalizer is pending is judged',
      requestFor(
        pod(
          { app: 'evil.io/web' },
          { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x/y'] } },
        ),
        { operation: 'UPDATE', oldObject: good },
      ),
    ],
    [
      'B15: a forged owner does not help',
      requestFor(
        pod(
          { app: 'evil.io/web' },
          {
            metadata: {
              ownerReferences: [
                { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'y', controller: true },
              ],
            },
          },
        ),
      ),
    ],
    [
      'B16: a forged annotation does not help',
      requestFor(
        pod({ app: 'evil.io/web' }, { metadata: { annotations: { 'imagegate.dev/verified': 'true' } } }),
      ),
    ],
    [
      'the name of the user does not help',
      requestFor(bad, { user: 'system:admin', groups: ['system:masters'] }),
    ],
    [
      'B25: only the new object counts: an old good image does not cover a new bad one',
      requestFor(bad, { operation: 'UPDATE', oldObject: good }),
    ],
    [
      'B17: an init container is judged',
      requestFor(
        pod(
          { app: 'registry.example.com/web:1' },
          { spec: { initContainers: [{ name: 'i', image: 'evil.io/x' }] } },
        ),
      ),
    ],
    [
      'B17: an ephemeral container is judged',
      requestFor(
        pod(
          { app: 'registry.example.com/web:1' },
          { spec: { ephemeralContainers: [{ name: 'e', image: 'evil.io/x' }] } },
        ),
        { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: good },
      ),
    ],
    [
      'R2: the same image newly ephemeral is judged',
      requestFor(
        pod({ app: 'evil.io/web' }, { spec: { ephemeralContainers: [{ name: 'e', image: 'evil.io/web' }] } }),
        { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: bad },
      ),
    ],
    [
      'B18: an image volume is judged',
      requestFor(
        pod(
          { app: 'registry.example.com/web:1' },
          { spec: { volumes: [{ name: 'v', image: { reference: 'evil.io/x' } }] } },
        ),
      ),
    ],
    ['a dry run gets the same verdict', requestFor(bad, { dryRun: true })],
  ])('%s', async (_title, request) => {
    const decision = await gate().admit(request);
    expect(decision.allowed).toBe(false);
    expect(decision.findings[0]?.code).toBe('registry-not-allowed');
  });
});

describe('R19: requests that do not hold together', () => {
  const withSpec = (spec: JsonObject) => requestFor({ ...bad, spec });
  const app = { name: 'app', image: 'registry.example.com/web:1' };
  test.each([
    [
      'kind and object disagree',
      'kind',
      requestFor(deployment('evil.io/x'), { kind: { group: '', version: 'v1', kind: 'ConfigMap' } }),
    ],
    [
      'apiVersion and object disagree',
      'apiVersion',
      requestFor(bad, { kind: { group: 'apps', version: 'v1', kind: 'Pod' } }),
    ],
    ['a CREATE without an object', 'request.object', requestFor(null)],
    ['metadata that is no object', 'metadata', requestFor({ ...bad, metadata: 'x' })],
    ['a pod spec that is text', 'spec', requestFor({ ...bad, spec: 'x' })],
    ['a Pod without a spec', 'spec', requestFor({ apiVersion: 'v1', kind: 'Pod', metadata: {} })],
    ['no containers', 'spec.containers', withSpec({})],
    ['containers that are an object', 'spec.containers', withSpec({ containers: {} })],
    ['a container that is text', 'spec.containers[0]', withSpec({ containers: ['x'] })],
    ['a container without a name', 'spec.containers[0].name', withSpec({ containers: [{ image: 'a' }] })],
    ['a name that is a number', 'spec.containers[0].name', withSpec({ containers: [{ ...app, name: 1 }] })],
    ['one name twice', 'spec.containers[1].name', withSpec({ containers: [app, app] })],
    [
      'an image that is a list',
      'spec.containers[0].image',
      withSpec({ containers: [{ ...app, image: [] }] }),
    ],
    [
      'init containers that are text',
      'spec.initContainers',
      withSpec({ containers: [app], initContainers: 'x' }),
    ],
    ['volumes that are text', 'spec.volumes', withSpec({ containers: [app], volumes: 'x' })],
    [
      'an image volume that is text',
      'spec.volumes[0].image',
      withSpec({ containers: [app], volumes: [{ name: 'v', image: 'x' }] }),
    ],
  ])('%s: denied as malformed-request, and the message begins with %s', async (_title, field, request) => {
    const decision = await gate().admit(request);
    expect(decision.allowed).toBe(false);
    expect(decision.findings.map(({ code }) => code)).toEqual(['malformed-request']);
    expect(decision.findings[0]?.message.split(':')[0]).toBe(field);
  });
});

describe('R4: kinds', () => {
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } };
  test('a built-in kind without a pod spec is allowed silently', async () => {
    const decision = await gate().admit(requestFor({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }));
    expect(decision).toMatchObject({ allowed: true, warnings: [], findings: [] });
  });
  test('a kind that no row covers is allowed with a warning', async () => {
    const decision = await gate().admit(requestFor(widget));
    expect(decision).toMatchObject({ allowed: true, skipped: { code: 'not-judged' } });
    expect(decision.warnings[0]).toContain('example.com/v1 Widget');
  });
  test('--unknown-kinds deny turns it round', async () => {
    const decision = await fakeGate({ policies, unknownKinds: 'deny' }).admit(requestFor(widget));
    expect(decision).toMatchObject({ allowed: false, findings: [{ code: 'not-judged' }] });
  });
  test('a kind whose row says `images: []` is allowed silently, whatever --unknown-kinds says', async () => {
    const workloads = [{ group: 'example.com', resource: 'widgets', kind: 'Widget', images: [] }];
    const decision = await fakeGate({ policies, unknownKinds: 'deny', workloads }).admit(requestFor(widget));
    expect(decision).toMatchObject({ allowed: true, warnings: [], findings: [] });
    expect(decision.skipped).toBeUndefined();
  });
  describe('a row that goes through a map', () => {
    const workloads = [
      { group: 'example.com', resource: 'widgets', kind: 'Widget', podSpec: 'spec.roles.*.template.spec' },
    ];
    const roles = (images: Readonly<Record<string, string>>): JsonObject => ({
      ...widget,
      spec: {
        roles: Object.fromEntries(
          Object.entries(images).map(([key, image]) => [
            key,
            { template: { spec: { containers: [{ name: 'app', image }] } } },
          ]),
        ),
      },
    });
    const ours = 'registry.example.com/web:1';

    test('is judged under every key, and the finding names the key', async () => {
      const decision = await fakeGate({ policies, workloads }).admit(
        requestFor(roles({ Master: ours, Worker: 'evil.io/web' })),
      );
      expect(decision.findings).toMatchObject([
        { code: 'registry-not-allowed', path: 'spec.roles.Worker.template.spec.containers[0].image' },
      ]);
    });
    test('is allowed when all keys hold trusted images', async () => {
      const decision = await fakeGate({ policies, workloads }).admit(
        requestFor(roles({ Master: ours, Worker: ours })),
      );
      expect(decision).toMatchObject({ allowed: true, findings: [] });
    });
    test('R2: an old bad image under its key passes, a moved one does not', async () => {
      const old = roles({ Master: 'evil.io/web', Worker: ours });
      const update = (object: JsonObject) =>
        fakeGate({ policies, workloads }).admit(requestFor(object, { operation: 'UPDATE', oldObject: old }));
      expect(await update(roles({ Worker: ours, Master: 'evil.io/web' }))).toMatchObject({
        allowed: true,
        skipped: { code: 'unchanged' },
      });
      expect(await update(roles({ Master: ours, Worker: 'evil.io/web' }))).toMatchObject({ allowed: false });
    });
  });
  test('a blank image in a Pod is denied', async () => {
    expect((await gate().admit(requestFor(pod({ app: '' })))).findings[0]?.code).toBe('invalid-reference');
  });
  test('a blank image in a Pod is denied also where no policy covers the namespace', async () => {
    const decision = await fakeGate().admit(requestFor(pod({ app: ' ' })));
    expect(decision.findings).toMatchObject([{ policy: '', check: 'gate', code: 'invalid-reference' }]);
    expect(decision.allowed).toBe(false);
  });
  test('a blank image in a template is no image, with a warning', async () => {
    const decision = await gate().admit(requestFor(deployment('')));
    expect(decision.allowed).toBe(true);
    expect(decision.warnings).toHaveLength(1);
  });
});

test('R2: an object that could never be read can still be scaled when its pod spec is the same', async () => {
  const odd = (replicas: number) =>
    ({ ...deployment('x'), spec: { replicas, template: { spec: { containers: 'none' } } } }) as JsonObject;
  const scaled = await gate().admit(requestFor(odd(2), { operation: 'UPDATE', oldObject: odd(1) }));
  expect(scaled).toMatchObject({ allowed: true, skipped: { code: 'unchanged' } });
  const created = await gate().admit(requestFor(odd(2)));
  expect(created.findings.map(({ code }) => code)).toEqual(['malformed-request']);
});

describe('the unexpected', () => {
  test('a defect becomes a deny with internal-error, and is reported', async () => {
    const failing = fakeGate({
      policies: {
        p: {
          match: { namespaceSelector: { matchLabels: { a: 'b' } } },
          checks: [{ digest: { require: true } }],
        },
      },
      namespaces: {
        labels: () => {
          throw new Error('boom');
        },
      },
    });
    const decision = await failing.admit(requestFor(good));
    expect(decision).toMatchObject({
      allowed: false,
      findings: [{ policy: '', check: 'gate', mode: 'Deny', code: 'internal-error' }],
    });
    expect(failing.bugs).toHaveLength(1);
  });

  test('a look-up that never ends is a decision at the deadline, never a hanging call (R3)', async () => {
    const hanging = fakeGate({
      policies: {
        p: {
          match: { namespaceSelector: { matchLabels: { a: 'b' } } },
          checks: [{ digest: { require: true } }],
        },
      },
      namespaces: { labels: () => new Promise(() => undefined) },
      budget: 30,
    });
    const decision = await hanging.admit(requestFor(good));
    expect(decision).toMatchObject({ allowed: false, findings: [{ code: 'deadline-exceeded' }] });
  });

  test('a defect behind a deadline that has passed is reported, and does not end the process', async () => {
    const failing = fakeGate({
      policies: {
        p: {
          match: { namespaceSelector: { matchLabels: { a: 'b' } } },
          checks: [{ digest: { require: true } }],
        },
      },
      namespaces: { labels: () => Promise.reject(new Error('a defect')) },
    });
    const passed = { remaining: () => -1, signal: () => AbortSignal.abort() };
    const decision = await failing.admit(requestFor(good), passed);
    expect(decision).toMatchObject({ allowed: false, findings: [{ code: 'deadline-exceeded' }] });
    await expect.poll(() => failing.bugs).toHaveLength(1);
  });
});

describe('R21: /image-review', () => {
  const selected = {
    p: {
      match: {
        namespaceSelector: { matchLabels: { env: 'prod' } },
        objectSelector: { matchLabels: { a: 'b' } },
      },
      checks: policies.trusted.checks,
    },
  };
  test('selectors count as matching, whatever the labels of the namespace', async () => {
    const review = fakeGate({ policies: selected, namespaces: { default: { env: 'dev' } } });
    expect((await review.reviewImages('default', ['evil.io/x'])).allowed).toBe(false);
    expect((await review.reviewImages('default', ['registry.example.com/x:1'])).allowed).toBe(true);
  });
  test('onUnavailable: Warn weakens nothing here: there is no doubt about what can never be known', async () => {
    const lenient = { p: { ...selected.p, onUnavailable: 'Warn' } };
    const review = fakeGate({ policies: lenient });
    expect((await review.reviewImages('default', ['evil.io/x'])).allowed).toBe(false);
  });
  test('more than 64 images are refused', async () => {
    const decision = await gate().reviewImages(
      'default',
      Array.from({ length: 65 }, () => 'registry.example.com/x:1'),
    );
    expect(decision.findings.map(({ code }) => code)).toEqual(['too-many-images']);
  });
});

describe('decision ids (R18)', () => {
  test('start with the replica and grow, also when the clock steps back', async () => {
    const clock = fakeClock();
    const review = fakeGate({ policies, clock });
    const ids: string[] = [];
    for (const step of [0, 1, -500, 0, 1000]) {
      clock.advance(step);
      ids.push((await review.admit(requestFor(good))).id);
    }
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => id.startsWith('test-'))).toBe(true);
  });
});
