/**
 * Built-in kinds that carry no pod spec, by API group: R4 allows them silently, so a kind that can start a container
 * must never be listed. From the type registrations of Kubernetes 1.36 (k8s.io/api, kube-aggregator, apiextensions),
 * list kinds left out: only manifests hold them, and there they are flattened.
 */
const kindsByGroup: Readonly<Record<string, readonly string[]>> = {
  '': [
    'Binding',
    'ComponentStatus',
    'ConfigMap',
    'Endpoints',
    'Event',
    'LimitRange',
    'Namespace',
    'Node',
    'NodeProxyOptions',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'PodAttachOptions',
    'PodExecOptions',
    'PodLogOptions',
    'PodPortForwardOptions',
    'PodProxyOptions',
    'PodStatusResult', // the answer of an old API, status only
    'RangeAllocation',
    'ResourceQuota',
    'Secret',
    'SerializedReference',
    'Service',
    'ServiceAccount',
    'ServiceProxyOptions',
  ],
  'admission.k8s.io': ['AdmissionReview'],
  'admissionregistration.k8s.io': [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ],
  'apiextensions.k8s.io': ['ConversionReview', 'CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  // ControllerRevision holds a copy of a template in `data` that is only read back through its DaemonSet or StatefulSet.
  apps: ['ControllerRevision', 'DeploymentRollback', 'Scale'],
  'authentication.k8s.io': ['SelfSubjectReview', 'TokenRequest', 'TokenReview'],
  'authorization.k8s.io': [
    'LocalSubjectAccessReview',
    'SelfSubjectAccessReview',
    'SelfSubjectRulesReview',
    'SubjectAccessReview',
  ],
  autoscaling: ['HorizontalPodAutoscaler', 'Scale'],
  'certificates.k8s.io': ['CertificateSigningRequest', 'ClusterTrustBundle', 'PodCertificateRequest'],
  'coordination.k8s.io': ['Lease', 'LeaseCandidate'],
  'discovery.k8s.io': ['EndpointSlice'],
  'events.k8s.io': ['Event'],
  extensions: ['DeploymentRollback', 'Ingress', 'NetworkPolicy', 'Scale'],
  'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
  'imagegate.dev': ['ImagePolicy', 'TrustRoot'],
  'imagepolicy.k8s.io': ['ImageReview'],
  'internal.apiserver.k8s.io': ['StorageVersion'],
  'networking.k8s.io': ['IPAddress', 'Ingress', 'IngressClass', 'NetworkPolicy', 'ServiceCIDR'],
  'node.k8s.io': ['RuntimeClass'],
  policy: ['Eviction', 'PodDisruptionBudget'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'resource.k8s.io': [
    'DeviceClass',
    'DeviceTaintRule',
    'ResourceClaim',
    'ResourceClaimTemplate',
    'ResourcePoolStatusRequest',
    'ResourceSlice',
  ],
  'scheduling.k8s.io': ['PodGroup', 'PriorityClass', 'Workload'],
  'storage.k8s.io': [
    'CSIDriver',
    'CSINode',
    'CSIStorageCapacity',
    'StorageClass',
    'VolumeAttachment',
    'VolumeAttributesClass',
  ],
  'storagemigration.k8s.io': ['StorageVersionMigration'],
};

const known: ReadonlySet<string> = new Set(
  Object.entries(kindsByGroup).flatMap(([group, kinds]) => kinds.map((kind) => `${group}/${kind}`)),
);

/** Whether the kind is built in (or our own) and carries no pod spec: nothing to judge, nothing to warn about (R4). */
export const isKnownWithoutPodSpec = (group: string, kind: string): boolean => known.has(`${group}/${kind}`);

/** Every listed kind as `group/kind`, for tests and documentation. */
export const knownKindsWithoutPodSpec: readonly string[] = [...known];
