import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { deployment, forbids, requires, widgetDefinition, widgets } from '../harness/constraint-objects.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { clearGate, dataFolder, installGate, startGate, type Gate } from '../harness/gate.ts';
import { imagegate, recordedDecisions } from '../harness/imagegate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const webhook = 'validation.gatekeeper.sh';
const registration = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const closedDoor = `${registration}/imagegate-constraints`;
const openDoor = `${registration}/imagegate-constraints-open`;
const ownKinds = ['constrainttemplates.templates.gatekeeper.sh', 'configs.config.gatekeeper.sh'];

interface Rule {
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}
interface Webhook {
  readonly name: string;
  readonly failurePolicy: string;
  readonly rules?: readonly Rule[];
}

describe('constraints on what is no workload, on the API server', () => {
  const cluster = sharedCluster();
  let gate: Gate;
  let namespace: string;

  const apply = (object: KubeObject) => cluster.must(['apply', '-f', '-'], { input: JSON.stringify(object) });
  const established = (...names: readonly string[]) =>
    cluster.must([
      'wait',
      '--for=condition=Established',
      '--timeout=30s',
      ...names.map((name) => `crd/${name}`),
    ]);
  const constrain = (kind: string, name: string, label: string, match: object, more: object = {}) =>
    apply({
      apiVersion: 'constraints.gatekeeper.sh/v1beta1',
      kind,
      metadata: { name },
      spec: { match, parameters: { label }, ...more },
    });
  const kinds = (kind: string, group = '') => ({ kinds: [{ apiGroups: [group], kinds: [kind] }] });
  const webhooksOf = async (path: string): Promise<readonly Webhook[]> =>
    ((await cluster.api('GET', path)).body['webhooks'] as Webhook[] | undefined) ?? [];
  const resourcesOf = async (path: string): Promise<readonly string[]> =>
    (await webhooksOf(path)).flatMap(({ rules = [] }) => rules.flatMap(({ resources }) => resources));
  const asks = (path: string, resource: string) =>
    eventually(`a rule for ${resource}`, async () => (await resourcesOf(path)).includes(resource), {
      within: 10_000,
      every: 20,
    });

  const pathOf = { Service: 'services', ConfigMap: 'configmaps' } as const;
  const objectOf = (
    kind: keyof typeof pathOf,
    name: string,
    labels: Record<string, string> = {},
  ): KubeObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, labels },
    ...(kind === 'Service' ? { spec: { ports: [{ port: 80 }] } } : { data: { a: 'b' } }),
  });
  const create = (
    kind: keyof typeof pathOf,
    name: string,
    labels: Record<string, string> = {},
    where = namespace,
  ) => cluster.api('POST', `/api/v1/namespaces/${where}/${pathOf[kind]}`, objectOf(kind, name, labels));
  const patch = (path: string, body: object) => cluster.api('PATCH', path, body);
  const refusal = (line: string): string => `admission webhook "${webhook}" denied the request: ${line}`;
  const probe = (name: string, ...made: Parameters<typeof create>) =>
    eventually(`${name} in force`, async () => (await create(...made)).message.includes(`[${name}]`), {
      within: 15_000,
    });
  const statusOf = async (kind: string, name: string): Promise<Record<string, unknown> | undefined> => {
    const { body } = await cluster.api(
      'GET',
      `/apis/constraints.gatekeeper.sh/v1beta1/${kind.toLowerCase()}/${name}`,
    );
    return (body['status'] as { byPod?: Record<string, unknown>[] } | undefined)?.byPod?.[0];
  };

  beforeAll(async () => {
    await clearGate(cluster);
    const port = await freePort();
    const data = dataFolder(cluster);
    const own = await imagegate(['manifests', '--gatekeeper-crds']);
    if (own.code !== 0) throw new Error(own.stderr);
    await cluster.must(['apply', '-f', '-'], { input: own.stdout });
    await established(...ownKinds);
    const flags = ['--constraints', 'enforce', '--webhook-name', webhook];
    await installGate(cluster, `https://127.0.0.1:${port}`, data, [...flags, '--constraint-crds']);
    gate = await startGate(cluster, { port, data, args: flags });
    namespace = await createNamespace(cluster);
    for (const one of [forbids, requires]) {
      await apply(one);
      const name = `${one.metadata?.name ?? ''}.constraints.gatekeeper.sh`;
      await eventually(
        'the CRD',
        async () =>
          (await cluster.api('GET', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`))
            .status === 200,
        { within: 15_000 },
      );
      await established(name);
    }
  });
  afterAll(async () => {
    await clearGate(cluster);
    await cluster.run(['delete', 'constrainttemplates', '--all']);
    if (gate?.process.alive()) await gate.stop();
    await cluster.run(['delete', 'crd', '-l', 'gatekeeper.sh/constraint=yes']);
    await cluster.run(['delete', 'crd', widgets, ...ownKinds]);
    await cluster.run(['delete', 'node', 'e2e-doors']);
  });

  it('printed both configurations without a webhook', async () => {
    expect([await webhooksOf(closedDoor), await webhooksOf(openDoor)]).toEqual([[], []]);
  });

  it('refuses a Service in the words of its template, within two seconds of its constraint', async () => {
    await constrain('ForbiddenLabel', 'on-services', 'bad', kinds('Service'));
    const began = performance.now();
    await asks(closedDoor, 'services');
    expect(performance.now() - began).toBeLessThan(2_000);
    await probe('on-services', 'Service', 'probe', { bad: 'yes' });
    const refused = await create('Service', 'bad', { bad: 'yes' });
    expect([refused.status, refused.message]).toEqual([
      403,
      refusal('[on-services] the label bad is forbidden'),
    ]);
    expect((await create('Service', 'good')).status).toBe(201);
    expect((await create('ConfigMap', 'bad', { bad: 'yes' })).status).toBe(201);
    const [closed] = await webhooksOf(closedDoor);
    const [open] = await webhooksOf(openDoor);
    expect([closed, open]).toMatchObject([
      { name: webhook, failurePolicy: 'Fail' },
      { name: webhook, failurePolicy: 'Ignore' },
    ]);
    expect(
      await eventually(
        'the status',
        async () => {
          const status = await statusOf('ForbiddenLabel', 'on-services');
          return status?.['enforced'] === true && status;
        },
        { within: 10_000 },
      ),
    ).not.toHaveProperty('errors');
  });

  it('judges a label alone, and a status of a Service', async () => {
    const path = `/api/v1/namespaces/${namespace}/services/good`;
    for (const where of [path, `${path}/status`]) {
      const refused = await eventually(
        'the refusal',
        async () => {
          const answer = await patch(where, { metadata: { labels: { bad: 'yes' } } });
          return answer.status === 403 && answer;
        },
        { within: 10_000 },
      );
      expect(refused.message).toBe(refusal('[on-services] the label bad is forbidden'));
    }
    expect((await patch(path, { spec: { ports: [{ port: 81 }] } })).status).toBe(200);
    // Nobody asked for deletions.
    expect((await cluster.api('DELETE', path)).status).toBe(200);
  });

  it('judges Namespaces', async () => {
    await constrain('ForbiddenLabel', 'on-namespaces', 'bad-namespace', kinds('Namespace'));
    await asks(closedDoor, 'namespaces');
    const name = 'e2e-doors-refused';
    const made = { metadata: { name, labels: { 'bad-namespace': 'yes' } } };
    const refused = await eventually(
      'the refusal',
      async () => {
        const answer = await cluster.api('POST', '/api/v1/namespaces?dryRun=All', made);
        return answer.status === 403 && answer;
      },
      { within: 10_000 },
    );
    expect(refused.message).toContain('[on-namespaces] the label bad-namespace is forbidden');
    expect((await cluster.api('POST', '/api/v1/namespaces?dryRun=All', { metadata: { name } })).status).toBe(
      201,
    );
    const relabelled = await patch(`/api/v1/namespaces/${namespace}`, {
      metadata: { labels: { 'bad-namespace': 'yes' } },
    });
    expect(relabelled.status).toBe(403);
  });

  it('judges a custom kind as soon as the cluster serves it, and says before that nobody asks', async () => {
    await constrain('ForbiddenLabel', 'on-widgets', 'bad', kinds('Widget', 'e2e.example.com'));
    const status = await eventually('the status', () => statusOf('ForbiddenLabel', 'on-widgets'), {
      within: 10_000,
    });
    expect(status).toMatchObject({
      enforced: false,
      errors: [{ code: 'not_asked', message: expect.stringContaining('serves no Widget') }],
    });
    await apply(widgetDefinition);
    await established(widgets);
    await asks(closedDoor, 'widgets');
    // In every version, as it was written.
    for (const version of ['v1', 'v2']) {
      const widget = (labels: object) =>
        cluster.api('POST', `/apis/e2e.example.com/${version}/namespaces/${namespace}/widgets?dryRun=All`, {
          apiVersion: `e2e.example.com/${version}`,
          kind: 'Widget',
          metadata: { name: 'w', labels },
        });
      const refused = await eventually(
        'the refusal',
        async () => {
          const answer = await widget({ bad: 'yes' });
          return answer.status === 403 && answer;
        },
        { within: 15_000 },
      );
      expect(refused.message).toBe(refusal('[on-widgets] the label bad is forbidden'));
      expect((await widget({})).status).toBe(201);
    }
    await eventually(
      'the status to say so',
      async () => (await statusOf('ForbiddenLabel', 'on-widgets'))?.['enforced'] === true,
      { within: 10_000 },
    );
  });

  it('judges everything, each request by one door and once', async () => {
    await constrain('ForbiddenLabel', 'on-everything', 'worse', {});
    await asks(openDoor, '*/*');
    await probe('on-everything', 'ConfigMap', 'probe', { worse: 'yes' });
    for (const [made, name] of [
      [await create('ConfigMap', 'worse', { worse: 'yes' }), 'a kind that nobody names'],
      [await create('Service', 'worse', { worse: 'yes' }), 'a kind that another constraint names'],
      [
        await cluster.api('POST', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, {
          metadata: { name: 'worse', labels: { worse: 'yes' } },
        }),
        'a Lease, while the gate lives',
      ],
      [
        await cluster.api(
          'POST',
          `/apis/apps/v1/namespaces/${namespace}/deployments`,
          deployment('worse', { worse: 'yes' }),
        ),
        'a workload',
      ],
    ] as const)
      expect([name, made.status, made.message]).toEqual([
        name,
        403,
        refusal('[on-everything] the label worse is forbidden'),
      ]);
    const decisions = await eventually(
      'the record of all four',
      async () => {
        const all = (await recordedDecisions(gate.data, '--limit', '2000')).filter(
          ({ object }) => object.name === 'worse' && object.namespace === namespace,
        );
        return all.length >= 4 && all;
      },
      { within: 10_000 },
    );
    expect(decisions.map(({ object }) => object.kind).toSorted()).toEqual([
      'ConfigMap',
      'Deployment',
      'Lease',
      'Service',
    ]);
    expect(
      decisions.every(({ findings }) => findings.filter(({ mode }) => mode === 'Deny').length === 1),
    ).toBe(true);
    // A request without a finding is counted and not kept.
    expect((await create('ConfigMap', 'unrecorded')).status).toBe(201);
    expect((await create('ConfigMap', 'bad-again', { worse: 'yes' })).status).toBe(403);
    await eventually(
      'the record of what came later',
      async () => (await recordedDecisions(gate.data)).some(({ object }) => object.name === 'bad-again'),
      { within: 10_000 },
    );
    expect((await recordedDecisions(gate.data)).some(({ object }) => object.name === 'unrecorded')).toBe(
      false,
    );
  });

  it('judges a label that is removed from a running Deployment', async () => {
    const match = { ...kinds('Deployment', 'apps'), namespaces: [namespace] };
    await constrain('RequiredLabel', 'needs-owner', 'owner', match);
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    await eventually(
      'the constraint in force',
      async () => (await cluster.api('POST', `${path}?dryRun=All`, deployment('web', {}))).status === 403,
      { within: 15_000 },
    );
    expect((await cluster.api('POST', path, deployment('web', { owner: 'me' }))).status).toBe(201);
    const removed = await eventually(
      'the refusal',
      async () => {
        const answer = await patch(`${path}/web?dryRun=All`, { metadata: { labels: { owner: null } } });
        return answer.status === 403 && answer;
      },
      { within: 10_000 },
    );
    expect(removed.message).toBe(refusal('[needs-owner] the label owner is missing'));
    expect((await patch(`${path}/web`, { metadata: { labels: { team: 'a' } } })).status).toBe(200);
    expect((await patch(`${path}/web/scale`, { spec: { replicas: 0 } })).status).toBe(200);
  });

  it('R13: puts back what somebody changes in its configurations, and says so', async () => {
    const [before] = await webhooksOf(closedDoor);
    await cluster.api('PATCH', closedDoor, { webhooks: [{ ...before, failurePolicy: 'Ignore' }] });
    await eventually(
      'the failure policy as it was',
      async () => (await webhooksOf(closedDoor))[0]?.failurePolicy === 'Fail',
      { within: 10_000 },
    );
    await eventually(
      'a line about it',
      () => Promise.resolve(gate.process.output().includes('it was put back')),
      { within: 10_000 },
    );
    await cluster.api('PATCH', openDoor, { webhooks: [] });
    await asks(openDoor, '*/*');
    await eventually('intact', async () => (await gate.metric('imagegate_webhook_intact')) === 1, {
      within: 15_000,
    });
  });

  it('R10: with every replica dead refuses a Service, and nothing that a cluster lives by', async () => {
    const path = `/api/v1/namespaces/${namespace}/services/kept`;
    expect((await create('Service', 'kept')).status).toBe(201);
    expect((await create('Service', 'goes')).status).toBe(201);
    const lease = {
      metadata: { name: 'beats', namespace },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 15 },
    };
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    expect((await cluster.api('POST', leases, lease)).status).toBe(201);
    await gate.kill();
    const held: readonly (readonly [string, Awaited<ReturnType<typeof patch>>])[] = [
      ['a new Service', await create('Service', 'new')],
      ['a change of its spec', await patch(path, { spec: { ports: [{ port: 82 }] } })],
    ];
    for (const [what, { status, message }] of held) {
      expect([what, status]).toEqual([what, 500]);
      expect(message).toContain(`failed calling webhook "${webhook}"`);
    }
    const passed: readonly (readonly [string, Awaited<ReturnType<typeof patch>>])[] = [
      ['a label', await patch(path, { metadata: { labels: { a: 'b' } } })],
      ['a finalizer', await patch(path, { metadata: { finalizers: ['e2e.example.com/x'] } })],
      ['a finalizer that goes', await patch(path, { metadata: { finalizers: null } })],
      ['a deletion', await cluster.api('DELETE', `/api/v1/namespaces/${namespace}/services/goes`)],
      ['a Lease that is renewed', await patch(`${leases}/beats`, { spec: { leaseDurationSeconds: 16 } })],
      ['a new node', await cluster.api('POST', '/api/v1/nodes', { metadata: { name: 'e2e-doors' } })],
      ['its status', await patch('/api/v1/nodes/e2e-doors/status', { status: { capacity: { cpu: '1' } } })],
      ['a Service of kube-system', await create('Service', 'e2e-doors', {}, 'kube-system')],
      ['a ConfigMap, which no constraint names', await create('ConfigMap', 'open')],
      [
        'a label of a Deployment',
        await patch(`/apis/apps/v1/namespaces/${namespace}/deployments/web`, {
          metadata: { labels: { c: 'd' } },
        }),
      ],
      [
        'the end of the Service',
        await cluster.api('DELETE', `/api/v1/namespaces/kube-system/services/e2e-doors`),
      ],
    ];
    expect(passed.map(([what, { status, message }]) => [what, status < 300, message])).toEqual(
      passed.map(([what]) => [what, true, '']),
    );
  });
});
