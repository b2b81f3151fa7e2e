import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  digestOf,
  evidenceOf,
  fakeEvidence,
  type FakeEvidence,
} from '../../../test/fakes/evidence/evidence.ts';
import { fakeGate, requestFor } from '../../../test/fakes/gate.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { unavailable } from '../../core/facts/fact.ts';
import { parseReference, type ImageReference } from '../../core/image/reference.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { createSlices } from '../review/slices.ts';
import { createPrefetch, type Prefetch, type PrefetchDeps } from './prefetch.ts';
import { digestOnly } from '../../core/facts/evidence-kind.ts';
import { imageNeed } from '../../core/facts/image-kind.ts';
import { soon } from '../../../test/soon.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
/** On a busy machine the time of others would count as work, and the rest would wait for a slice longer than `turn`. */
const wholeSlices = () => createSlices({ ...clock, monotonic: () => 0 });
const pinning = { checks: [{ digest: { pin: true } }] };
const users = { checks: [{ image: { user: 'NonRoot' } }] };
const a = digestOf('a');
const imageOf = (text: string): ImageReference => {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
};
const turn = (): Promise<void> => sleep(5);

let prefetch: Prefetch;
let bugs: unknown[];
afterEach(() => prefetch.close());

const start = (
  policies: Readonly<Record<string, object>>,
  evidence: FakeEvidence = fakeEvidence(),
  more: Partial<PrefetchDeps> = {},
) => {
  bugs = [];
  const set = policySet(policies);
  prefetch = createPrefetch({
    policies: { current: () => ({ state: 'loaded', set }) },
    namespaces: { labels: (name) => unavailable(name, 'none') },
    workloads: createWorkloadTable([]),
    evidence,
    clock,
    slices: wholeSlices(),
    onBug: (error) => void bugs.push(error),
    ...more,
  });
  const gate = fakeGate({ policies });
  return {
    evidence,
    asked: () => evidence.asked.flatMap(({ references }) => references),
    /** As the webhook does: judge, answer, then warm. */
    admit: async (request: AdmissionRequest) => {
      const decision = await gate.admit(request);
      prefetch.admitted(request, decision);
      await turn();
      return decision;
    },
  };
};

const template = (...images: readonly string[]) => ({
  spec: {
    containers: images.map((image, at) => ({ name: `c${String(at)}`, image })),
    imagePullSecrets: [{ name: 'regcred' }],
  },
});
const owners: readonly [string, string, (spec: object) => object][] = [
  ['apps/v1', 'Deployment', (spec) => ({ template: spec })],
  ['apps/v1', 'ReplicaSet', (spec) => ({ template: spec })],
  ['apps/v1', 'StatefulSet', (spec) => ({ template: spec })],
  ['apps/v1', 'DaemonSet', (spec) => ({ template: spec })],
  ['batch/v1', 'Job', (spec) => ({ template: spec })],
  ['batch/v1', 'CronJob', (spec) => ({ jobTemplate: { spec: { template: spec } } })],
];
const deployment = (...images: readonly string[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { template: template(...images) },
});

describe('after a template was admitted', () => {
  test.each(owners)(
    'the images of a %s %s are looked at as its Pods will',
    async (apiVersion, kind, spec) => {
      const { admit, evidence, asked } = start({ pinning });
      const object = { apiVersion, kind, metadata: { name: 'x' }, spec: spec(template('nginx', 'redis')) };
      const decision = await admit(requestFor(object as unknown as JsonObject, { namespace: 'shop' }));
      expect(decision.allowed).toBe(true);
      expect(asked()).toEqual(['docker.io/library/nginx:latest', 'docker.io/library/redis:latest']);
      expect(evidence.asked[0]?.context).toEqual({ namespace: 'shop', pullSecrets: ['regcred'] });
    },
  );

  test('the answer does not wait for it', () => {
    const { evidence } = start({ pinning });
    const object = deployment('nginx');
    const gate = fakeGate({ policies: { pinning } });
    return gate.admit(requestFor(object)).then((decision) => {
      prefetch.admitted(requestFor(object), decision);
      expect(evidence.asked).toEqual([]);
    });
  });

  test('a policy that selects Pods by a label that the template lacks counts as matching', async () => {
    const { admit, asked } = start({
      pinning: { ...pinning, match: { objectSelector: { matchLabels: { injected: 'yes' } } } },
    });
    await admit(requestFor(deployment('nginx')));
    expect(asked()).toHaveLength(1);
  });

  test.each<[string, Readonly<Record<string, object>>, AdmissionRequest]>([
    ['on a dry run', { pinning }, requestFor(deployment('nginx'), { dryRun: true })],
    [
      'when it was denied',
      { pinning, no: { checks: [{ tags: { deny: ['*'] } }] } },
      requestFor(deployment('nginx')),
    ],
    [
      'when no image changed',
      { pinning },
      requestFor(deployment('nginx'), { operation: 'UPDATE', oldObject: deployment('nginx') }),
    ],
    [
      'when no policy needs it',
      { d: { checks: [{ tags: { deny: ['x'] } }] } },
      requestFor(deployment('nginx')),
    ],
    ['about an image with its digest', { pinning }, requestFor(deployment(`nginx@${a}`))],
    [
      'about a registry that a policy forbids (B26)',
      { pinning, fence: { mode: 'Deny', checks: [{ registries: { deny: ['evil.io/**'] } }] } },
      requestFor(deployment('evil.io/x')),
    ],
    ['after a deletion', { pinning }, requestFor(deployment('nginx'), { operation: 'DELETE' })],
  ])('nothing is looked at %s', async (_title, policies, request) => {
    const { admit, asked } = start(policies);
    await admit(request);
    expect(asked()).toEqual([]);
    expect(bugs).toEqual([]);
  });

  test('what the review has just looked at is not asked again', async () => {
    const { evidence } = start({ users });
    const gate = fakeGate({ policies: { users }, evidence });
    const request = requestFor(deployment('nginx'));
    prefetch.admitted(request, await gate.admit(request));
    await turn();
    expect(evidence.asked).toHaveLength(1);
  });

  test('a look-up that fails is reported and hurts nobody', async () => {
    const namespaces = { labels: () => Promise.reject(new Error('boom')) };
    const policies = { pinning: { ...pinning, match: { namespaceSelector: { matchLabels: { a: 'b' } } } } };
    const { admit } = start(policies, fakeEvidence(), { namespaces });
    await admit(requestFor(deployment('nginx')));
    expect(bugs).toHaveLength(1);
  });
});

describe('when an image was pushed', () => {
  test.each<[string, Readonly<Record<string, object>>, string, object | undefined]>([
    ['its digest is looked up for policies that pin', { pinning }, 'r.io/x:1', digestOnly],
    ['nothing of a digest for policies that only pin', { pinning }, `r.io/x@${a}`, undefined],
    ['its config for checks that read it', { users }, `r.io/x@${a}`, { image: imageNeed('all') }],
    [
      'what the policies of any namespace need',
      { users: { ...users, match: { namespaces: { include: ['shop'] } } }, pinning },
      'r.io/x:1',
      { image: imageNeed('all') },
    ],
    [
      'although a policy of another namespace forbids its registry',
      {
        users: { ...users, match: { namespaces: { include: ['shop'] } } },
        fence: {
          match: { namespaces: { include: ['bank'] } },
          checks: [{ registries: { deny: ['r.io/**'] } }],
        },
      },
      'r.io/x:1',
      { image: imageNeed('all') },
    ],
    [
      'nothing that no policy speaks about',
      { users: { ...users, match: { images: ['a.io/**'] } } },
      'r.io/x:1',
      undefined,
    ],
    ['nothing without a policy', {}, 'r.io/x:1', undefined],
  ])('%s', async (_title, policies, text, needs) => {
    const { evidence } = start(policies);
    expect(prefetch.pushed(imageOf(text))).toBe(true);
    await turn();
    expect(evidence.asked.map(({ requests }) => requests[0]?.needs)).toEqual(
      needs === undefined ? [] : [needs],
    );
    expect(evidence.asked.every(({ context }) => context === undefined)).toBe(true);
  });

  test('it is dropped while policies are loading', () => {
    start({ pinning }, fakeEvidence(), {
      policies: { current: () => ({ state: 'loading', why: 'not yet' }) },
    });
    expect(prefetch.pushed(imageOf('r.io/x:1'))).toBe(false);
  });
});

describe('a flood', () => {
  /** Evidence that waits until it is let go, and knows how many wait at one time. */
  const held = () => {
    const waiting: (() => void)[] = [];
    let most = 0;
    const evidence = fakeEvidence(async (request) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return evidenceOf(request, digestOf('a'));
    });
    return {
      evidence,
      most: () => most,
      go: () => {
        most = Math.max(most, waiting.length);
        for (const resolve of waiting.splice(0)) resolve();
      },
    };
  };

  test('R26: of two namespaces does not keep the templates of a third from being looked at next', async () => {
    const { evidence, go } = held();
    const { admit } = start({ pinning }, evidence);
    const template = (namespace: string, count: number) =>
      requestFor(deployment(...Array.from({ length: count }, (_, at) => `r.io/${namespace}:${String(at)}`)), {
        namespace,
      });
    for (let turns = 0; turns < 6; turns++)
      for (const namespace of ['evil', 'worse'])
        await admit(requestFor(template(namespace + String(turns), 60).object ?? {}, { namespace }));
    expect(prefetch.counts().running).toBe(6);
    await admit(template('shop', 4));
    const namespaces = (): readonly unknown[] => evidence.asked.map(({ context }) => context?.namespace);
    expect(namespaces().filter((one) => one === 'shop')).toHaveLength(2);
    go();
    await turn();
    expect(namespaces().filter((one) => one === 'shop')).toHaveLength(4);
    expect(prefetch.counts().dropped).toBeGreaterThan(0);
    while (prefetch.counts().running > 0) {
      go();
      await turn();
    }
  });

  test('is bounded: four of one namespace at one time, 256 wait, the rest is dropped and counted', async () => {
    const { evidence, go, most } = held();
    start({ pinning }, evidence);
    const taken = Array.from({ length: 300 }, (_, at) => prefetch.pushed(imageOf(`r.io/x:${String(at)}`)));
    expect(taken.filter((one) => one)).toHaveLength(260);
    expect(prefetch.counts()).toEqual({ running: 4, waiting: 256, dropped: 40 });
    while (evidence.asked.length < 260 || prefetch.counts().running > 0) {
      await turn();
      go();
    }
    expect(most()).toBe(4);
    expect(prefetch.counts()).toEqual({ running: 0, waiting: 0, dropped: 40 });
  });

  test('R26: images whose layers are looked into keep nobody from looking up everything else', async () => {
    const asked: string[] = [];
    const slow = fakeEvidence((request, signal) => {
      asked.push(Object.keys(request.needs).toSorted().join(' '));
      if (request.needs.vulnerability === undefined) return evidenceOf(request, digestOf('a'));
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve(evidenceOf(request, digestOf('a')))),
      );
    });
    const both = {
      checks: [
        { image: { user: 'NonRoot' } },
        { vulnerabilities: { max: { critical: 0 }, unscanned: 'Deny', gaps: 'Deny' } },
      ],
    };
    start({ both }, slow, { limits: { concurrency: 2 } });
    for (let at = 0; at < 20; at += 1) expect(prefetch.pushed(imageOf(`r.io/x:${String(at)}`))).toBe(true);
    await vi.waitFor(() => expect(asked.filter((needs) => needs === 'image')).toHaveLength(20), soon);
    expect(asked.filter((needs) => needs === 'image vulnerability').length).toBeLessThanOrEqual(2);
    expect(prefetch.counts()).toMatchObject({ dropped: 0 });
  });

  test('of one image is one question, until it is answered', async () => {
    const { evidence, go } = held();
    start({ pinning }, evidence);
    for (let at = 0; at < 1_000; at++) expect(prefetch.pushed(imageOf('r.io/x:1'))).toBe(true);
    await turn();
    expect(evidence.asked).toHaveLength(1);
    go();
    await vi.waitFor(() => expect(prefetch.counts().running).toBe(0), soon);
    prefetch.pushed(imageOf('r.io/x:1'));
    await turn();
    expect(evidence.asked).toHaveLength(2);
    go();
  });

  test('each image has its own deadline, and the next one gets its turn', async () => {
    const signals: AbortSignal[] = [];
    const stuck = fakeEvidence(
      (request, signal) =>
        new Promise((resolve) => {
          signals.push(signal);
          signal.addEventListener('abort', () => resolve(evidenceOf(request, digestOf('a'))));
        }),
    );
    start({ pinning }, stuck, { limits: { concurrency: 1, budget: 30 } });
    prefetch.pushed(imageOf('r.io/x:1'));
    prefetch.pushed(imageOf('r.io/x:2'));
    await vi.waitFor(() => expect(signals).toHaveLength(2), soon);
    expect(signals[0]?.aborted).toBe(true);
  });

  test('one that fails is reported, and the others go on', async () => {
    const failing = fakeEvidence(() => Promise.reject(new Error('boom')));
    start({ pinning }, failing, { limits: { concurrency: 1 } });
    prefetch.pushed(imageOf('r.io/x:1'));
    prefetch.pushed(imageOf('r.io/x:2'));
    await vi.waitFor(() => expect(bugs).toHaveLength(2), soon);
  });

  test('ends with the gate: what is under way is aborted, what waits is forgotten', async () => {
    const aborted: boolean[] = [];
    const stuck = fakeEvidence(
      (request, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted.push(true);
            resolve(evidenceOf(request, digestOf('a')));
          });
        }),
    );
    start({ pinning }, stuck, { limits: { concurrency: 1 } });
    prefetch.pushed(imageOf('r.io/x:1'));
    prefetch.pushed(imageOf('r.io/x:2'));
    await turn();
    await prefetch.close();
    expect(aborted).toEqual([true]);
    expect(stuck.asked).toHaveLength(1);
    expect(prefetch.pushed(imageOf('r.io/x:3'))).toBe(false);
  });
});
