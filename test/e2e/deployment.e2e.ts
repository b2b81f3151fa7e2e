import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from './api.ts';
import { eventually } from './eventually.ts';
import { clearGate, readObjects } from './gate.ts';
import { imagegate } from './imagegate.ts';
import type { Answer } from './kubectl.ts';
import { BAD } from './policies.ts';
import { sharedCluster } from './shared-cluster.ts';

const NAMESPACE = 'imagegate-system';
const OWN = `registry.example.com/imagegate/imagegate@sha256:${'a'.repeat(64)}`;
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:imagegate`;

/** What the namespace asks of every Pod; without it Pod Security would refuse before the fence is asked. */
const CONFINED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const own = (image: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'other' },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'app', image, securityContext: CONFINED }],
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
    const manifests = await imagegate(['manifests', '--image', OWN, '--namespace', NAMESPACE]);
    if (manifests.code !== 0) throw new Error(`manifests ended with ${manifests.code}: ${manifests.stderr}`);
    printed = manifests.stdout;
    objects = readObjects(printed);
    applied = await cluster.run(['apply', '-f', '-'], { input: printed });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await cluster.run(['delete', '--ignore-not-found', '--wait=false', 'namespace', NAMESPACE]);
  });

  it('is applied in one go, its namespace first (R16)', async () => {
    expect(objects[0]).toMatchObject({ kind: 'Namespace', metadata: { name: NAMESPACE } });
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
    expect(container).toMatchObject({ image: OWN, securityContext: { readOnlyRootFilesystem: true } });
  });

  it('prints no webhook configuration while no replica is ready (R16)', async () => {
    expect(objects.map(({ kind }) => kind)).not.toContain('ValidatingWebhookConfiguration');
    const webhooks = await imagegate([
      'manifests',
      '--webhooks',
      '--namespace',
      NAMESPACE,
      '--kubeconfig',
      cluster.kubeconfigs.admin,
    ]);
    expect(webhooks.code).not.toBe(0);
    expect(webhooks.stdout).toBe('');
    expect(webhooks.stderr).toMatch(/ready/);
  });

  it('gets its Pods with every replica dead (R11)', async () => {
    const pods = await eventually(
      'two Pods of the gate',
      async () => {
        const { body } = await cluster.api('GET', `/api/v1/namespaces/${NAMESPACE}/pods`);
        const items = body['items'] as { spec: { containers: { image: string }[] } }[];
        return items.length === 2 && items;
      },
      { within: 15_000 },
    );
    expect(pods.map(({ spec }) => spec.containers[0]?.image)).toEqual([OWN, OWN]);
  });

  it.each<{ title: string; object: KubeObject }>([
    { title: 'another image', object: own(BAD) },
    {
      title: 'another digest of its own image',
      object: own(OWN.replaceAll('a'.repeat(64), 'b'.repeat(64))),
    },
    { title: 'a tag of its own image', object: own(`${OWN.split('@')[0]}:latest`) },
    {
      title: 'another image in an init container',
      object: own(OWN, { initContainers: [{ name: 'init', image: BAD, securityContext: CONFINED }] }),
    },
    {
      title: 'another image in a volume',
      object: own(OWN, {
        volumes: [{ name: 'data', image: { reference: BAD, pullPolicy: 'Always' } }],
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
    const { body } = await cluster.api('GET', `/api/v1/namespaces/${NAMESPACE}/pods`);
    const name = (body['items'] as KubeObject[])[0]?.metadata?.name ?? '';
    const refused = await cluster.run([
      '-n',
      NAMESPACE,
      'debug',
      name,
      `--image=${BAD}`,
      '--profile=restricted',
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('ValidatingAdmissionPolicy');
  });

  function createOwn(object: KubeObject) {
    return cluster.api('POST', `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, object);
  }

  const MAY = [
    'list namespaces',
    'watch namespaces',
    'list imagepolicies.imagegate.dev',
    'watch imagepolicies.imagegate.dev',
    'patch imagepolicies.imagegate.dev --subresource=status',
    'watch validatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    'patch validatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    `create events -n default`,
    `create leases.coordination.k8s.io -n ${NAMESPACE}`,
    `update leases.coordination.k8s.io/imagegate -n ${NAMESPACE}`,
    `create secrets -n ${NAMESPACE}`,
    `get secrets/imagegate-ca -n ${NAMESPACE}`,
  ];
  const MAY_NOT = [
    'create pods -n default',
    'list pods -n default',
    'create pods/exec -n default',
    'list secrets -n default',
    `list secrets -n ${NAMESPACE}`,
    `get secrets/another -n ${NAMESPACE}`,
    'get secrets/imagegate-ca -n default',
    'create imagepolicies.imagegate.dev',
    'patch imagepolicies.imagegate.dev',
    'delete imagepolicies.imagegate.dev',
    'patch namespaces',
    'create validatingwebhookconfigurations.admissionregistration.k8s.io',
    'delete validatingwebhookconfigurations.admissionregistration.k8s.io',
    'patch validatingwebhookconfigurations.admissionregistration.k8s.io/another',
    'patch mutatingwebhookconfigurations.admissionregistration.k8s.io/another',
    'patch validatingadmissionpolicies.admissionregistration.k8s.io',
    'create clusterrolebindings.rbac.authorization.k8s.io',
    'escalate clusterroles.rbac.authorization.k8s.io',
    'bind clusterroles.rbac.authorization.k8s.io',
    'impersonate users',
    'create serviceaccounts/token',
    `patch deployments.apps -n ${NAMESPACE}`,
    `update leases.coordination.k8s.io/another -n ${NAMESPACE}`,
    "'*' '*'",
  ];
  it.each([
    ...MAY.map((right) => ({ right, may: 'yes' })),
    ...MAY_NOT.map((right) => ({ right, may: 'no' })),
  ])('may $right: $may (B27)', async ({ right, may }) => {
    const words = right.split(' ').map((word) => word.replaceAll("'", ''));
    const { stdout } = await cluster.run(['auth', 'can-i', `--as=${ACCOUNT}`, ...words]);
    expect(stdout.trim()).toBe(may);
  });
});
