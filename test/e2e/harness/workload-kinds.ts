import type { KubeObject } from './api.ts';

/** The nine built-in kinds that embed a pod spec. */
export interface WorkloadKind {
  readonly kind: string;
  /** The collection's path below the namespace. */
  readonly path: (namespace: string) => string;
  readonly object: (name: string, podSpec: object) => KubeObject;
}

const labels = { app: 'e2e' };
const selector = { matchLabels: labels };

const template = (podSpec: object, restartPolicy = 'Always'): object => {
  return { metadata: { labels: labels }, spec: { restartPolicy, ...podSpec } };
};

const kind = (
  apiVersion: string,
  name: string,
  plural: string,
  body: (podSpec: object) => Record<string, unknown>,
): WorkloadKind => {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return {
    kind: name,
    path: (namespace) => `${root}/namespaces/${namespace}/${plural}`,
    object: (object, podSpec) => ({ apiVersion, kind: name, metadata: { name: object }, ...body(podSpec) }),
  };
};

export const workloadKinds: readonly WorkloadKind[] = [
  kind('v1', 'Pod', 'pods', (spec) => ({ spec })),
  kind('v1', 'PodTemplate', 'podtemplates', (spec) => ({ template: template(spec) })),
  kind('v1', 'ReplicationController', 'replicationcontrollers', (spec) => ({
    spec: { replicas: 0, selector: labels, template: template(spec) },
  })),
  kind('apps/v1', 'Deployment', 'deployments', (spec) => ({
    spec: { replicas: 0, selector, template: template(spec) },
  })),
  kind('apps/v1', 'ReplicaSet', 'replicasets', (spec) => ({
    spec: { replicas: 0, selector, template: template(spec) },
  })),
  kind('apps/v1', 'StatefulSet', 'statefulsets', (spec) => ({
    spec: { replicas: 0, selector, serviceName: 'none', template: template(spec) },
  })),
  kind('apps/v1', 'DaemonSet', 'daemonsets', (spec) => ({ spec: { selector, template: template(spec) } })),
  kind('batch/v1', 'Job', 'jobs', (spec) => ({ spec: { suspend: true, template: template(spec, 'Never') } })),
  kind('batch/v1', 'CronJob', 'cronjobs', (spec) => ({
    spec: {
      schedule: '0 0 1 1 *',
      suspend: true,
      jobTemplate: { spec: { template: template(spec, 'Never') } },
    },
  })),
];

/** Every place of a pod spec that names an image, with all the others filled with `good`. */
export const imagePlaces: readonly {
  readonly place: string;
  readonly podSpec: (image: string, good: string) => object;
}[] = [
  {
    place: 'a container',
    podSpec: (image, good) => ({
      containers: [
        { name: 'first', image: good },
        { name: 'app', image },
      ],
    }),
  },
  {
    place: 'an init container',
    podSpec: (image, good) => ({
      initContainers: [{ name: 'init', image }],
      containers: [{ name: 'app', image: good }],
    }),
  },
  {
    place: 'a native sidecar',
    podSpec: (image, good) => ({
      initContainers: [{ name: 'sidecar', image, restartPolicy: 'Always' }],
      containers: [{ name: 'app', image: good }],
    }),
  },
  {
    place: 'an image volume',
    podSpec: (image, good) => ({
      containers: [{ name: 'app', image: good, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      volumes: [{ name: 'data', image: { reference: image, pullPolicy: 'IfNotPresent' } }],
    }),
  },
];
