import type { LabelSelector } from '../schema/schema.ts';

/** Labels of a Kubernetes object. */
export type Labels = Readonly<Record<string, string>>;

/** The label that the API server itself sets on every namespace; nobody can change it. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** `unknown`: not all labels are known, and those that are do not settle it. */
export type SelectorMatch = 'yes' | 'no' | 'unknown';

interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: ReadonlySet<string>;
}

export interface CompiledSelector {
  readonly requirements: readonly Requirement[];
}

/** Turns a LabelSelector into one list of requirements; an empty selector matches everything (undefined). */
export const compileSelector = (selector: LabelSelector | undefined): CompiledSelector | undefined => {
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    requirements.push({ key, operator: 'In', values: new Set([value]) });
  }
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    requirements.push({ key, operator, values: new Set(values) });
  }
  return requirements.length === 0 ? undefined : { requirements };
};

/** Whether the selector asks for anything beyond the namespace's own name, which is always known. */
export const readsLabels = (selector: CompiledSelector | undefined): boolean =>
  selector?.requirements.some(({ key }) => key !== namespaceNameLabel) ?? false;

const holds = (requirement: Requirement, labels: Labels): boolean => {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.has(value);
    // Kubernetes: a missing key satisfies NotIn (apimachinery labels.Requirement.Matches).
    case 'NotIn':
      return value === undefined || !requirement.values.has(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return requirement.operator satisfies never;
  }
};

/** Whether fully known labels satisfy the selector. */
export const matchesLabels = (selector: CompiledSelector | undefined, labels: Labels): boolean =>
  selector === undefined || selector.requirements.every((requirement) => holds(requirement, labels));

/**
 * Whether a namespace satisfies the selector (R3). With labels unknown, only the name label is known:
 * a requirement on it can say `no`; everything else leaves the answer `unknown`, which callers must treat
 * as matching. Stops CVE-2025-46342, where a failed label lookup made the rule be skipped (B12).
 */
export const matchNamespace = (
  selector: CompiledSelector | undefined,
  name: string,
  labels: Labels | undefined,
): SelectorMatch => {
  if (selector === undefined) return 'yes';
  const certain: Labels = { ...labels, [namespaceNameLabel]: name };
  let unknown = false;
  for (const requirement of selector.requirements) {
    if (labels === undefined && requirement.key !== namespaceNameLabel) unknown = true;
    else if (!holds(requirement, certain)) return 'no';
  }
  return unknown ? 'unknown' : 'yes';
};
