import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf } from '../../../../test/fakes/api-server/api-server-client.ts';
import {
  type FakeApiServer,
  type FakeObject,
  startApiServer,
} from '../../../../test/fakes/api-server/api-server.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';
import { finding, ownedBy, reference, refusal as decision } from '../../../../test/fakes/refusals.ts';
import type { Decision } from '../../../core/decision/decision.ts';
import type { Finding } from '../../../core/decision/finding.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { createEvents, type Events, type EventsOptions } from './events.ts';
import { eventMessage } from './note.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let events: Events;
let skew: number;
let problems: ApiProblem[];
const open = (more: Partial<EventsOptions> = {}): Events =>
  (events = createEvents({
    client,
    clock: { now: () => Date.now() + skew, monotonic: () => performance.now() + skew },
    instance: 'imagegate-0',
    rate: { perSecond: 1000, burst: 1000 },
    repeatAfter: 30,
    onProblem: (problem) => problems.push(problem),
    ...more,
  }));
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  skew = 0;
  problems = [];
  open();
});
afterEach(async () => {
  await events.close(0);
  client.close();
  await api.close();
});

const written = (namespace = 'shop') => api.list('events', namespace) as unknown as Record<string, unknown>[];
const one = async (): Promise<Record<string, unknown>> => {
  await vi.waitFor(() => expect(written()).toHaveLength(1), soon);
  return written()[0]!;
};
const counted = (count: number) => vi.waitFor(() => expect(written()).toMatchObject([{ count }]), soon);

describe('R23: an Event', () => {
  test('is on the Deployment above the Pod, from imagegate, with what to do', async () => {
    const deployment = api.put('deployments', { metadata: { name: 'web', namespace: 'shop' } });
    const set = api.put('replicasets', {
      metadata: { name: 'web-abc', namespace: 'shop', ownerReferences: reference(deployment) },
    });
    events.decided(decision(), ownedBy(set));
    expect(await one()).toMatchObject({
      type: 'Warning',
      reason: 'ImageDenied',
      message:
        'image evil.io/x is not from a trusted registry (policy production: registry-not-allowed); fix: Use registry.example.com. [imagegate explain imagegate-0-1]',
      involvedObject: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        namespace: 'shop',
        name: 'web',
        uid: deployment.metadata.uid,
      },
      source: { component: 'imagegate' },
      reportingComponent: 'imagegate',
      count: 1,
    });
    events.decided(decision({ findings: [{ ...finding, message: 'another' }] }), ownedBy(set));
    await vi.waitFor(() => expect(written()).toHaveLength(2), soon);
    expect(api.requests.filter(({ resource }) => resource === 'replicasets')).toHaveLength(1);
  });

  test('is on the CronJob above the Job', async () => {
    const cron = api.put('cronjobs', { metadata: { name: 'nightly', namespace: 'shop' } });
    const job = api.put('jobs', {
      metadata: { name: 'nightly-1', namespace: 'shop', ownerReferences: reference(cron) },
    });
    events.decided(decision(), ownedBy(job));
    expect((await one())['involvedObject']).toMatchObject({ kind: 'CronJob', name: 'nightly' });
  });

  test('is on the Node, in the namespace of the Pod, about the mirror of a static Pod', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'one', uid: 'node-uid' } };
    events.decided(decision({ user: 'system:node:one' }), ownedBy(node as FakeObject));
    const involvedObject = { kind: 'Node', name: 'one', namespace: 'shop' };
    expect(await one()).toMatchObject({
      involvedObject,
      metadata: { namespace: 'shop' },
      reason: 'ImageDenied',
    });
  });

  test('is on the refused object, without a uid, when it has no owner', async () => {
    events.decided(decision(), ownedBy(undefined));
    const { involvedObject } = await one();
    expect(involvedObject).toEqual({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1' });
  });

  test('carries the uid of an object that exists', async () => {
    events.decided(decision({ operation: 'UPDATE' }), ownedBy(undefined));
    expect((await one())['involvedObject']).toMatchObject({ uid: 'pod-uid' });
  });

  test('names an object that only has a generateName', async () => {
    const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop' };
    events.decided(decision({ object }), { metadata: { generateName: 'web-' } });
    expect(await one()).toMatchObject({
      involvedObject: { name: 'web-' },
      metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) as string },
    });
  });

  test.each([
    ['the owner is gone', () => undefined],
    ['the owner must not be read', () => api.fault({ resource: 'replicasets', forbidden: true })],
    ['the owner cannot be read in time', () => api.fault({ resource: 'replicasets', hang: true })],
  ])('is on the nearest owner when %s', async (_title, harm) => {
    harm();
    const set = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web-abc', uid: 'set-uid' } };
    events.decided(decision(), ownedBy(set as FakeObject));
    expect((await one())['involvedObject']).toMatchObject({
      kind: 'ReplicaSet',
      name: 'web-abc',
      uid: 'set-uid',
    });
  });

  test('does not follow an owner reference with a wrong uid', async () => {
    const deployment = api.put('deployments', { metadata: { name: 'web', namespace: 'shop' } });
    api.put('replicasets', {
      metadata: { name: 'web-abc', namespace: 'shop', ownerReferences: reference(deployment) },
    });
    const forged = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'web-abc', uid: 'forged' },
    };
    events.decided(decision(), ownedBy(forged as FakeObject));
    expect((await one())['involvedObject']).toMatchObject({ kind: 'ReplicaSet', uid: 'forged' });
  });

  test('says ImageWouldBeDenied when the mode let it pass', async () => {
    events.decided(decision({ allowed: true, findings: [{ ...finding, mode: 'Warn' }] }), ownedBy(undefined));
    expect(await one()).toMatchObject({ reason: 'ImageWouldBeDenied' });
  });

  const violated: Finding = {
    policy: 'K8sAllowedImages/approved',
    check: 'constraint',
    mode: 'Deny',
    code: 'constraint-violated',
    message: `two\nlines ${'x'.repeat(5000)} end`,
  };

  test.each([
    ['DeniedByConstraint', 'Pod', false, [violated]],
    ['DeniedByConstraint', 'Namespace', false, [violated]],
    ['DeniedByConstraint', 'Pod', false, [{ ...finding, mode: 'Audit' }, violated]],
    ['ImageDenied', 'Pod', false, [finding, violated]],
    ['WouldBeDeniedByConstraint', 'Pod', true, [{ ...violated, mode: 'Audit' }]],
  ] as const)(
    'says %s where a %s meets a constraint (allowed: %s)',
    async (reason, kind, allowed, findings) => {
      const object = { apiVersion: 'v1', kind, namespace: 'shop', name: 'web-1' };
      events.decided(decision({ allowed, object, findings }), ownedBy(undefined));
      const event = await one();
      expect(event['reason']).toBe(reason);
      if (reason !== 'ImageDenied')
        expect(event['message']).toMatch(
          /^two.+ end \(constraint K8sAllowedImages\/approved: constraint-violated\).* \[imagegate explain/,
        );
    },
  );

  test.each([
    ['PolicyDenied', 'imagegate.dev/v1alpha1', 'ImagePolicy', 'policy-invalid'],
    ['NamespaceChangeDenied', 'v1', 'Namespace', 'namespace-escape'],
    ['TrustRootDenied', 'imagegate.dev/v1alpha1', 'TrustRoot', 'trust-root-invalid'],
    ['TemplateDenied', 'templates.gatekeeper.sh/v1', 'ConstraintTemplate', 'template-invalid'],
    ['ConstraintDenied', 'constraints.gatekeeper.sh/v1beta1', 'K8sAllowedImages', 'constraint-invalid'],
    ['ImageDenied', 'other.dev/v1', 'ImagePolicy', 'registry-not-allowed'],
    ['ImageDenied', 'other.dev/v1', 'Namespace', 'registry-not-allowed'],
  ] as const)('says %s about a refused %s %s', async (reason, apiVersion, kind, code) => {
    const refused = decision({
      operation: 'UPDATE',
      object: { apiVersion, kind, name: 'shop' },
      findings: [{ ...finding, policy: '', check: 'gate', code }],
    });
    events.decided(refused, { metadata: { name: 'shop' } });
    await vi.waitFor(() => expect(written('default')).toMatchObject([{ reason }]), soon);
  });

  test('about an object of the whole cluster lies in the namespace default', async () => {
    events.note({
      about: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        name: 'imagegate',
      },
      type: 'Warning',
      reason: 'WebhookAltered',
      text: 'failurePolicy is Ignore',
    });
    await vi.waitFor(() => expect(written('default')).toHaveLength(1), soon);
  });

  test.each<[string, Partial<Decision>]>([
    ['a dry run', { dryRun: true }],
    ['no finding', { allowed: true, findings: [] }],
    ['a manifest', { source: 'manifest' }],
  ])('is not written for %s', async (_title, more) => {
    events.decided(decision(more), ownedBy(undefined));
    await events.close();
    expect(events.counts()).toMatchObject({ created: 0, queued: 0 });
    expect(api.requests).toEqual([]);
  });
});

describe('many Events', () => {
  test('equal ones become one with a count, and the latest decision', async () => {
    for (let n = 1; n <= 100; n++) events.decided(decision({ id: `d-${n}` }), ownedBy(undefined));
    await one();
    await counted(100);
    for (let n = 101; n <= 150; n++) events.decided(decision({ id: `d-${n}` }), ownedBy(undefined));
    await counted(150);
    expect(written()[0]?.['message']).toContain('d-150');
    expect(events.counts()).toMatchObject({ created: 1, failed: 0, dropped: 0 });
    expect(api.requests.length).toBeLessThan(10);
  });

  test('an Event that the cluster has forgotten begins anew', async () => {
    events.decided(decision(), ownedBy(undefined));
    await counted(1);
    // The cluster has an Event a moment before its writer knows.
    await vi.waitFor(() => expect(events.counts().created).toBe(1), soon);
    api.delete('events', api.list('events', 'shop')[0]!.metadata.name, 'shop');
    events.decided(decision(), ownedBy(undefined));
    await counted(1);
    await vi.waitFor(() => expect(events.counts().created).toBe(2), soon);
  });

  test('a flood fills a bounded queue, is limited in rate and delays nobody', async () => {
    await events.close();
    open({ capacity: 50, rate: { perSecond: 20, burst: 5 } });
    const spent = threadTime(() => {
      for (let n = 0; n < 10_000; n++) {
        events.decided(
          decision({ object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: `p${n}` } }),
          null,
        );
      }
    });
    expect(spent).toBeLessThan(1000);
    expect(events.counts()).toMatchObject({ dropped: 9950, queued: 50 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(written().length).toBeGreaterThanOrEqual(5);
    expect(written().length).toBeLessThanOrEqual(20);
  });

  test('a failing API server is tried again, then counted, and nothing is thrown', async () => {
    api.fault({ verb: 'create', answer: 500, times: 1 });
    events.decided(decision(), ownedBy(undefined));
    await counted(1);
    api.fault({ verb: 'create', forbidden: true });
    events.decided(decision({ allowed: true }), ownedBy(undefined));
    await vi.waitFor(() => expect(events.counts().failed).toBe(1), soon);
    expect(problems.map(({ status }) => status)).toEqual([500, 403]);
  });

  test('closing writes what waits, but not for ever', async () => {
    events.decided(decision(), ownedBy(undefined));
    await events.close();
    expect(written()).toHaveLength(1);
    open();
    api.fault({ hang: true });
    events.decided(decision({ allowed: true }), ownedBy(undefined));
    const before = performance.now();
    await events.close(100);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

test('a message has at most 1 KB, keeps its end and breaks no character', () => {
  const about = { apiVersion: 'v1', kind: 'Pod', name: 'x' };
  const message = eventMessage({
    about,
    type: 'Warning',
    reason: 'R',
    text: `${'ü'.repeat(900)}\u0007`,
    latest: 'explain d-1',
  });
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
  expect(message).toMatch(/^ü+… \[explain d-1\]$/);
});
