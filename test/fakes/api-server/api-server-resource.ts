/** A resource that the fake API server serves. */
export interface FakeResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Whether `/status` is written apart from the rest. */
  readonly status?: boolean;
}

const resource = (
  groupVersion: string,
  plural: string,
  kind: string,
  more: Partial<FakeResource> = {},
): FakeResource => {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return { group: group!, version: version!, plural, kind, namespaced: true, ...more };
};

/** Everything ImageGate reads or writes, and the workloads. */
export const defaultResources: readonly FakeResource[] = [
  resource('v1', 'namespaces', 'Namespace', { namespaced: false, status: true }),
  resource('v1', 'pods', 'Pod', { status: true }),
  resource('v1', 'services', 'Service', { status: true }),
  resource('v1', 'secrets', 'Secret'),
  resource('v1', 'serviceaccounts', 'ServiceAccount'),
  resource('v1', 'events', 'Event'),
  resource('v1', 'replicationcontrollers', 'ReplicationController', { status: true }),
  resource('apps/v1', 'deployments', 'Deployment', { status: true }),
  resource('apps/v1', 'replicasets', 'ReplicaSet', { status: true }),
  resource('apps/v1', 'statefulsets', 'StatefulSet', { status: true }),
  resource('apps/v1', 'daemonsets', 'DaemonSet', { status: true }),
  resource('batch/v1', 'jobs', 'Job', { status: true }),
  resource('batch/v1', 'cronjobs', 'CronJob', { status: true }),
  resource('coordination.k8s.io/v1', 'leases', 'Lease'),
  resource(
    'admissionregistration.k8s.io/v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    {
      namespaced: false,
    },
  ),
  resource(
    'admissionregistration.k8s.io/v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
    {
      namespaced: false,
    },
  ),
  resource('imagegate.dev/v1alpha1', 'imagepolicies', 'ImagePolicy', { namespaced: false, status: true }),
  resource('imagegate.dev/v1alpha1', 'trustroots', 'TrustRoot', { namespaced: false, status: true }),
  resource('templates.gatekeeper.sh/v1', 'constrainttemplates', 'ConstraintTemplate', {
    namespaced: false,
    status: true,
  }),
  resource('config.gatekeeper.sh/v1alpha1', 'configs', 'Config'),
  resource('constraints.gatekeeper.sh/v1beta1', 'nobash', 'NoBash', { namespaced: false, status: true }),
  resource('apiextensions.k8s.io/v1', 'customresourcedefinitions', 'CustomResourceDefinition', {
    namespaced: false,
    status: true,
  }),
];

/** Where a request is aimed. */
export interface FakeTarget {
  readonly resource: FakeResource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

// `/api/v1/namespaces/shop` is the Namespace itself, `/api/v1/namespaces/shop/pods` is inside it.
const path =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+)(?=\/(?!status$)))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?$/;

/** Reads `/apis/apps/v1/namespaces/shop/deployments/web/status`; undefined when nothing is served there. */
export const readTarget = (pathname: string, resources: readonly FakeResource[]): FakeTarget | undefined => {
  const parts = path.exec(pathname)?.groups;
  if (parts === undefined) return undefined;
  const part = (name: string): string => decodeURIComponent(parts[name] ?? '');
  const served = resources.find(
    (one) => one.group === part('group') && one.version === part('version') && one.plural === part('plural'),
  );
  if (served === undefined) return undefined;
  return {
    resource: served,
    namespace: part('namespace'),
    name: part('name'),
    subresource: part('subresource'),
  };
};
