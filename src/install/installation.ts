import type { V1Namespace, V1ResourceQuota } from '@kubernetes/client-node';
import { imagePolicyCrd } from '../core/policy/crd/crd.ts';
import { trustRootCrd } from '../core/trust-root/crd.ts';
import { configMap } from './config-map.ts';
import { doorManifests } from './doors/door-configuration.ts';
import { deployment, type DeploymentOptions } from './deployment.ts';
import { fence } from './fence.ts';
import { gateLabels, manifest, objectMeta, objectNames, type InstallManifest } from './manifest.ts';
import type { PullSecretAccess } from './pull-secret-access.ts';
import { inClusterAccess, outOfClusterAccess, type ConstraintAccess } from './rbac.ts';
import { frontManifests, servicePort } from './service.ts';
import { mutatingManifest, webhookManifest } from './webhook-configuration.ts';
import type { WebhookOptions } from './webhook-target.ts';

const podSecurity = 'pod-security.kubernetes.io';

const namespaceObject = (name: string): V1Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: {
      ...gateLabels,
      [`${podSecurity}/enforce`]: 'restricted',
      [`${podSecurity}/audit`]: 'restricted',
      [`${podSecurity}/warn`]: 'restricted',
    },
  },
});

const priorityQuota = (namespace: string): V1ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: objectMeta('imagegate-critical-pods', namespace),
  spec: {
    hard: { pods: '20' },
    scopeSelector: {
      matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-cluster-critical'] }],
    },
  },
});

/** The custom resource customResources of the gate's own kinds. */
export const customResources = (): readonly InstallManifest[] => [
  manifest(
    imagePolicyCrd(),
    'Policies as objects of the cluster: kubectl explain imagepolicy.spec --api-version=imagegate.dev/v1alpha1',
  ),
  manifest(
    trustRootCrd(),
    'Whom policies believe when they ask who signed an image: kubectl explain trustroot.spec --api-version=imagegate.dev/v1alpha1',
  ),
];

/**
 * R16: everything for a gate inside of the cluster, but for the webhook configurations: they are applied last,
 * when a replica is ready (`manifests --webhooks`). The fence comes before the Pods that it admits.
 */
export const inClusterManifests = (options: DeploymentOptions): readonly InstallManifest[] => {
  const { image, namespace, configuration = { settings: {} } } = options;
  return [
    manifest(
      namespaceObject(namespace),
      `ImageGate inside of the cluster: kubectl apply -f -, wait for it (kubectl -n ${namespace} rollout status deployment/${objectNames.gate}), then apply what \`imagegate manifests --webhooks\` prints.`,
    ),
    ...customResources(),
    ...inClusterAccess(namespace, options.pullSecrets, options.constraints),
    manifest(
      priorityQuota(namespace),
      'Some clusters (GKE) admit critical Pods outside of kube-system only where a quota speaks of them.',
    ),
    ...fence(image, namespace),
    ...frontManifests(namespace),
    ...configMap(configuration, namespace),
    deployment(options),
  ];
};

const doorsOf = (hasDoors: boolean, { webhookName }: Pick<WebhookOptions, 'webhookName'>) =>
  hasDoors ? doorManifests(webhookName) : [];

/**
 * `manifests --webhooks`: the API server finds the gate by the Service of `inClusterManifests`. What pins comes before
 * what refuses unpinned Pods.
 */
export const inClusterWebhooks = (
  options: Omit<WebhookOptions, 'target' | 'ownNamespace'> & {
    readonly namespace: string;
    /** Constraints are asked about what is no workload. */
    readonly hasDoors?: boolean;
  },
): readonly InstallManifest[] => {
  const { namespace, hasDoors = false, ...others } = options;
  const service = { name: objectNames.gate, namespace, port: servicePort };
  const all = { ...others, target: { service }, ownNamespace: namespace };
  return [mutatingManifest(all), webhookManifest(all), ...doorsOf(hasDoors, all)];
};

/** A gate outside of the cluster is found by URL and has no namespace in it. */
export type OutOfClusterOptions = Omit<WebhookOptions, 'target' | 'ownNamespace'> & {
  readonly url: string;
  /** Whose pull secrets the gate reads; none by default. */
  readonly pullSecrets?: PullSecretAccess;
  readonly constraints?: ConstraintAccess;
};

/** R16: CRD, RBAC and webhook configurations for a gate that runs elsewhere; nothing namespaced but the rights to pull secrets that are asked for. */
export const outOfClusterManifests = ({
  url,
  pullSecrets,
  constraints,
  ...options
}: OutOfClusterOptions): readonly InstallManifest[] => [
  ...customResources(),
  ...outOfClusterAccess(pullSecrets, constraints),
  mutatingManifest({ ...options, target: { url } }),
  webhookManifest({ ...options, guardsConstraints: constraints?.mode === 'enforce', target: { url } }),
  ...doorsOf(constraints !== undefined && constraints.mode !== 'off', options),
];
