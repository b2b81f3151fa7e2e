import type { WorkloadKind } from './workload-kind.ts';

const builtIn = (
  group: string,
  resource: string,
  kind: string,
  row: Pick<WorkloadKind, 'podSpec' | 'subresources'> & Partial<WorkloadKind>,
): WorkloadKind => ({
  group,
  resource,
  kind,
  versions: ['v1'],
  podSpecOptional: false,
  imageRequired: false,
  unnamedContainers: false,
  ...row,
});

const template = { podSpec: 'spec.template.spec' };

/**
 * Every type of k8s.io/api v0.36 that embeds a PodSpec. Old versions (`extensions/v1beta1`, `apps/v1beta1`, …) reach
 * the webhook as these through `matchPolicy: Equivalent` (B19).
 *
 * `pods/ephemeralcontainers` is the one subresource that brings in an image (B17). `pods/resize` carries the whole Pod
 * too, but the API server takes only resources from it; `binding`, `eviction`, `exec`, `attach` carry no pod spec.
 */
export const builtInWorkloads: readonly WorkloadKind[] = [
  builtIn('', 'pods', 'Pod', {
    podSpec: 'spec',
    subresources: ['ephemeralcontainers'],
    imageRequired: true,
  }),
  builtIn('', 'podtemplates', 'PodTemplate', { podSpec: 'template.spec' }),
  // The only built-in whose template is a pointer: absent is legal.
  builtIn('', 'replicationcontrollers', 'ReplicationController', { ...template, podSpecOptional: true }),
  builtIn('apps', 'deployments', 'Deployment', template),
  builtIn('apps', 'replicasets', 'ReplicaSet', template),
  builtIn('apps', 'statefulsets', 'StatefulSet', template),
  builtIn('apps', 'daemonsets', 'DaemonSet', template),
  builtIn('batch', 'jobs', 'Job', template),
  builtIn('batch', 'cronjobs', 'CronJob', { podSpec: 'spec.jobTemplate.spec.template.spec' }),
];
