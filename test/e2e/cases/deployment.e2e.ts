import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { day } from '../harness/certificates.ts';
import { eventually } from '../harness/eventually.ts';
import { clearGate, readObjects } from '../harness/gate.ts';
import { imagegate } from '../harness/imagegate.ts';
import type { Answer } from '../harness/kubectl.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { gateNamespace, gateImage, putOwnCa, removeOwnNamespace } from '../harness/own-namespace.ts';
import { badImage, goodImage } from '../harness/policies.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

/** What the namespace asks of every Pod; without it Pod Security would refuse before the fence is asked. */
const confined = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const own = (image: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'other' },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'app', image, securityContext: confined }],
    ...spec,
  },
});

/** No kubelet runs them, so every replica of this gate is dead from the start: its own cold start (R11). */
describe('the gate inside of the cluster', () => {
  const cluster = sharedCluster();
  let printed: string;
  let objects: KubeObject[];
  let applied: Answer;
  beforeAll(async () => {
    await clearGate(cluster);
    const manifests = await imagegate(['manifests', '--image', gateImage, '--namespace', gateNamespace]);
    if (manifests.code !== 0) throw new Error(`manifests ended with ${manifests.code}: ${manifests.stderr}`);
    printed = manifests.stdout;
    objects = readObjects(printed);
    applied = await cluster.run(['apply', '-f', '-'], { input: printed });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await removeOwnNamespace(cluster);
  });

  it('is applied in one go, its namespace first (R16)', async () => {
    expect(objects[0]).toMatchObject({ kind: 'Namespace', metadata: { name: gateNamespace } });
    expect([applied.code, applied.stderr]).toEqual([0, '']);
    for (const kind of [
      'CustomResourceDefinition',
      'Deployment',
      'Service',
      'PodDisruptionBudget',
      'ServiceAccount',
    ]) {
      expect(objects.map((object) => object.kind)).toContain(kind);
    }
  });

  it('passes a strict dry run of the server, and a second apply changes nothing', async () => {
    const strict = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];
    const dry = await cluster.run(strict, { input: printed });
    expect([dry.code, dry.stderr]).toEqual([0, '']);
    const differs = await cluster.run(['diff', '-f', '-'], { input: printed });
    expect([differs.code, differs.stdout]).toEqual([0, '']);
  });

  it('runs two replicas as R16 says', () => {
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as unknown as {
      spec: { replicas: number; template: { spec: Record<string, unknown> } };
    };
    expect(deployment.spec.replicas).toBe(2);
    const { spec } = deployment.spec.template;
    expect(spec).toMatchObject({ priorityClassName: 'system-cluster-critical', enableServiceLinks: false });
    expect(spec['topologySpreadConstraints'] ?? spec['affinity']).toBeDefined();
    const [container] = spec['containers'] as Record<string, unknown>[];
    expect(container).toMatchObject({ image: gateImage, securityContext: { readOnlyRootFilesystem: true } });
  });

  it('prints no webhook configuration while no replica is ready (R16)', async () => {
    expect(objects.map(({ kind }) => kind)).not.toContain('ValidatingWebhookConfiguration');
    const webhooks = await printWebhooks();
    expect(webhooks.code).not.toBe(0);
    expect(webhooks.stdout).toBe('');
    expect(webhooks.stderr).toMatch(/ready/);
  });

  it('gets its Pods with every replica dead (R11)', async () => {
    const pods = await eventually(
      'two Pods of the gate',
      async () => {
        const { body } = await cluster.api('GET', `/api/v1/namespaces/${gateNamespace}/pods`);
        const items = body['items'] as { spec: { containers: { image: string }[] } }[];
        return items.length === 2 && items;
      },
      { within: 15_000 },
    );
    expect(pods.map(({ spec }) => spec.containers[0]?.image)).toEqual([gateImage, gateImage]);
  });

  it.each<{ title: string; object: KubeObject }>([
    { title: 'another image', object: own(badImage) },
    {
      title: 'another digest of its own image',
      object: own(gateImage.replaceAll('a'.repeat(64), 'b'.repeat(64))),
    },
    { title: 'a tag of its own image', object: own(`${gateImage.split('@')[0]}:latest`) },
    {
      title: 'another image in an init container',
      object: own(gateImage, {
        initContainers: [{ name: 'init', image: badImage, securityContext: confined }],
      }),
    },
    {
      title: 'another image in a volume',
      object: own(gateImage, {
        volumes: [{ name: 'data', image: { reference: badImage, pullPolicy: 'Always' } }],
      }),
    },
  ])('has $title refused in its own namespace with every replica dead (R11)', async ({ object }) => {
    const refused = await eventually(
      'the fence',
      async () => {
        const answer = await createOwn(object);
        return answer.status !== 201 && answer;
      },
      { within: 10_000 },
    );
    expect(refused.message).toMatch(/ValidatingAdmissionPolicy '.*' with binding '.*' denied request/);
  });

  it('has a debugger made of another image refused in its own namespace (R11, B17)', async () => {
    const [name = ''] = await ownPods();
    const refused = await cluster.run([
      '-n',
      gateNamespace,
      'debug',
      name,
      `--image=${badImage}`,
      '--profile=restricted',
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('ValidatingAdmissionPolicy');
  });

  it('prints them for its Service as soon as a replica is ready, and the server takes them (R16)', async () => {
    await putOwnCa(cluster, 1000 * day);
    // What a kubelet would report.
    const ready = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
    for (const name of await ownPods()) {
      const path = `/api/v1/namespaces/${gateNamespace}/pods/${name}/status`;
      expect((await cluster.api('PATCH', path, ready)).status).toBe(200);
    }
    const webhooks = await eventually(
      'the webhook configurations',
      async () => {
        const answer = await printWebhooks();
        return answer.code === 0 && answer;
      },
      { within: 10_000, every: 250 },
    );
    const hooks = readObjects(webhooks.stdout).flatMap(
      ({ webhooks: all }) => all as { clientConfig: object }[],
    );
    for (const { clientConfig } of hooks) {
      expect(clientConfig).toMatchObject({ service: { namespace: gateNamespace, name: 'imagegate' } });
    }
    const taken = await cluster.run(['apply', '-f', '-'], { input: webhooks.stdout });
    expect([taken.code, taken.stderr]).toEqual([0, '']);
  });

  it('starts again out of nothing, behind its own webhooks and with nobody to answer them (R11)', async () => {
    const elsewhere = await createNamespace(cluster);
    const refused = await eventually(
      'the webhook',
      async () => {
        const answer = await cluster.run([
          '-n',
          elsewhere,
          'run',
          'one',
          `--image=${goodImage}`,
          '--dry-run=server',
        ]);
        return answer.code !== 0 && answer;
      },
      { within: 20_000 },
    );
    expect(refused.stderr).toContain('failed calling webhook "validate.imagegate.dev"');
    const system = await cluster.run([
      '-n',
      'kube-system',
      'run',
      'network',
      `--image=${badImage}`,
      '--dry-run=server',
    ]);
    expect(system).toMatchObject({ code: 0 });
    const former = await ownPods();
    await cluster.must(['-n', gateNamespace, 'delete', 'pod', '--grace-period=0', '--force', ...former]);
    await eventually(
      'new Pods of the gate',
      async () => {
        const now = await ownPods();
        return now.length === 2 && now.every((name) => !former.includes(name));
      },
      { within: 15_000 },
    );
    const other = await createOwn(own(badImage));
    expect(other.message).toContain('ValidatingAdmissionPolicy');
  });

  const printWebhooks = (): Promise<Answer> => {
    const { admin } = cluster.kubeconfigs;
    return imagegate(['manifests', '--webhooks', '--namespace', gateNamespace, '--kubeconfig', admin]);
  };

  const ownPods = async (): Promise<string[]> => {
    const { body } = await cluster.api('GET', `/api/v1/namespaces/${gateNamespace}/pods`);
    return (body['items'] as KubeObject[]).map(({ metadata }) => metadata?.name ?? '');
  };

  const createOwn = (object: KubeObject) => {
    return cluster.api('POST', `/api/v1/namespaces/${gateNamespace}/pods?dryRun=All`, object);
  };
});
