import { readFileSync } from 'node:fs';
import type {
  V1Deployment,
  V1PodSpec,
  V1PolicyRule,
  V1ValidatingAdmissionPolicy,
} from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { definitions, flagOf, settingKeys } from '../config/settings/settings.ts';
import { resolveConfig } from '../config/resolve.ts';
import { deployment } from './deployment.ts';
import { fence } from './fence.ts';
import { inClusterAccess, outOfClusterAccess } from './rbac.ts';

const image = `registry.example.com/imagegate@sha256:${'a'.repeat(64)}`;
const namespace = 'imagegate-system';
const bootstrapNamespaces = ['kube-system', 'calico-system'];
const gate = deployment({ image, namespace, bootstrapNamespaces }).object as V1Deployment;
const pod = gate.spec?.template.spec as V1PodSpec;
const container = pod.containers[0]!;
const { securityContext: podSecurity } = pod;
const { securityContext: security } = container;

/** `--listen=0.0.0.0:8443` by setting key, as the command line would hand it over. */
const flagsOf = (args: readonly string[]): Record<string, string | boolean | string[]> => {
  const flags: Record<string, string | boolean | string[]> = {};
  for (const arg of args) {
    const [name, value] = arg.split(/=(.*)/s);
    const key = settingKeys.find((candidate) => flagOf(candidate) === name);
    if (key === undefined) throw new Error(`${arg} is no flag of serve`);
    const { shape } = definitions[key];
    const before = flags[key];
    if (value === undefined) flags[key] = true;
    else if (shape.kind === 'text' && shape.repeatable)
      flags[key] = [...(Array.isArray(before) ? before : []), value];
    else flags[key] = value;
  }
  return flags;
};

describe('the Deployment (R16, R18)', () => {
  test('starts with arguments that serve understands', () => {
    const [command, ...args] = container.args ?? [];
    expect(command).toBe('serve');
    const filled = args.map((arg) =>
      arg.replace('$(POD_NAME)', 'imagegate-7c9d-x1').replace('$(POD_NAMESPACE)', namespace),
    );
    const result = resolveConfig({ flags: flagsOf(filled), environment: {} });
    if (!result.ok) throw new Error(result.error.map(({ message }) => message).join());
    const { config } = result.value;
    expect(config.cluster.value).toBe(true);
    expect(config.listen.value).toEqual({ host: '0.0.0.0', port: 8443 });
    expect(config.admin.value).toEqual({ host: '0.0.0.0', port: 8080 });
    expect(config.namespace.value).toBe(namespace);
    expect(config.replica.value).toBe('imagegate-7c9d-x1');
    expect(config.bootstrapNamespaces.value).toEqual(bootstrapNamespaces);
    expect(config.tlsName.value).toEqual(['imagegate.imagegate-system.svc']);
    // What may lie under --data is compared with its volume in data-volume.test.ts.
    expect(config.recordMaxBytes.value).toBe(definitions.recordMaxBytes.fallback);
  });

  test('runs two replicas that may go one at a time', () => {
    expect(gate.spec?.replicas).toBe(2);
    expect(gate.spec?.strategy?.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
  });

  test.each<[string, unknown, unknown]>([
    ['is critical to the cluster', pod.priorityClassName, 'system-cluster-critical'],
    ['gets no service links (R17)', pod.enableServiceLinks, false],
    ['is nobody by number', podSecurity?.runAsUser, 65_532],
    ['is not root', podSecurity?.runAsNonRoot, true],
    ['has the default seccomp profile', podSecurity?.seccompProfile, { type: 'RuntimeDefault' }],
    ['cannot write to its image', security?.readOnlyRootFilesystem, true],
    ['cannot gain privileges', security?.allowPrivilegeEscalation, false],
    ['has no capability', security?.capabilities, { drop: ['ALL'] }],
    ['runs the image with its digest', container.image, image],
    [
      'keeps its data in a volume with a limit',
      pod.volumes?.[0],
      { name: 'data', emptyDir: { sizeLimit: '3Gi' } },
    ],
    ['is alive by /healthz', container.livenessProbe?.httpGet, { path: '/healthz', port: 'admin' }],
    ['is ready by /readyz', container.readinessProbe?.httpGet, { path: '/readyz', port: 'admin' }],
  ])('%s', (_title, value, wanted) => expect(value).toEqual(wanted));

  test('has time to drain: preStop, the longest deadline of a review, and a reserve', () => {
    const preStop = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    expect(preStop).toBeGreaterThan(0);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(preStop + 10 + 5);
  });
});

describe('the fence of the own namespace (R11)', () => {
  const [policy, binding] = fence(image, namespace).map(({ object }) => object);
  const spec = (policy as V1ValidatingAdmissionPolicy).spec;

  test('covers Pods and ephemeral containers, and fails closed', () => {
    expect(spec?.failurePolicy).toBe('Fail');
    expect(spec?.matchConstraints?.resourceRules?.[0]).toMatchObject({
      resources: ['pods', 'pods/ephemeralcontainers'],
      operations: ['CREATE', 'UPDATE'],
    });
  });

  test.each(['containers', 'initContainers', 'ephemeralContainers', 'volumes'])('looks at %s', (list) => {
    const found = (spec?.validations ?? []).filter(({ expression }) => expression.includes(`.?${list}.`));
    expect(found).toHaveLength(1);
    expect(found[0]?.expression).toContain(`== '${image}'`);
  });

  test('stands around that namespace only, and denies', () => {
    expect(binding).toMatchObject({
      spec: {
        policyName: policy?.metadata.name,
        validationActions: ['Deny'],
        matchResources: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
      },
    });
  });
});

describe('least privilege (B27, R5, R15)', () => {
  const rulesOf = (kind: string): readonly V1PolicyRule[] =>
    inClusterAccess(namespace)
      .filter(({ object }) => object.kind === kind)
      .flatMap(({ object }) => (object as { rules?: V1PolicyRule[] }).rules ?? []);
  const verbsOn = (kind: string, resource: string): string =>
    rulesOf(kind)
      .filter(({ resources }) => resources?.includes(resource))
      .map(
        ({ verbs, resourceNames }) =>
          `${verbs.join()}${resourceNames === undefined ? '' : ` ${resourceNames.join()}`}`,
      )
      .join('; ');

  test.each([
    ['reads namespaces', 'namespaces', 'get,list,watch'],
    ['reads policies', 'imagepolicies', 'get,list,watch'],
    ['patches the status of policies', 'imagepolicies/status', 'patch'],
    ['reads trust roots', 'trustroots', 'get,list,watch'],
    ['patches the status of trust roots', 'trustroots/status', 'patch'],
    [
      'keeps its own webhook configuration only',
      'validatingwebhookconfigurations',
      'get,list,watch,patch imagegate',
    ],
    ['writes Events', 'events', 'create,patch'],
    ['finds the Deployment above a Pod', 'replicasets', 'get'],
    ['finds the CronJob above a Pod', 'jobs', 'get'],
    ['reads no Secret of the cluster', 'secrets', ''],
    ['creates no Pod', 'pods', ''],
  ])('in the cluster it %s', (_title, resource, verbs) =>
    expect(verbsOn('ClusterRole', resource)).toBe(verbs),
  );

  test.each([
    ['the Secret of its CA by name', 'secrets', 'get,list,watch,update imagegate-ca; create'],
    ['the Lease of its leader by name', 'leases', 'get,update imagegate; create'],
  ])('in its namespace it has %s', (_title, resource, verbs) =>
    expect(verbsOn('Role', resource)).toBe(verbs),
  );

  test('deletes nothing, impersonates nobody and cannot widen its own rights', () => {
    const verbs = [...rulesOf('ClusterRole'), ...rulesOf('Role')].flatMap((rule) => rule.verbs);
    const forbidden = ['delete', 'deletecollection', 'impersonate', 'bind', 'escalate', '*'];
    expect(verbs.filter((verb) => forbidden.includes(verb))).toEqual([]);
  });

  test('is aggregated into no role: ImagePolicy must not become a right of namespace admins (B11)', () => {
    const text = JSON.stringify([...inClusterAccess(namespace), ...outOfClusterAccess()]);
    expect(text).not.toContain('aggregate-to');
    expect(text).not.toContain('aggregationRule');
  });
});

describe('deploy/Dockerfile', () => {
  const text = readFileSync(new URL('../../deploy/Dockerfile', import.meta.url), 'utf8');
  const instructions = (name: string): readonly string[] =>
    text.split('\n').flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));

  test('runs as the user of the Deployment, by number', () => {
    const { runAsUser, runAsGroup } = podSecurity ?? {};
    expect(instructions('USER')).toEqual([`${String(runAsUser)}:${String(runAsGroup)}`]);
  });

  test('names no base image of its own: the builder passes one with its digest', () => {
    expect(instructions('ARG')).toEqual(['NODE_IMAGE']);
    expect(instructions('FROM').map((from) => from.split(/[: ]/)[0])).toEqual(['${NODE_IMAGE}', 'scratch']);
  });
});
