import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf } from '../../../../test/fakes/api-server/api-server-client.ts';
import {
  type FakeApiServer,
  type FakeObject,
  startApiServer,
} from '../../../../test/fakes/api-server/api-server.ts';
import { finding, ownedBy, reference, refusal } from '../../../../test/fakes/refusals.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import type { ApiClient } from '../client/client.ts';
import { createEvents, type Events, type EventsOptions } from './events.ts';
import type { EventNote } from './note.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let events: Events;
const open = (more: Partial<EventsOptions> = {}): Events =>
  (events = createEvents({
    client,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    instance: 'imagegate-0',
    rate: { perSecond: 1000, burst: 1000 },
    repeatAfter: 30,
    ...more,
  }));
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
});
afterEach(async () => {
  await events.close(0);
  client.close();
  await api.close();
});

interface Written {
  readonly count: number;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly namespace?: string };
}
const written = (namespace: string) => api.list('events', namespace) as unknown as readonly Written[];
const about = (namespace: string, name: string, image = 'evil.io/x') =>
  refusal({
    object: { apiVersion: 'v1', kind: 'Pod', namespace, name },
    findings: [{ ...finding, message: `image ${image} is not from a trusted registry` }],
  });
const missing: EventNote = {
  about: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    name: 'imagegate',
  },
  type: 'Warning',
  reason: 'WebhookMissing',
  text: 'the webhook configuration of imagegate is missing',
};
const flood = (namespace: string, times: number): void => {
  for (let n = 0; n < times; n++) events.decided(about(namespace, `p${n}`, `evil.io/x${n}`), null);
};

describe('R28, B44: the workload above a Pod is not taken from what another namespace said', () => {
  const owned = (kind: string, name: string, uid: string) =>
    ownedBy({
      apiVersion: kind === 'ReplicaSet' ? 'apps/v1' : 'x/v1',
      kind,
      metadata: { name, uid },
    } as FakeObject);
  /** A Deployment with its ReplicaSet; a Pod of it, and the uid that others can read there. */
  const workload = (namespace: string, name: string) => {
    const deployment = api.put('deployments', { metadata: { name, namespace } });
    const set = api.put('replicasets', {
      metadata: { name: `${name}-1`, namespace, ownerReferences: reference(deployment) },
    });
    const { uid } = set.metadata;
    return { pod: owned('ReplicaSet', `${name}-1`, uid), uid };
  };

  test.each<[string, (uid: string) => readonly [string, JsonObject]]>([
    ['its uid under another kind', (uid) => ['evil', owned('Anything', 'mine', uid)]],
    ['its uid under its own kind and name', (uid) => ['evil', owned('ReplicaSet', 'web-1', uid)]],
    [
      'its uid under another name, in the same namespace',
      (uid) => ['shop', owned('ReplicaSet', 'mine', uid)],
    ],
    ['its uid under another kind, in the same namespace', (uid) => ['shop', owned('Anything', 'web-1', uid)]],
  ])('although a Pod named %s before', async (_title, forge) => {
    open();
    const honest = workload('shop', 'web');
    const [namespace, forged] = forge(honest.uid);
    events.decided(about(namespace, 'mine-1', 'evil.io/mine'), forged);
    await vi.waitFor(() => expect(written(namespace)).toHaveLength(1), soon);
    events.decided(about('shop', 'web-1-a', 'evil.io/secret'), honest.pod);
    const reported = () => written('shop').filter(({ message }) => message.includes('evil.io/secret'));
    await vi.waitFor(() => expect(reported()).toHaveLength(1), soon);
    expect(reported()[0]?.involvedObject).toMatchObject({
      kind: 'Deployment',
      name: 'web',
      namespace: 'shop',
    });
    expect(JSON.stringify(written('evil'))).not.toContain('secret');
  });

  test('and it is still looked up once for all Pods of one ReplicaSet', async () => {
    open();
    const honest = workload('shop', 'web');
    for (let n = 0; n < 5; n++) events.decided(about('shop', `web-1-${n}`, `evil.io/${n}`), honest.pod);
    await vi.waitFor(() => expect(written('shop')).toHaveLength(5), soon);
    expect(api.requests.filter(({ resource }) => resource === 'replicasets')).toHaveLength(1);
  });
});

describe('R28, B45: what the gate says about itself', () => {
  test('is reported at once while a tenant has filled the queue with denials', async () => {
    open({ capacity: 50, rate: { perSecond: 1, burst: 2 } });
    flood('evil', 5_000);
    events.note(missing);
    await vi.waitFor(() => expect(written('default')).toMatchObject([{ reason: 'WebhookMissing' }]), soon);
    expect(events.counts().dropped).toBeGreaterThan(4_000);
  });

  test('is reported while the API server takes no Events of the tenant', async () => {
    open();
    api.fault({ resource: 'replicasets', hang: true });
    const slow = ownedBy({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'r', uid: 'u' },
    } as FakeObject);
    events.decided(about('evil', 'p'), slow);
    events.note(missing);
    await vi.waitFor(() => expect(written('default')).toHaveLength(1), soon);
    expect(written('evil')).toEqual([]);
  });

  test('is tried until the API server takes it, more often than what it says about others', async () => {
    open();
    api.fault({ verb: 'create', answer: 500, times: 4 });
    events.note(missing);
    const created = () => expect(events.counts()).toMatchObject({ created: 1, failed: 0 });
    await vi.waitFor(created, { timeout: 30_000, interval: 50 });
    expect(written('default')).toHaveLength(1);
  }, 60_000);
});

describe('R26, B45: Events are shared by namespace', () => {
  test('a namespace with one denial is told of it although another has a full queue of them', async () => {
    open({ capacity: 50, rate: { perSecond: 20, burst: 1 } });
    flood('evil', 5_000);
    events.decided(about('shop', 'web'), null);
    await vi.waitFor(() => expect(written('shop')).toHaveLength(1), soon);
    expect(written('evil').length).toBeLessThan(10);
    expect(written('evil').length).toBeGreaterThan(0);
  });

  test('of three that want capacity, the quiet one loses nothing', async () => {
    open({ capacity: 60, rate: { perSecond: 1, burst: 1 } });
    flood('evil', 500);
    flood('worse', 500);
    const before = events.counts().dropped;
    for (let n = 0; n < 15; n++) events.decided(about('shop', `web-${n}`), null);
    // Each took the place of one that floods.
    expect(events.counts()).toMatchObject({ queued: 60, dropped: before + 15 });
  });

  test('a flood of one namespace does not make the Events of another begin anew', async () => {
    open({ capacity: 20_000, rate: { perSecond: 100_000, burst: 20_000 } });
    events.decided(about('shop', 'web'), null);
    await vi.waitFor(() => expect(written('shop')).toHaveLength(1), soon);
    flood('evil', 300);
    await vi.waitFor(() => expect(written('evil')).toHaveLength(300), { timeout: 30_000, interval: 20 });
    events.decided(about('shop', 'web'), null);
    await vi.waitFor(() => expect(written('shop')).toMatchObject([{ count: 2 }]), soon);
  }, 60_000);
});

describe('R26: a refused object cannot make the gate keep texts that no name of Kubernetes has', () => {
  const long = 'x'.repeat(1_000_000);
  test.each(['apiVersion', 'kind', 'name', 'uid'])(
    'an owner whose %s is longer than any is none, and its Pod is told about itself',
    async (field) => {
      open();
      const [owner] = reference({
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name: 'web-1', uid: 'u' },
      } as FakeObject).slice(1);
      events.decided(about('shop', 'web-1'), {
        metadata: { ownerReferences: [{ ...owner, [field]: long }] },
      });
      await vi.waitFor(() => expect(written('shop')).toHaveLength(1), soon);
      expect(written('shop')[0]?.involvedObject).toMatchObject({ kind: 'Pod', name: 'web-1' });
    },
  );
  test('the longest names that Kubernetes takes are followed to their workload', async () => {
    open();
    const name = 'w'.repeat(253);
    const owner = {
      apiVersion: `${'g'.repeat(253)}/v1`,
      kind: 'K'.repeat(63),
      metadata: { name, uid: 'u' },
    } as FakeObject;
    events.decided(about('shop', 'web-1'), ownedBy(owner));
    await vi.waitFor(() => expect(written('shop')).toHaveLength(1), soon);
    expect(written('shop')[0]?.involvedObject).toMatchObject({ kind: 'K'.repeat(63), name });
  });
  test.each([
    ['generateName', { operation: 'CREATE', name: '' }],
    ['uid', { operation: 'UPDATE', name: 'web-1' }],
  ] as const)('a %s that is longer than any is left out', async (field, { operation, name }) => {
    open();
    const refused = refusal({
      operation,
      object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', ...(name === '' ? {} : { name }) },
    });
    events.decided(refused, { metadata: { [field]: long } });
    await vi.waitFor(() => expect(written('shop')).toHaveLength(1), soon);
    expect(JSON.stringify(written('shop')).length).toBeLessThan(5000);
  });
});
