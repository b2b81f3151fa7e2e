import type { V1MatchCondition, V1RuleWithOperations } from '@kubernetes/client-node';
import type { WorkloadKind } from '../core/workload/kinds/workload-kind.ts';

/** The part of a row of the workload table that a rule needs. */
export type GatedKind = Pick<WorkloadKind, 'group' | 'resource' | 'versions' | 'subresources'>;

/** DELETE and CONNECT bring no image in. */
const operations = (): string[] => ['CREATE', 'UPDATE'];

/** The resource of a row and its subresources. */
export const resourcesOf = ({ resource, subresources = [] }: GatedKind): readonly string[] => [
  resource,
  ...subresources.map((subresource) => `${resource}/${subresource}`),
];

/**
 * R10: one rule for each group and list of versions. A rule for a kind that the cluster does not have is
 * harmless. A row of the user's that lists no versions is gated in all of them.
 */
export const workloadRules = (kinds: readonly GatedKind[], scope?: 'Namespaced'): V1RuleWithOperations[] => {
  const rules = new Map<string, { group: string; versions: readonly string[]; resources: string[] }>();
  for (const kind of kinds) {
    const versions = kind.versions ?? ['*'];
    const key = `${kind.group} ${versions.join()}`;
    const rule = rules.get(key) ?? { group: kind.group, versions, resources: [] };
    rule.resources.push(...resourcesOf(kind));
    rules.set(key, rule);
  }
  return [...rules.values()].map(({ group, versions, resources }) => ({
    apiGroups: [group],
    apiVersions: [...versions],
    operations: operations(),
    resources,
    ...(scope === undefined ? undefined : { scope }),
  }));
};

/** The rules of `/mutate`: only Pods, so that the owner of a template sees no drift in it. */
export const podRules = (): V1RuleWithOperations[] => [
  {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: operations(),
    resources: ['pods'],
    scope: 'Namespaced',
  },
  {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['UPDATE'],
    resources: ['pods/ephemeralcontainers'],
    scope: 'Namespaced',
  },
];

/** A rule for one cluster-scoped kind. */
export const clusterScopedRule = (
  apiGroup: string,
  apiVersion: string,
  ...resources: readonly string[]
): V1RuleWithOperations => ({
  apiGroups: [apiGroup],
  apiVersions: [apiVersion],
  operations: operations(),
  resources: [...resources],
  scope: 'Cluster',
});

/**
 * R10: an UPDATE that changes no field that can hold an image does not reach the gate, so labels, finalizers and
 * deletions pass with every replica dead. `spec` and `template` hold the images of every kind that ships. A row of
 * the user that reads another root field is refused when the configuration is read.
 */
export const somethingJudgedChanges: V1MatchCondition = {
  name: 'judged-fields-change',
  expression:
    "request.operation != 'UPDATE' || object.?spec != oldObject.?spec || object.?template != oldObject.?template",
};
