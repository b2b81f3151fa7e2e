import type { V1PolicyRule } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { createWorkloadTable } from '../core/workload/kinds/kinds.ts';
import { inClusterManifests, inClusterWebhooks, outOfClusterManifests } from './installation.ts';
import { printManifests, type InstallManifest } from './manifest.ts';
import { inClusterAccess, outOfClusterAccess } from './rbac.ts';

const image = `registry.example.com/imagegate@sha256:${'a'.repeat(64)}`;
const namespace = 'imagegate-system';
const bootstrapNamespaces = ['kube-system'];
const webhooks = { caBundle: 'PEM', workloads: createWorkloadTable([]).all, bootstrapNamespaces };

const inside = inClusterManifests({ image, namespace, bootstrapNamespaces });
const configured = inClusterManifests({
  image,
  namespace,
  bootstrapNamespaces,
  configuration: {
    settings: {
      unmatched: 'deny',
      admins: ['system:masters', 'CN=ops,OU=it'],
      workloads: [
        { group: 'example.com', resource: 'fleets', kind: 'Fleet', podSpec: 'spec.template.spec' },
        { group: 'example.com', resource: 'ships', kind: 'Ship', versions: ['v1'], images: ['spec.image'] },
      ],
    },
    client: {
      ca: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      name: 'kube-apiserver',
    },
  },
});
const outside = outOfClusterManifests({ ...webhooks, url: 'https://gate.example.com:8443' });
const constraints = { mode: 'beside', crds: false } as const;
const both = [...inside, ...outside, ...inClusterWebhooks({ ...webhooks, namespace })];

/** The CRD has a golden file of its own: deploy/crds. */
const withoutDefinition = (manifests: readonly InstallManifest[]): string =>
  printManifests(manifests.filter(({ object }) => object.kind !== 'CustomResourceDefinition'));

const pullSecretsOf = (manifests: readonly InstallManifest[]): string =>
  printManifests(manifests.filter(({ object }) => object.metadata.name === 'imagegate-pull-secrets'));

describe('golden files: what an installation consists of changes only on purpose', () => {
  test.each([
    ['in-cluster', withoutDefinition(inside)],
    [
      'in-cluster-configured (B38)',
      printManifests(configured.filter(({ object }) => ['ConfigMap', 'Deployment'].includes(object.kind))),
    ],
    ['out-of-cluster', withoutDefinition(outside)],
    ['webhooks', printManifests(inClusterWebhooks({ ...webhooks, namespace }))],
    ['access-inside (B27)', printManifests(inClusterAccess(namespace))],
    ['access-outside (B27)', printManifests(outOfClusterAccess())],
    ['pull-secrets-inside (B27, B29)', pullSecretsOf(inClusterAccess(namespace, ['shop', 'bank']))],
    ['pull-secrets-outside (B27, B29)', pullSecretsOf(outOfClusterAccess('all'))],
  ])('%s', async (name, text) => {
    await expect(text).toMatchFileSnapshot(`golden/${name.split(' ')[0] ?? name}.yaml.golden`);
  });
});

describe('order and contents (R16)', () => {
  const named = (manifests: readonly InstallManifest[]) =>
    manifests.map(({ object }) => `${object.kind}/${object.metadata.name}`);

  test('puts the Namespace first, the fence before the Pods that it admits, and no webhook', () => {
    expect(named(inside)).toEqual([
      'Namespace/imagegate-system',
      'CustomResourceDefinition/imagepolicies.imagegate.dev',
      'CustomResourceDefinition/trustroots.imagegate.dev',
      'ServiceAccount/imagegate',
      'ClusterRole/imagegate',
      'ClusterRoleBinding/imagegate',
      'Role/imagegate',
      'RoleBinding/imagegate',
      'ResourceQuota/imagegate-critical-pods',
      'ValidatingAdmissionPolicy/imagegate-own-namespace',
      'ValidatingAdmissionPolicyBinding/imagegate-own-namespace',
      'NetworkPolicy/imagegate',
      'Service/imagegate',
      'PodDisruptionBudget/imagegate',
      'Deployment/imagegate',
    ]);
  });

  test('puts the ConfigMap before the Deployment that mounts it, and changes nothing else', () => {
    const names = named(inside);
    expect(named(configured)).toEqual(names.toSpliced(-1, 0, 'ConfigMap/imagegate-config'));
    const without = (manifests: readonly InstallManifest[]): string =>
      printManifests(manifests.filter(({ object }) => !['ConfigMap', 'Deployment'].includes(object.kind)));
    expect(without(configured)).toBe(without(inside));
  });

  test('prints nothing namespaced for a gate outside of the cluster, and the webhooks last', () => {
    expect(named(outside)).toEqual([
      'CustomResourceDefinition/imagepolicies.imagegate.dev',
      'CustomResourceDefinition/trustroots.imagegate.dev',
      'ClusterRole/imagegate',
      'ClusterRoleBinding/imagegate',
      'MutatingWebhookConfiguration/imagegate',
      'ValidatingWebhookConfiguration/imagegate',
    ]);
    expect(outside.filter(({ object }) => object.metadata.namespace !== undefined)).toEqual([]);
  });

  test('with constraints prints their two webhook configurations last, and without a webhook', () => {
    const doors = [
      'ValidatingWebhookConfiguration/imagegate-constraints',
      'ValidatingWebhookConfiguration/imagegate-constraints-open',
    ];
    const asked = outOfClusterManifests({ ...webhooks, url: 'https://gate.example.com:8443', constraints });
    const hooks = inClusterWebhooks({ ...webhooks, namespace, hasDoors: true });
    for (const all of [asked, hooks]) {
      expect(named(all).slice(-2)).toEqual(doors);
      expect(all.slice(-2).map(({ object }) => (object as { webhooks?: unknown }).webhooks)).toEqual([
        [],
        [],
      ]);
    }
    expect(named(both).filter((name) => doors.includes(name))).toEqual([]);
  });

  test('the gate may write these two by name and no other, and may make or delete none (B27)', () => {
    const rulesOf = (all: readonly InstallManifest[]) =>
      all
        .filter(({ object }) => object.kind === 'ClusterRole')
        .flatMap(({ object }) => (object as unknown as { rules: V1PolicyRule[] }).rules)
        .filter(({ resources = [] }) => resources.includes('validatingwebhookconfigurations'));
    const writing = rulesOf(inClusterAccess(namespace, 'none', constraints)).filter(({ verbs }) =>
      verbs.includes('update'),
    );
    expect(writing).toMatchObject([
      { resourceNames: ['imagegate-constraints', 'imagegate-constraints-open'] },
    ]);
    expect(writing.flatMap(({ verbs }) => verbs).toSorted()).toEqual([
      'get',
      'list',
      'patch',
      'update',
      'watch',
    ]);
    expect(rulesOf(inClusterAccess(namespace)).flatMap(({ verbs }) => verbs)).not.toContain('update');
  });

  test('puts everything namespaced into the namespace asked for', () => {
    const elsewhere = inClusterManifests({ image, namespace: 'gate', bootstrapNamespaces });
    expect(printManifests(elsewhere)).not.toContain('imagegate-system');
    const kinds = elsewhere.filter(({ object }) => object.metadata.namespace === 'gate');
    expect(kinds).toHaveLength(8);
  });
});

/** Every value of a field with one of these names, wherever it stands. */
const valuesOf = (value: unknown, fields: readonly string[]): readonly unknown[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    fields.includes(key) && Array.isArray(inner) ? inner : valuesOf(inner, fields),
  );
};

describe('nothing is asked for or covered by a star', () => {
  const objects = both.filter(({ object }) => object.kind !== 'CustomResourceDefinition');

  test.each(objects.map(({ object }) => [object.kind, object] as const))('%s', (_kind, object) => {
    const values = valuesOf(object, ['verbs', 'resources', 'operations', 'apiGroups', 'resourceNames']);
    expect(values.filter((value) => String(value).includes('*'))).toEqual([]);
  });

  test('and the search finds a star where there is one', () => {
    expect(valuesOf({ rules: [{ verbs: ['get', '*'] }] }, ['verbs'])).toContain('*');
  });
});
