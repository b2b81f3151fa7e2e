import type { V1ValidatingWebhook } from '@kubernetes/client-node';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../../test/e2e/harness/certificates.ts';
import { clientOf } from '../../../test/fakes/api-server/api-server-client.ts';
import { startApiServer, type FakeApiServer } from '../../../test/fakes/api-server/api-server.ts';
import { constraintSettings } from '../../../test/fakes/constraint-settings.ts';
import { constraint, template } from '../../../test/fakes/constraints.ts';
import { fakeTelemetry } from '../../../test/fakes/telemetry.ts';
import { soon } from '../../../test/soon.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { doorManifests } from '../../install/doors/door-configuration.ts';
import type { Config } from '../../config/resolved.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';
import { openClusterConstraints, type ClusterConstraints } from './cluster-constraints.ts';
import { watchWebhooks } from './webhook-guard.ts';

const configurations = 'validatingwebhookconfigurations';
const closedDoor = 'imagegate-constraints';
const openDoor = 'imagegate-constraints-open';
const inClusterClient = {
  service: { name: 'imagegate', namespace: 'imagegate-system', port: 443, path: '/constraints' },
};

let leaf: string;
let api: FakeApiServer;
let client: ApiClient;
let lifecycle: Lifecycle;
let messages: string[];
let telemetry: Telemetry;
beforeAll(async () => {
  leaf = (await (await createAuthority('ours')).issueServer('gate', ['gate.example.com'])).certificate;
});
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  lifecycle = createLifecycle();
  ({ telemetry, messages } = fakeTelemetry());
});
afterEach(async () => {
  await lifecycle.closeAll();
  client.close();
  await api.close();
});

const open = (
  settings: Parameters<typeof constraintSettings>[0] = {},
  isHolder = (): boolean => true,
): ClusterConstraints => {
  const opened = openClusterConstraints(
    {
      client,
      config: constraintSettings(settings),
      certificate: { current: () => ({ cert: leaf, key: '', expiresAt: 0 }) },
      isHolder,
    },
    telemetry,
    lifecycle,
  );
  if (opened === undefined) throw new Error('a mistake of the test: constraints are off');
  return opened;
};
const install = (
  clientConfig: object = { service: { ...inClusterClient.service, path: '/validate' } },
): void => {
  api.put(configurations, {
    metadata: { name: 'imagegate' },
    webhooks: [{ name: 'validate.imagegate.dev', clientConfig: { ...clientConfig, caBundle: 'Q0E=' } }],
  });
  for (const { object } of doorManifests()) api.put(configurations, object as never);
};
const services = { match: { kinds: [{ apiGroups: [''], kinds: ['Service'] }] } };
const constrain = (spec: object = services): void => {
  api.put('constrainttemplates', template('NoBash', 'violation[{"msg": "no"}] { true }'));
  api.put('nobash', constraint('NoBash', 'a', spec as never));
};
const webhooksOf = (name: string): readonly V1ValidatingWebhook[] =>
  (api.get(configurations, name) as { webhooks?: V1ValidatingWebhook[] } | undefined)?.webhooks ?? [];
const resourcesOf = (name: string): readonly string[] =>
  webhooksOf(name).flatMap(({ rules = [] }) => rules.flatMap(({ resources = [] }) => resources));
const until = (what: () => unknown, wanted: unknown): Promise<void> =>
  vi.waitFor(() => expect(what()).toEqual(wanted), soon);
const updates = (): number =>
  api.requests.filter(({ verb, resource }) => verb === 'update' && resource === configurations).length;
const statusOf = (): unknown =>
  (api.get('nobash', 'a')?.['status'] as { byPod?: unknown[] } | undefined)?.byPod?.[0];
const counted = async (outcome: string): Promise<string | undefined> =>
  (await telemetry.metrics.render()).text
    .split('\n')
    .find((line) => line.startsWith(`imagegate_constraint_door_writes_total{outcome="${outcome}"}`));

describe('the doors of constraints', () => {
  test('follow what constraints name, and call the gate as the webhook of workloads does', async () => {
    install();
    constrain();
    open({ webhookName: 'validate.imagegate.dev' });
    await until(() => resourcesOf(closedDoor), ['services']);
    await until(() => resourcesOf(openDoor), ['services', 'services/status']);
    for (const [name, failurePolicy] of [
      [closedDoor, 'Fail'],
      [openDoor, 'Ignore'],
    ] as const)
      expect(webhooksOf(name)).toMatchObject([
        {
          name: 'validate.imagegate.dev',
          failurePolicy,
          matchPolicy: 'Exact',
          timeoutSeconds: 5,
          clientConfig: { ...inClusterClient, caBundle: 'Q0E=' },
        },
      ]);
    await until(() => (statusOf() as { enforced?: boolean } | undefined)?.enforced, true);
    expect(statusOf()).not.toHaveProperty('errors');
    api.delete('nobash', 'a');
    await until(() => [webhooksOf(closedDoor), webhooksOf(openDoor)], [[], []]);
  });

  test('what the closed door lets go of comes by the open one before: never by neither', async () => {
    install();
    constrain();
    const constraints = open();
    await until(() => resourcesOf(openDoor), ['services', 'services/status']);
    await until(() => resourcesOf(closedDoor), ['services']);
    const seen: string[] = [];
    const before = api.requests.length;
    constrain({ ...services, enforcementAction: 'warn' });
    await until(() => webhooksOf(closedDoor), []);
    constraints.doors.wake();
    for (const { verb, name } of api.requests.slice(before))
      if (verb === 'update' && name !== undefined && [openDoor, closedDoor].includes(name)) seen.push(name);
    expect(seen).toEqual([openDoor, closedDoor]);
  });

  test('are not written when nothing changed', async () => {
    install();
    constrain();
    const constraints = open();
    await until(() => resourcesOf(openDoor), ['services', 'services/status']);
    const before = updates();
    const reads = (): number =>
      api.requests.filter(({ name, verb }) => name === openDoor && verb === 'get').length;
    const read = reads();
    constraints.doors.wake();
    await vi.waitFor(() => expect(reads()).toBeGreaterThan(read), soon);
    expect([before, updates()]).toEqual([2, 2]);
  });

  test('outside of a cluster, are found where the webhook of workloads is', async () => {
    install({ url: 'https://gate.example.com:9443/validate' });
    constrain();
    open({ namespace: undefined });
    await until(
      () => webhooksOf(closedDoor).map(({ clientConfig }) => clientConfig.url),
      ['https://gate.example.com:9443/constraints'],
    );
  });

  test('are not sent to a stranger whom the webhook of workloads names', async () => {
    install({ url: 'https://evil.example.com/validate' });
    constrain();
    open({ namespace: undefined });
    await until(
      () => webhooksOf(closedDoor).map(({ clientConfig }) => clientConfig.url),
      ['https://127.0.0.1:8443/constraints'],
    );
  });

  test('R13: are put back when somebody changed them, and a CA written by hand stays', async () => {
    install();
    constrain();
    const constraints = open();
    await until(() => resourcesOf(closedDoor), ['services']);
    const byHand = ((api.get(configurations, closedDoor)?.['webhooks'] ?? []) as object[]).map((webhook) => ({
      ...webhook,
      failurePolicy: 'Ignore',
      clientConfig: { ...inClusterClient, caBundle: 'SEFORA==' },
    }));
    api.put(configurations, { metadata: { name: closedDoor }, webhooks: byHand });
    constraints.doors.wake();
    await until(() => webhooksOf(closedDoor)[0]?.failurePolicy, 'Fail');
    expect(webhooksOf(closedDoor)[0]?.clientConfig.caBundle).toBe('SEFORA==');
    await vi.waitFor(() => expect(messages.some((message) => message.includes('put back'))).toBe(true), soon);
    expect(await counted('put-back')).toMatch(/ 1$/);
  });

  test('that may not be written are told of, and the constraint says that it is not enforced', async () => {
    install();
    constrain();
    const disarm = api.fault({ verb: 'update', resource: configurations, forbidden: true });
    const constraints = open();
    await vi.waitFor(
      () =>
        expect(statusOf()).toMatchObject({
          enforced: false,
          errors: [{ code: 'not_asked', message: expect.stringMatching(/Service.*missing right/) }],
        }),
      soon,
    );
    expect(constraints.doors.part()).toMatchObject({ state: 'trouble' });
    expect(await counted('failed')).toBeDefined();
    disarm();
    await vi.waitFor(() => expect(statusOf()).toMatchObject({ enforced: true }), { timeout: 10_000 });
    expect(constraints.doors.part()).toMatchObject({ state: 'ok' });
  });

  test('that changed while they were written are read again', async () => {
    install();
    constrain();
    api.fault({ verb: 'update', resource: configurations, answer: 409, times: 2 });
    open();
    await until(() => resourcesOf(closedDoor), ['services']);
    expect(await counted('failed')).toBeUndefined();
  });

  test('that are not there are told of', async () => {
    constrain();
    const constraints = open();
    await vi.waitFor(() => expect(constraints.doors.part()).toMatchObject({ state: 'trouble' }), soon);
    await vi.waitFor(() => expect(statusOf()).toMatchObject({ enforced: false }), soon);
    expect(updates()).toBe(0);
  });

  test.each([
    ['shadow', { constraints: 'shadow' }],
    ['--constraints-failure Ignore', { constraintsFailure: 'Ignore' }],
  ] as const)('with %s nothing waits for a dead gate', async (_title, settings) => {
    install();
    constrain();
    open(settings);
    await until(() => resourcesOf(openDoor), ['services', 'services/status']);
    expect(webhooksOf(closedDoor)).toEqual([]);
  });

  test('are written by the holder alone, as soon as it is one', async () => {
    install();
    constrain();
    let isHolder = false;
    const constraints = open({}, () => isHolder);
    await vi.waitFor(() => expect(constraints.part().state).toBe('ok'), soon);
    expect(constraints.doors.expected(closedDoor)(undefined)).toMatchObject({
      webhooks: [{ failurePolicy: 'Fail' }],
    });
    expect(updates()).toBe(0);
    isHolder = true;
    constraints.wake();
    await until(() => resourcesOf(closedDoor), ['services']);
  });

  test('a kind that comes later is asked about from then on', async () => {
    install();
    api.serves('services', false);
    constrain();
    open();
    await vi.waitFor(
      () =>
        expect(statusOf()).toMatchObject({
          enforced: false,
          errors: [{ message: 'the cluster serves no Service: the constraint is not enforced there' }],
        }),
      soon,
    );
    api.serves('services', true);
    api.put('customresourcedefinitions', { metadata: { name: 'services.example.com' } });
    await vi.waitFor(() => expect(statusOf()).toMatchObject({ enforced: true }), { timeout: 10_000 });
    expect(resourcesOf(closedDoor)).toEqual(['services']);
  });

  test('a kind about which the API server asks no webhook says so', async () => {
    install();
    const kinds = [{ apiGroups: ['*'], kinds: ['ValidatingWebhookConfiguration'] }];
    api.put('constrainttemplates', template('NoBash', 'violation[{"msg": "no"}] { true }'));
    api.put('nobash', constraint('NoBash', 'a', { match: { kinds } }));
    open();
    await vi.waitFor(
      () =>
        expect(statusOf()).toMatchObject({
          enforced: false,
          errors: [
            { message: expect.stringContaining('asks no webhook about ValidatingWebhookConfiguration') },
          ],
        }),
      soon,
    );
  });

  test('a template for operations that nobody asks about says so', async () => {
    install();
    api.put(
      'constrainttemplates',
      template('NoBash', 'violation[{"msg": "no"}] { true }', { operations: ['DELETE'] }),
    );
    api.put('nobash', constraint('NoBash', 'a', services));
    open();
    await vi.waitFor(
      () =>
        expect(statusOf()).toMatchObject({
          enforced: false,
          errors: [{ message: expect.stringContaining('--constraint-operations') }],
        }),
      soon,
    );
  });

  const scoped = (...points: readonly string[]) => ({
    ...services,
    enforcementAction: 'scoped',
    scopedEnforcementActions: points.map((name) => ({ action: 'deny', enforcementPoints: [{ name }] })),
  });
  test.each([
    ['holds no action', scoped(), { code: 'not_asked', message: expect.stringMatching(/holds no action/) }],
    ['has a point of nobody', scoped('x'), { message: expect.stringMatching(/"x" is no enforcement point/) }],
    ['is for audit alone, which is no mistake', scoped('audit.gatekeeper.sh'), undefined],
  ])(
    'a constraint that was there before the gate and %s says whether it is asked',
    async (_title, spec, error) => {
      install();
      constrain(spec);
      open();
      const wanted = error === undefined ? { enforced: true } : { enforced: false, errors: [error] };
      await vi.waitFor(() => expect(statusOf()).toMatchObject(wanted), soon);
    },
  );

  test('R13: that are missing are told of, each with what follows', async () => {
    const notes: string[] = [];
    const events = { note: ({ text }: { readonly text: string }) => void notes.push(text) };
    const certificate = { current: () => ({ cert: leaf, key: '', expiresAt: 0 }) };
    const notHolder = (): boolean => false;
    const { doors } = open({}, notHolder);
    watchWebhooks(
      constraintSettings() as Config,
      { client, certificate, events, isHolder: notHolder, doors } as never,
      telemetry,
      lifecycle,
    );
    const missing = (kind: string, name: string, withoutIt: string): string =>
      `the webhook configuration of ${name} is missing: the ${kind} ${name} does not exist: ${withoutIt}`;
    await until(
      () => new Set(notes),
      new Set([
        missing('ValidatingWebhookConfiguration', 'imagegate', 'nothing is gated'),
        missing(
          'MutatingWebhookConfiguration',
          'imagegate',
          'no image is pinned, so Pods without a digest are refused where a policy says pin',
        ),
        missing(
          'ValidatingWebhookConfiguration',
          closedDoor,
          'constraints are not asked about what comes by it',
        ),
        missing(
          'ValidatingWebhookConfiguration',
          openDoor,
          'constraints are not asked about what comes by it',
        ),
      ]),
    );
  });

  test('R13: that the holder does not write are noticed by the other replicas', async () => {
    install();
    const notHolder = (): boolean => false;
    const constraints = open({}, notHolder);
    const certificate = { current: () => ({ cert: leaf, key: '', expiresAt: 0 }) };
    const events = { note: () => undefined };
    watchWebhooks(
      constraintSettings() as Config,
      { client, certificate, events, isHolder: notHolder, doors: constraints.doors } as never,
      telemetry,
      lifecycle,
    );
    const altered =
      'the webhook configuration is altered: constraints may not be asked about what is no workload';
    await vi.waitFor(
      () =>
        expect(messages.filter((message) => message === 'the webhook configuration is intact')).toHaveLength(
          2,
        ),
      soon,
    );
    expect(messages).not.toContain(altered);
    constrain();
    await vi.waitFor(() => expect(messages).toContain(altered), { timeout: 15_000 });
  }, 30_000);
});
