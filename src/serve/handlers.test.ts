import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../test/e2e/harness/certificates.ts';
import { digestOf, evidenceOf, fakeEvidence, type FakeEvidence } from '../../test/fakes/evidence/evidence.ts';
import { pod } from '../../test/fakes/gate.ts';
import { constraint, constraintsOf, storeOf, template } from '../../test/fakes/constraints.ts';
import { anyExpression, policySet } from '../../test/fakes/policy-set.ts';
import { http1, startGate, type Send } from '../../test/fakes/webhook-server.ts';
import { createMetrics } from '../adapters/metrics/metrics.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { Decision } from '../core/decision/decision.ts';
import { unavailable } from '../core/facts/fact.ts';
import type { RegistryEventSource } from '../gate/prefetch/registry-events.ts';
import type { ConstraintDeps } from '../gate/review/judge-constraints.ts';
import { createLifecycle } from './lifecycle.ts';
import { createHandlers } from './handlers.ts';
import { soon } from '../../test/soon.ts';

const a = digestOf('a');
const policies = policySet({
  pinning: { checks: [{ digest: { pin: true } }, { image: { user: 'NonRoot' } }] },
});
const sources: readonly RegistryEventSource[] = [
  { name: 'main', format: 'distribution', hosts: ['registry.example.com'], token: () => 'secret' },
];
const logged: string[] = [];
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message: string) => void logged.push(message),
  error: (message: string) => void logged.push(message),
  decision: () => undefined,
  flush: () => Promise.resolve(),
};
const resolved = resolveConfig({ flags: { policies: ['.'] }, environment: {} });
if (!resolved.ok) throw new Error('the defaults are a configuration');
const { config } = resolved.value;

let tls: { ca: string };
let certificate: { cert: string; key: string };
const lifecycle = createLifecycle();
const recorded: Decision[] = [];
const metrics = createMetrics('test');

const open = async (
  evidence: FakeEvidence | undefined,
  set = policies,
  constraints?: ConstraintDeps,
): Promise<{ send: Send }> => {
  const handlers = createHandlers(
    config,
    {
      replica: 'test',
      source: { current: () => ({ state: 'loaded', set }) },
      namespaces: { labels: (name) => unavailable(name, 'none') },
      compileExpression: anyExpression,
      constraints,
      sinks: [(decision) => void recorded.push(decision)],
      ...(evidence === undefined ? {} : { evidence: { access: { evidence }, eventSources: () => sources } }),
    },
    { log, metrics },
    lifecycle,
  );
  const gate = await startGate({ certificate }, handlers);
  lifecycle.add(() => gate.server.drain(100));
  return { send: http1(gate, tls) };
};

let at = 0;
const review = (object: object): string => {
  const { apiVersion = 'v1', kind = 'Pod' } = object as { apiVersion?: string; kind?: string };
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `uid-${String(++at)}`,
      kind: { group, version, kind },
      resource: { group, version, resource: 'x' },
      operation: 'CREATE',
      namespace: 'shop',
      userInfo: { username: 'jane' },
      object,
    },
  });
};
interface Answer {
  readonly response: { readonly allowed: boolean; readonly patch?: string; readonly warnings?: string[] };
}
const ask = async (send: Send, path: string, object: object): Promise<Answer['response']> =>
  (JSON.parse((await send({ path, body: review(object) })).text) as Answer).response;

beforeAll(async () => {
  const authority = await createAuthority('test');
  const issued = await authority.issueServer('gate', ['127.0.0.1']);
  tls = { ca: authority.certificate };
  certificate = { cert: issued.certificate, key: issued.key };
});
afterAll(() => lifecycle.closeAll());
beforeEach(() => void logged.splice(0));

describe('the doors of a gate that looks at registries', () => {
  test('a Pod is pinned by /mutate, and passes /validate with that digest', async () => {
    const evidence = fakeEvidence();
    const { send } = await open(evidence);
    const { patch = '' } = await ask(send, '/mutate', pod({ app: 'nginx:1.27' }));
    const steps = JSON.parse(Buffer.from(patch, 'base64').toString()) as unknown;
    const value = `docker.io/library/nginx:1.27@${a}`;
    expect(steps).toEqual([{ op: 'replace', path: '/spec/containers/0/image', value }]);
    expect((await ask(send, '/validate', pod({ app: 'nginx:1.27' }))).allowed).toBe(false);
    expect((await ask(send, '/validate', pod({ app: value }))).allowed).toBe(true);
    await vi.waitFor(() => expect(recorded.at(-1)?.images[0]?.digest).toBe(a), soon);
    expect(recorded.at(-1)?.durations['evidence']).toBeGreaterThanOrEqual(0);
  });

  test('a push is looked at in the background, and a stranger is not heard', async () => {
    const evidence = fakeEvidence();
    const { send } = await open(evidence);
    const body = JSON.stringify({
      events: [
        {
          action: 'push',
          target: { mediaType: 'application/vnd.oci.image.index.v1+json', digest: a, repository: 'shop/web' },
          request: { host: 'registry.example.com' },
        },
      ],
    });
    const headers = { authorization: 'Bearer secret' };
    const reply = await send({ path: '/registry-events', body, headers });
    expect(reply.status).toBe(202);
    await vi.waitFor(
      () =>
        expect(evidence.asked.map(({ references }) => references)).toEqual([
          [`registry.example.com/shop/web@${a}`],
        ]),
      soon,
    );
    const stranger = { authorization: 'Bearer guess' };
    expect((await send({ path: '/registry-events', body, headers: stranger })).status).toBe(401);
    expect(evidence.asked).toHaveLength(1);
  });

  test('what is looked at in advance never delays an answer', async () => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const evidence = fakeEvidence(async (request) => {
      await held;
      return evidenceOf(request, digestOf('a'));
    });
    const { send } = await open(evidence, policySet({ pinning: { checks: [{ digest: { pin: true } }] } }));
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { template: { spec: { containers: [{ name: 'a', image: 'nginx' }] } } },
    };
    expect((await ask(send, '/validate', deployment)).allowed).toBe(true);
    await vi.waitFor(() => expect(evidence.asked).toHaveLength(1), soon);
    letGo();
  });

  test('images that were judged without evidence are reported', async () => {
    const why = unavailable('registry.example.com: connect', 'refused');
    const { send } = await open(fakeEvidence(() => ({ pinned: why, facts: { image: why }, tried: [] })));
    expect((await ask(send, '/validate', pod({ app: `nginx@${a}` }))).allowed).toBe(false);
    expect(logged).toEqual(['images were judged without the evidence that policies ask for']);
  });
});

describe('the doors of a gate that looks at none', () => {
  test('pin nothing, say so, and refuse what would need a look', async () => {
    const { send } = await open(undefined);
    const { allowed, patch, warnings } = await ask(send, '/mutate', pod({ app: 'nginx' }));
    expect({ allowed, patch }).toEqual({ allowed: true, patch: undefined });
    expect(warnings).toEqual([expect.stringContaining('without registry access')]);
    expect((await ask(send, '/validate', pod({ app: `nginx@${a}` }))).allowed).toBe(false);
    expect((await send({ path: '/registry-events', body: '{}' })).status).toBe(404);
  });
});

describe('/constraints', () => {
  const store = storeOf(
    [template('NoBad', 'violation[{"msg": "is bad"}] { input.review.object.metadata.labels.bad }')],
    [constraint('NoBad', 'a')],
  );
  const bad = { labels: { bad: 'yes' } };
  const object = (apiVersion: string, kind: string, metadata: object): object => ({
    apiVersion,
    kind,
    metadata: { name: 'web', ...metadata },
  });
  const counted = async (): Promise<number> => {
    const { text } = await metrics.render();
    const line =
      /^imagegate_admission_requests_total\{operation="CREATE",resource="other",decision="allowed".*\} (\d+)$/m;
    return Number(line.exec(text)?.[1] ?? 0);
  };

  test('asks no image policy, records a kind without a pod spec only with a finding, and counts it always', async () => {
    const { send } = await open(undefined, policies, constraintsOf(store));
    const before = recorded.length;
    expect((await ask(send, '/constraints', pod({ app: 'nginx' }))).allowed).toBe(true);
    await vi.waitFor(() => expect(recorded).toHaveLength(before + 1), soon);
    const had = await counted();
    expect((await ask(send, '/constraints', object('v1', 'Service', {}))).allowed).toBe(true);
    await vi.waitFor(async () => expect(await counted()).toBe(had + 1), soon);
    expect(recorded).toHaveLength(before + 1);
    expect((await ask(send, '/constraints', object('v1', 'Service', bad))).allowed).toBe(false);
    await vi.waitFor(() => expect(recorded).toHaveLength(before + 2), soon);
    expect(recorded.at(-1)).toMatchObject({ allowed: false, object: { kind: 'Service' } });
    expect(recorded.at(-1)?.versions['policies']).toBeUndefined();
  });

  test.each([
    ['a Deny constraint refuses it', {}, false, 200],
    ['in the shadow it has no verdict', {}, true, 413],
    ['a constraint that warns refuses nothing', { spec: { enforcementAction: 'warn' } }, false, 413],
  ])('an object that is too large to be judged: %s', async (_title, more, isShadow, status) => {
    const one = storeOf(
      [template('NoBad', 'violation[{"msg": "is bad"}] { input.review.object.metadata.labels.bad }')],
      [{ ...constraint('NoBad', 'a'), ...more }],
    );
    const { send } = await open(undefined, policies, { ...constraintsOf(one), isShadow });
    const body = review(object('v1', 'ConfigMap', { labels: { filler: '<'.repeat(9 * 1024 * 1024) } }));
    const reply = await send({ path: '/constraints', body });
    expect(reply.status).toBe(status);
    if (status === 200) expect((JSON.parse(reply.text) as Answer).response.allowed).toBe(false);
    else expect(reply.text).not.toContain('"allowed"');
  });

  test('of a gate that asks no constraints says so', async () => {
    const { send } = await open(undefined);
    expect(await ask(send, '/constraints', object('v1', 'Service', bad))).toMatchObject({
      allowed: true,
      auditAnnotations: { skipped: 'not-judged' },
    });
  });
});
