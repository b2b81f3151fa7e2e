import type { KindDemand, KindRow, ServedResource } from '../../src/install/doors/demand.ts';
import { indexServed, type DoorOptions } from '../../src/install/doors/door-rules.ts';
import { createWorkloadTable } from '../../src/core/workload/kinds/kinds.ts';

/** The rows of the workload table. */
export const workloads = createWorkloadTable([]).all;
/** What a cluster serves. */
export const served: readonly ServedResource[] = (
  [
    ['', 'pods', '', '', 'Pod'],
    ['', 'pods', 'ephemeralcontainers', '', 'Pod'],
    ['', 'pods', 'exec', '', 'PodExecOptions'],
    ['', 'pods', 'status', '', 'Pod'],
    ['apps', 'deployments', '', 'apps', 'Deployment'],
    ['apps', 'deployments', 'scale', 'autoscaling', 'Scale'],
    ['apps', 'deployments', 'status', 'apps', 'Deployment'],
    ['apps', 'controllerrevisions', '', 'apps', 'ControllerRevision'],
    ['', 'services', '', '', 'Service'],
    ['', 'services', 'status', '', 'Service'],
    ['', 'namespaces', '', '', 'Namespace'],
    ['', 'namespaces', 'finalize', '', 'Namespace'],
    ['', 'namespaces', 'status', '', 'Namespace'],
    ['', 'nodes', '', '', 'Node'],
    ['', 'configmaps', '', '', 'ConfigMap'],
    ['coordination.k8s.io', 'leases', '', 'coordination.k8s.io', 'Lease'],
    ['', 'events', '', '', 'Event'],
    ['events.k8s.io', 'events', '', 'events.k8s.io', 'Event'],
    ['discovery.k8s.io', 'endpointslices', '', 'discovery.k8s.io', 'EndpointSlice'],
    [
      'certificates.k8s.io',
      'certificatesigningrequests',
      '',
      'certificates.k8s.io',
      'CertificateSigningRequest',
    ],
    ['storage.k8s.io', 'csinodes', '', 'storage.k8s.io', 'CSINode'],
    ['', 'endpoints', '', '', 'Endpoints'],
    ['authentication.k8s.io', 'tokenreviews', '', 'authentication.k8s.io', 'TokenReview'],
    ['authorization.k8s.io', 'subjectaccessreviews', '', 'authorization.k8s.io', 'SubjectAccessReview'],
    ['example.com', 'widgets', '', 'example.com', 'Widget'],
    ['example.com', 'nodes', '', 'example.com', 'Node'],
  ] as const
).map(([group, resource, subresource, objectGroup, kind]) => ({
  group,
  versions: ['v1'],
  resource,
  subresource,
  objectGroup,
  kind,
}));

/** What a constraint asks for, refusing unless it says otherwise. */
export const demand = (rows: readonly KindRow[], more: Partial<KindDemand> = {}): KindDemand => ({
  rows,
  isDenying: true,
  operations: [],
  ...more,
});
export const row = (kinds: readonly string[], apiGroups: readonly string[] = ['*']): KindRow => ({
  apiGroups,
  kinds,
});
/** What doors are asked about in that cluster. */
export const options: DoorOptions = {
  workloads,
  served: indexServed(served),
  operations: ['CREATE', 'UPDATE'],
  isAlwaysOpen: false,
};
