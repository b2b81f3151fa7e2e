import { isDnsLabel } from '../core/text/dns-name.ts';
import type { RbacV1Subject, V1PolicyRule } from '@kubernetes/client-node';
import { fail, ok, type Result } from '../core/result.ts';
import { manifest, objectMeta, objectNames, type InstallManifest } from './manifest.ts';

/** Whose pull secrets the gate may read: none, those of every namespace, or those of the namespaces listed. */
export type PullSecretAccess = 'none' | 'all' | readonly string[];

const group = 'rbac.authorization.k8s.io';
const maxNamespaces = 256;

/** Reads `--pull-secrets`: `none`, `all`, or names of namespaces with commas between them. */
export const parsePullSecretAccess = (text: string): Result<PullSecretAccess, string> => {
  if (text === 'none' || text === 'all') return ok(text);
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const refuse = (why: string): Result<never, string> =>
    fail(`--pull-secrets ${JSON.stringify(text)}: ${why}; write none, all, or namespaces such as shop,bank`);
  if (names.length > maxNamespaces) return refuse(`these are more than ${maxNamespaces} namespaces`);
  const wrong = names.find((name) => !isDnsLabel(name));
  if (wrong !== undefined) return refuse(`${JSON.stringify(wrong)} is no name of a namespace`);
  // `true` is what the switch of `serve` takes; no namespace is called so.
  const word = names.find((name) => ['none', 'all', 'true', 'false'].includes(name));
  if (word !== undefined) return refuse(`${word} cannot stand in a list of namespaces`);
  return ok(names);
};

/** `get` and nothing else. By name it cannot be limited: which secrets Pods will name is not known before. */
const rules = (): V1PolicyRule[] =>
  ['secrets', 'serviceaccounts'].map((resource) => ({
    apiGroups: [''],
    resources: [resource],
    verbs: ['get'],
  }));

const comment = (where: string): string =>
  `For \`serve --pull-secrets\`: ${where} the gate may read the Secrets and service accounts that a Pod names, in order to ask registries with the credentials that the kubelet will use. RBAC cannot tell pull secrets from others: this is the right to read every Secret there whose name is known. To list or watch them is not granted. Nothing that is applied later takes it away; kubectl delete does.`;

const granted = (subject: RbacV1Subject, namespace: string | undefined): readonly InstallManifest[] => {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  const metadata = objectMeta(objectNames.pullSecrets, namespace);
  const role = { apiVersion: `${group}/v1`, kind, metadata, rules: rules() };
  const binding = {
    apiVersion: `${group}/v1`,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: group, kind, name: objectNames.pullSecrets },
    subjects: [subject],
  };
  return [
    manifest(role, comment(namespace === undefined ? 'in every namespace' : `in the namespace ${namespace}`)),
    manifest(binding),
  ];
};

/** Roles and bindings of their own, so that the right can be seen, given and taken away apart from all others (B27, B29). */
export const pullSecretManifests = (
  access: PullSecretAccess,
  subject: RbacV1Subject,
): readonly InstallManifest[] => {
  if (access === 'none') return [];
  if (access === 'all') return granted(subject, undefined);
  return access.flatMap((namespace) => granted(subject, namespace));
};
