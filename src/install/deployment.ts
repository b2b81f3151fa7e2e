import type {
  V1Container,
  V1Deployment,
  V1ObjectMeta,
  V1PodSpec,
  V1Probe,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';
import { mountedConfiguration, type GateConfiguration } from './config-map.ts';
import { gateLabels, manifest, objectMeta, objectNames, type InstallManifest } from './manifest.ts';
import type { PullSecretAccess } from './pull-secret-access.ts';
import type { ConstraintAccess } from './rbac.ts';
import { ports, serviceHost } from './service.ts';

export interface DeploymentOptions {
  /** With digest: see `parseGateImage`. */
  readonly image: string;
  readonly namespace: string;
  readonly bootstrapNamespaces: readonly string[];
  /** Whose pull secrets the gate reads; none by default. */
  readonly pullSecrets?: PullSecretAccess;
  readonly constraints?: ConstraintAccess;
  /** What else was given; its ConfigMap is printed by `inClusterManifests`. */
  readonly configuration?: GateConfiguration;
}

const configurationOf = ({ configuration = { settings: {} } }: DeploymentOptions): GateConfiguration =>
  configuration;

/** Any number but 0 will do; this one is "nonroot" in distroless images and the USER of deploy/Dockerfile. */
const user = 65_532;
const dataFolder = '/var/lib/imagegate';

const probe = (path: string, own: Partial<V1Probe>): V1Probe => ({
  httpGet: { path, port: 'admin' },
  timeoutSeconds: 2,
  ...own,
});

/** As a flag only when the file does not say it: a flag would hide what the file says, an empty list above all. */
const bootstrapArgs = (options: DeploymentOptions): readonly string[] =>
  'bootstrapNamespaces' in configurationOf(options).settings
    ? []
    : options.bootstrapNamespaces.map((name) => `--bootstrap-namespaces=${name}`);

const args = (options: DeploymentOptions): string[] => [
  'serve',
  '--cluster',
  `--listen=0.0.0.0:${String(ports.webhook)}`,
  `--admin=0.0.0.0:${String(ports.admin)}`,
  `--data=${dataFolder}`,
  '--namespace=$(POD_NAMESPACE)',
  '--replica=$(POD_NAME)',
  `--tls-name=${serviceHost(options.namespace)}`,
  ...bootstrapArgs(options),
  ...((options.pullSecrets ?? 'none') === 'none' ? [] : ['--pull-secrets']),
  ...mountedConfiguration(configurationOf(options)).args,
];

const fromPod = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

const container = (options: DeploymentOptions): V1Container => ({
  name: 'imagegate',
  image: options.image,
  args: args(options),
  env: [fromPod('POD_NAME', 'metadata.name'), fromPod('POD_NAMESPACE', 'metadata.namespace')],
  ports: [
    { name: 'webhook', containerPort: ports.webhook },
    { name: 'admin', containerPort: ports.admin },
  ],
  startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
  livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 6 }),
  readinessProbe: probe('/readyz', { periodSeconds: 2, failureThreshold: 2 }),
  // Endpoints learn of a Pod's end later than the Pod itself: keep answering until they have.
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
  resources: {
    requests: { cpu: '200m', memory: '256Mi', 'ephemeral-storage': '1Gi' },
    // No limit on CPU: throttling turns into denied workloads.
    limits: { memory: '1Gi' },
  },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [
    { name: 'data', mountPath: dataFolder },
    { name: 'tmp', mountPath: '/tmp' },
    ...mountedConfiguration(configurationOf(options)).volumeMounts,
  ],
});

/** Spread when possible: a cluster with one node still gets a gate. */
const spread = (topologyKey: string): V1TopologySpreadConstraint => ({
  topologyKey,
  maxSkew: 1,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels: { ...gateLabels } },
});

const podSpec = (options: DeploymentOptions): V1PodSpec => ({
  serviceAccountName: objectNames.gate,
  automountServiceAccountToken: true,
  // R17: else Kubernetes injects IMAGEGATE_PORT and the like.
  enableServiceLinks: false,
  priorityClassName: 'system-cluster-critical',
  // preStop 5 s, then the longest deadline of a review (10 s) and room to flush the record.
  terminationGracePeriodSeconds: 30,
  topologySpreadConstraints: [spread('kubernetes.io/hostname'), spread('topology.kubernetes.io/zone')],
  securityContext: {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  containers: [container(options)],
  volumes: [
    // Above what the defaults let lie under --data: the kubelet evicts a Pod that goes beyond it.
    { name: 'data', emptyDir: { sizeLimit: '3Gi' } },
    { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ...mountedConfiguration(configurationOf(options)).volumes,
  ],
});

const comment =
  'Two replicas, so that one may always go. The record of each lies in its emptyDir and ends with the Pod: the JSON log line of each decision is the lasting one. Needs Kubernetes 1.30 or newer (the preStop sleep; the image has no shell).';

const podMetadata = (options: DeploymentOptions): V1ObjectMeta => {
  const { annotations } = mountedConfiguration(configurationOf(options));
  return {
    labels: { ...gateLabels },
    ...(Object.keys(annotations).length === 0 ? undefined : { annotations: { ...annotations } }),
  };
};

/** The gate itself (R16, R18). */
export const deployment = (options: DeploymentOptions): InstallManifest => {
  const object: V1Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: objectMeta(objectNames.gate, options.namespace),
    spec: {
      replicas: 2,
      selector: { matchLabels: { ...gateLabels } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: { metadata: podMetadata(options), spec: podSpec(options) },
    },
  };
  return manifest(object, comment);
};
