import type {
  RbacV1Subject,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1PolicyRule,
  V1Role,
  V1RoleBinding,
  V1ServiceAccount,
} from '@kubernetes/client-node';
import { doorNames } from './doors/door-configuration.ts';
import { manifest, objectMeta, objectNames, type InstallManifest } from './manifest.ts';
import { pullSecretManifests, type PullSecretAccess } from './pull-secret-access.ts';

const rbac = 'rbac.authorization.k8s.io';
const apiVersion = `${rbac}/v1`;
const metadata = (namespace?: string) => objectMeta(objectNames.gate, namespace);

const rule = (
  apiGroup: string,
  resource: string,
  verbs: readonly string[],
  names: readonly string[] = [],
): V1PolicyRule => ({
  apiGroups: [apiGroup],
  resources: [resource],
  ...(names.length === 0 ? undefined : { resourceNames: [...names] }),
  verbs: [...verbs],
});

/** What the gate may do about templates and constraints of Gatekeeper. */
export interface ConstraintAccess {
  /** `off`: nothing. Only in `enforce` it writes: statuses. */
  readonly mode: 'off' | 'shadow' | 'beside' | 'enforce';
  /** `--constraint-crds`: it makes the CRDs of constraints. */
  readonly crds: boolean;
}

const noConstraints: ConstraintAccess = { mode: 'off', crds: false };
const templates = 'templates.gatekeeper.sh';
const constraints = 'constraints.gatekeeper.sh';
const read = ['get', 'list', 'watch'];

const constraintRules = ({ mode, crds }: ConstraintAccess): readonly V1PolicyRule[] => {
  if (mode === 'off') return [];
  return [
    rule(templates, 'constrainttemplates', read),
    rule(constraints, '*', read),
    rule('config.gatekeeper.sh', 'configs', read),
    rule(
      'admissionregistration.k8s.io',
      'validatingwebhookconfigurations',
      [...read, 'update', 'patch'],
      doorNames,
    ),
    // Names of kinds alone: when one comes, constraints may speak of it.
    ...(crds ? [] : [rule('apiextensions.k8s.io', 'customresourcedefinitions', ['list', 'watch'])]),
    ...(mode === 'enforce'
      ? [rule(templates, 'constrainttemplates/status', ['patch']), rule(constraints, '*/status', ['patch'])]
      : []),
    ...(crds
      ? [
          rule('apiextensions.k8s.io', 'customresourcedefinitions', [...read, 'create', 'update']),
          // OpenShift asks for it of whoever writes the template into a CRD as its owner.
          rule(templates, 'constrainttemplates/finalizers', ['update']),
        ]
      : []),
  ];
};

const clusterRole = (access: ConstraintAccess): V1ClusterRole => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: metadata(),
  rules: [
    rule('', 'namespaces', read),
    ...['imagepolicies', 'trustroots'].flatMap((resource) => [
      rule('imagegate.dev', resource, read),
      rule('imagegate.dev', `${resource}/status`, ['patch']),
    ]),
    ...['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'].map((resource) =>
      rule('admissionregistration.k8s.io', resource, [...read, 'patch'], [objectNames.gate]),
    ),
    rule('', 'events', ['create', 'patch']),
    rule('apps', 'replicasets', ['get']),
    rule('batch', 'jobs', ['get']),
    ...constraintRules(access),
  ],
});

const constraintComment = ({ mode, crds }: ConstraintAccess): string => {
  if (mode === 'off') return '';
  const status = mode === 'enforce' ? ', and write their statuses' : '';
  const definitions = crds
    ? ' It may create and update CRDs: RBAC cannot limit that to those of constraints, so whoever takes over the gate can change any CRD. Without --constraint-crds, `imagegate policy explain-template --crd` prints them for you.'
    : '';
  return ` It may read the templates, constraints and Config of Gatekeeper${status}, and the names of CRDs; and it keeps the rules of ${doorNames.join(' and ')}, which it can neither create nor delete.${definitions}`;
};

const clusterRoleComment = (access: PullSecretAccess): string =>
  `What the gate may do in the whole cluster: read namespaces, policies and trust roots, say in the status of the latter two whether they were accepted, keep its own webhook configurations (list and watch by that name need the field selector metadata.name=${objectNames.gate}), write Events, and find the Deployment or CronJob above a Pod. It can create no workload and read no Secret${access === 'none' ? '' : ` but what ${objectNames.pullSecrets} below grants`}. ImagePolicy and TrustRoot are in no aggregated role (admin, edit, view): whoever may write them is decided by you.`;

const binding = (subject: RbacV1Subject): V1ClusterRoleBinding => ({
  apiVersion,
  kind: 'ClusterRoleBinding',
  metadata: metadata(),
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: objectNames.gate },
  subjects: [subject],
});

const role = (namespace: string): V1Role => ({
  apiVersion,
  kind: 'Role',
  metadata: metadata(namespace),
  rules: [
    rule('', 'secrets', [...read, 'update'], [objectNames.caSecret]),
    rule('', 'secrets', ['create']),
    rule('coordination.k8s.io', 'leases', ['get', 'update'], [objectNames.lease]),
    rule('coordination.k8s.io', 'leases', ['create']),
  ],
});

const roleComment = `What the gate may do in its own namespace: the one Secret with its CA and the one Lease of its leader. RBAC cannot limit "create" by name (a new object has no name yet when it is asked), so it may create other Secrets and Leases here; this Role lets it read none of them.`;

const gateIn = (namespace: string): RbacV1Subject => ({
  kind: 'ServiceAccount',
  name: objectNames.gate,
  namespace,
});

const roleBinding = (namespace: string): V1RoleBinding => ({
  apiVersion,
  kind: 'RoleBinding',
  metadata: metadata(namespace),
  roleRef: { apiGroup: rbac, kind: 'Role', name: objectNames.gate },
  subjects: [gateIn(namespace)],
});

const serviceAccount = (namespace: string): V1ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: metadata(namespace),
  automountServiceAccountToken: false,
});

/** Least privilege for a gate that runs in `namespace`: its service account and what that may do (B27). */
export const inClusterAccess = (
  namespace: string,
  pullSecrets: PullSecretAccess = 'none',
  access: ConstraintAccess = noConstraints,
): readonly InstallManifest[] => [
  manifest(
    serviceAccount(namespace),
    'The identity of the gate. Its token is mounted by the Deployment alone.',
  ),
  manifest(clusterRole(access), clusterRoleComment(pullSecrets) + constraintComment(access)),
  manifest(binding(gateIn(namespace))),
  manifest(role(namespace), roleComment),
  manifest(roleBinding(namespace)),
  ...pullSecretManifests(pullSecrets, gateIn(namespace)),
];

const outsideUser: RbacV1Subject = { apiGroup: rbac, kind: 'User', name: objectNames.outsideUser };

/** The same for a gate outside of the cluster: it keeps its CA on its own disk and so needs no Secret of its own. */
export const outOfClusterAccess = (
  pullSecrets: PullSecretAccess = 'none',
  access: ConstraintAccess = noConstraints,
): readonly InstallManifest[] => [
  manifest(clusterRole(access), clusterRoleComment(pullSecrets) + constraintComment(access)),
  manifest(
    binding(outsideUser),
    `The kubeconfig of \`imagegate serve --kubeconfig\` must authenticate as the user "${objectNames.outsideUser}" (the common name of a client certificate, for example).`,
  ),
  ...pullSecretManifests(pullSecrets, outsideUser),
];
