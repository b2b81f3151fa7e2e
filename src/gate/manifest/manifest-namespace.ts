import { textOf, type JsonObject } from '../../core/text/json/json.ts';
import type { WorkloadKind } from '../../core/workload/kinds/workload-kind.ts';
import { groupOf } from '../../core/workload/kinds/kinds.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';

/** Kinds of Kubernetes whose objects stand in no namespace. Custom kinds are taken for namespaced ones. */
const clusterScoped: ReadonlySet<string> = new Set([
  ...['Namespace', 'Node', 'PersistentVolume'].map((kind) => `/${kind}`),
  ...['ClusterRole', 'ClusterRoleBinding'].map((kind) => `rbac.authorization.k8s.io/${kind}`),
  ...['StorageClass', 'VolumeAttachment', 'CSIDriver', 'CSINode', 'VolumeAttributesClass'].map(
    (kind) => `storage.k8s.io/${kind}`,
  ),
  ...[
    'ValidatingWebhookConfiguration',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
  ].map((kind) => `admissionregistration.k8s.io/${kind}`),
  ...['FlowSchema', 'PriorityLevelConfiguration'].map((kind) => `flowcontrol.apiserver.k8s.io/${kind}`),
  ...['CertificateSigningRequest', 'ClusterTrustBundle'].map((kind) => `certificates.k8s.io/${kind}`),
  ...['DeviceClass', 'ResourceSlice'].map((kind) => `resource.k8s.io/${kind}`),
  ...['IngressClass', 'IPAddress', 'ServiceCIDR'].map((kind) => `networking.k8s.io/${kind}`),
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'scheduling.k8s.io/PriorityClass',
  'node.k8s.io/RuntimeClass',
]);

const isClusterScoped = ({ apiVersion, kind }: JsonObject): boolean =>
  clusterScoped.has(`${groupOf(textOf(apiVersion))}/${textOf(kind)}`);

/**
 * The namespace that the API server would send with the object of a manifest: none for a cluster-scoped object,
 * whatever its manifest says.
 */
export const manifestNamespace = (
  row: WorkloadKind | undefined,
  object: JsonObject,
  otherwise: string,
): string => {
  const isOutside = row === undefined ? isClusterScoped(object) : row.scope === 'Cluster';
  return isOutside ? '' : textOf(metadataOf(object)['namespace']) || otherwise;
};
