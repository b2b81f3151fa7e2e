import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import type { ApiClient } from '../client/client.ts';
import { validatingWebhooksResource } from '../client/resource.ts';
import { patchCaBundle } from './ca-bundle.ts';
import { compareWebhooks } from './compare.ts';
import { createWebhookGuard, type WebhookGuard, type WebhookIntegrity } from './webhooks.ts';
import { soon } from '../../../../test/soon.ts';

let ours: string;
let other: string;
beforeAll(async () => {
  ours = (await createAuthority('ours')).certificate;
  other = (await createAuthority('other')).certificate;
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const expectedWebhook = {
  name: 'validate.imagegate.dev',
  clientConfig: { service: { name: 'imagegate', namespace: 'imagegate-system', path: '/validate' } },
  rules: [
    {
      operations: ['CREATE', 'UPDATE'],
      apiGroups: [''],
      apiVersions: ['v1'],
      resources: ['pods', 'podtemplates'],
    },
    {
      operations: ['CREATE', 'UPDATE'],
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      resources: ['deployments'],
    },
  ],
  namespaceSelector: {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['a', 'b'] }],
  },
  matchConditions: [{ name: 'changes', expression: 'true' }],
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  sideEffects: 'NoneOnDryRun',
  timeoutSeconds: 5,
  admissionReviewVersions: ['v1'],
};
type Webhook = typeof expectedWebhook;
const configuration = (webhooks: readonly object[]): JsonObject =>
  ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'imagegate' },
    webhooks,
  }) as unknown as JsonObject;
const expected = configuration([expectedWebhook]);

/** As the API server returns it: defaults filled in, our CA in the bundle. */
const stored = (more: object = {}, bundle = ours): Webhook =>
  ({
    ...expectedWebhook,
    objectSelector: {},
    ...more,
    clientConfig: {
      caBundle: base64(bundle),
      service: { ...expectedWebhook.clientConfig.service, port: 443 },
      ...('clientConfig' in more ? (more.clientConfig as object) : {}),
    },
    rules: ('rules' in more ? (more.rules as Webhook['rules']) : expectedWebhook.rules).map((rule) => ({
      scope: '*',
      ...rule,
    })),
  }) as Webhook;

describe('R13: a webhook configuration is intact', () => {
  test.each<[string, () => object]>([
    ['with the defaults of the API server', () => stored()],
    ['with another CA beside ours, as in a rotation', () => stored({}, `${other}${ours}`)],
    [
      'with its rules grouped and ordered in another way',
      () =>
        stored({
          rules: [
            {
              operations: ['UPDATE'],
              apiGroups: [''],
              apiVersions: ['v1'],
              resources: ['podtemplates', 'pods'],
            },
            {
              operations: ['UPDATE', 'CREATE'],
              apiGroups: ['apps'],
              apiVersions: ['v1'],
              resources: ['deployments'],
            },
            {
              operations: ['CREATE'],
              apiGroups: [''],
              apiVersions: ['v1'],
              resources: ['pods', 'podtemplates'],
            },
          ],
        }),
    ],
    [
      'with the values of a selector in another order',
      () =>
        stored({
          namespaceSelector: {
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['b', 'a'] }],
          },
        }),
    ],
  ])('%s', (_title, webhook) => {
    expect(compareWebhooks(expected, configuration([webhook()]), ours)).toEqual([]);
  });
});

describe('R13: a webhook configuration is altered', () => {
  test.each<[string, () => object, RegExp]>([
    ['by failurePolicy', () => stored({ failurePolicy: 'Ignore' }), /failurePolicy is Ignore, expected Fail/],
    ['by matchPolicy', () => stored({ matchPolicy: 'Exact' }), /matchPolicy is Exact/],
    ['by a timeout', () => stored({ timeoutSeconds: 1 }), /timeoutSeconds is 1, expected 5/],
    [
      'by being asked again',
      () => stored({ reinvocationPolicy: 'IfNeeded' }),
      /reinvocationPolicy is IfNeeded/,
    ],
    ['by sideEffects', () => stored({ sideEffects: 'None' }), /sideEffects is None/],
    [
      'by a rule that is gone',
      () => stored({ rules: [expectedWebhook.rules[0]] }),
      /rules no longer cover CREATE apps\/v1\/deployments \(\*\), UPDATE apps/,
    ],
    [
      'by an operation that is gone',
      () =>
        stored({
          rules: [{ ...expectedWebhook.rules[0], operations: ['CREATE'] }, expectedWebhook.rules[1]],
        }),
      /no longer cover UPDATE v1\/pods \(\*\)/,
    ],
    [
      'by a rule that is wider',
      () => stored({ rules: [...expectedWebhook.rules, { ...expectedWebhook.rules[0], apiGroups: ['*'] }] }),
      /rules cover CREATE \*\/v1\/pods.*not expected/,
    ],
    [
      'by a scope',
      () => stored({ rules: expectedWebhook.rules.map((rule) => ({ ...rule, scope: 'Cluster' })) }),
      /no longer cover/,
    ],
    [
      'by a namespace selector',
      () => stored({ namespaceSelector: { matchLabels: { gate: 'on' } } }),
      /namespaceSelector is/,
    ],
    [
      'by an object selector',
      () => stored({ objectSelector: { matchLabels: { gate: 'on' } } }),
      /objectSelector is/,
    ],
    [
      'by a condition that lets everything through',
      () => stored({ matchConditions: [{ name: 'changes', expression: 'false' }] }),
      /matchConditions is/,
    ],
    [
      'by one more condition',
      () =>
        stored({ matchConditions: [...expectedWebhook.matchConditions, { name: 'x', expression: 'false' }] }),
      /matchConditions is/,
    ],
    [
      'by a URL',
      () => stored({ clientConfig: { service: undefined, url: 'https://evil/' } }),
      /clientConfig\.url is https:\/\/evil\//,
    ],
    [
      'by another service',
      () => stored({ clientConfig: { service: { name: 'x', namespace: 'y' } } }),
      /clientConfig\.service is x\.y\.svc:443\//,
    ],
    ['by a CA that is not ours', () => stored({}, other), /caBundle does not contain our CA/],
    ['by a caBundle that cannot be read', () => stored({ clientConfig: { caBundle: '%%%' } }), /caBundle/],
    ['by another name', () => stored({ name: 'evil.imagegate.dev' }), /validate\.imagegate\.dev is missing/],
  ])('%s', (_title, webhook, difference) => {
    expect(compareWebhooks(expected, configuration([webhook()]), ours).join('; ')).toMatch(difference);
  });

  test('by a webhook that is not ours, or none at all', () => {
    const more = configuration([stored(), stored({ name: 'more' })]);
    expect(compareWebhooks(expected, more, ours)).toEqual(['the webhook more is not ours']);
    expect(compareWebhooks(expected, configuration([]), ours)).toHaveLength(1);
  });
});

describe('in a cluster', () => {
  let api: FakeApiServer;
  let client: ApiClient;
  let guard: WebhookGuard;
  let seen: WebhookIntegrity[];
  const guardOf = (more: Partial<Parameters<typeof createWebhookGuard>[0]>): WebhookGuard =>
    createWebhookGuard({
      client,
      clock: realClock,
      kind: 'ValidatingWebhookConfiguration',
      name: 'imagegate',
      withoutIt: 'nothing is gated',
      expected: () => expected,
      authority: () => ours,
      timing: { firstRetry: 10, lastRetry: 50 },
      ...more,
    });
  beforeEach(async () => {
    api = await startApiServer();
    client = clientOf(api);
    seen = [];
    guard = guardOf({ onChange: (integrity) => seen.push(integrity) });
  });
  afterEach(async () => {
    await guard.close();
    client.close();
    await api.close();
  });
  test('what the gate itself may be about to write is told of when it lasts', async () => {
    const told: string[] = [];
    let reads = 0;
    const settling = guardOf({
      settle: 300,
      onSeen: () => void (reads += 1),
      onChange: ({ state }) => void told.push(state),
    });
    put(stored());
    settling.start();
    await vi.waitFor(() => expect(told).toEqual(['intact']), soon);
    put(stored({ failurePolicy: 'Ignore' }));
    await vi.waitFor(() => expect(reads).toBe(2), soon);
    put(stored());
    await vi.waitFor(() => expect(reads).toBe(3), soon);
    put(stored({ failurePolicy: 'Ignore' }));
    await vi.waitFor(() => expect(told).toEqual(['intact', 'altered']), soon);
    await settling.close();
  });
  const put = (webhook: object): void =>
    void api.put('validatingwebhookconfigurations', {
      ...configuration([webhook]),
      metadata: { name: 'imagegate' },
    });

  test('R13: a missing, made, altered, repaired and deleted configuration is noticed within a second each', async () => {
    expect(guard.integrity()).toEqual({ state: 'unknown' });
    guard.start();
    const turns: readonly [string, () => void][] = [
      ['missing', () => undefined],
      ['intact', () => put(stored())],
      ['altered', () => put(stored({ failurePolicy: 'Ignore' }))],
      ['intact', () => put(stored())],
      ['missing', () => api.delete('validatingwebhookconfigurations', 'imagegate')],
    ];
    for (const [state, turn] of turns) {
      turn();
      await vi.waitFor(() => expect(guard.integrity().state).toBe(state), soon);
    }
    expect(seen.map(({ state }) => state)).toEqual(turns.map(([state]) => state));
    expect(api.requests[0]?.query.get('fieldSelector')).toBe('metadata.name=imagegate');
  });

  test('R13: the mutating configuration is watched as a resource of its own', async () => {
    const mutating: WebhookIntegrity[] = [];
    const other = guardOf({
      kind: 'MutatingWebhookConfiguration',
      withoutIt: 'no image is pinned',
      onChange: (integrity) => mutating.push(integrity),
    });
    try {
      put(stored());
      other.start();
      await vi.waitFor(() => expect(mutating).toHaveLength(1), soon);
      expect(mutating[0]).toMatchObject({
        state: 'missing',
        differences: [
          expect.stringMatching(/^the MutatingWebhookConfiguration imagegate .* no image is pinned/),
        ],
      });
      api.put('mutatingwebhookconfigurations', {
        ...configuration([stored()]),
        metadata: { name: 'imagegate' },
      });
      await vi.waitFor(() => expect(mutating.at(-1)?.state).toBe('intact'), soon);
    } finally {
      await other.close();
    }
  });

  test('an edit that changes nothing is no news, and other configurations are none of ours', async () => {
    put(stored());
    guard.start();
    await vi.waitFor(() => expect(seen).toHaveLength(1), soon);
    put(stored({ matchPolicy: undefined }));
    api.put('validatingwebhookconfigurations', { metadata: { name: 'other' }, webhooks: [] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen).toHaveLength(1);
  });

  const target = { resource: validatingWebhooksResource, name: 'imagegate' };
  const never = new AbortController().signal;

  test('R15: the CA bundle is patched where it differs, and only there', async () => {
    put(stored({}, other));
    expect(await patchCaBundle(client, target, `${other}${ours}`, never)).toEqual({ ok: true, value: true });
    expect(await patchCaBundle(client, target, `${ours}${other}`, never)).toEqual({ ok: true, value: false });
    const held = api.get('validatingwebhookconfigurations', 'imagegate') as unknown as {
      webhooks: Webhook[];
    };
    expect(held.webhooks[0]).toEqual({
      ...stored(),
      clientConfig: { ...stored({}, `${other}${ours}`).clientConfig },
    });
    expect(compareWebhooks(expected, held as unknown as JsonObject, ours)).toEqual([]);
  });

  test('R15: a concurrent edit is not undone: the patch is made anew', async () => {
    put(stored({}, other));
    api.fault({ verb: 'patch', slow: 100, times: 1 });
    const patching = patchCaBundle(client, target, ours, never);
    await vi.waitFor(() => expect(api.requests.map(({ verb }) => verb)).toContain('patch'), soon);
    put(stored({ timeoutSeconds: 7 }, other));
    expect(await patching).toEqual({ ok: true, value: true });
    expect(api.get('validatingwebhookconfigurations', 'imagegate')).toMatchObject({
      webhooks: [{ timeoutSeconds: 7 }],
    });
    expect(api.requests.filter(({ verb }) => verb === 'patch')).toHaveLength(2);
  });

  test('an empty bundle is never written, a missing configuration is said', async () => {
    expect(await patchCaBundle(client, target, 'nothing', never)).toMatchObject({ ok: false });
    expect(await patchCaBundle(client, target, ours, never)).toMatchObject({ error: { status: 404 } });
  });
});
