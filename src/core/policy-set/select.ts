import type { Fact } from '../facts/fact.ts';
import type { Mode } from '../policy/mode.ts';
import type { ReadImage } from './evaluation-cache.ts';
import {
  matchesLabels,
  matchNamespace,
  type Labels,
  type SelectorMatch,
} from '../policy/match/label-selector.ts';
import {
  matchesImage,
  type BrokenPolicy,
  type CompiledMatch,
  type CompiledPolicy,
} from './compiled-policy.ts';
import type { NamespacePolicies } from './policy-set.ts';

/** A policy that matches the object. `unsure`: its selector could not be evaluated and counts as matching. */
export interface MatchedPolicy {
  readonly policy: CompiledPolicy;
  readonly unsure: boolean;
  /**
   * The policy's mode, or Warn where it is unsure because of an outage and the policy says `onUnavailable: Warn`. Labels
   * that an object lacks are no outage (R25): the user who creates the object decides that.
   */
  readonly mode: Mode;
}

/** The policies that match one object in one namespace, and those of the namespace that cannot be used. */
export interface MatchedPolicies {
  readonly namespace: string;
  readonly policies: readonly MatchedPolicy[];
  readonly broken: readonly BrokenPolicy[];
  readonly whyUnsure?: string;
}

/** Whether a policy that cannot be used would have matched the image. It then denies with a finding of its own. */
export const brokenApplies = ({ broken }: MatchedPolicies, { parsed }: ReadImage): boolean =>
  broken.some(({ match }) => !parsed.ok || matchesImage(match, parsed.value));

/** What is known about the object and its namespace when policies are selected. */
interface SelectionFacts {
  readonly namespace: string;
  readonly namespaceLabels: Fact<Labels>;
  /**
   * Labels of object and oldObject; either may match. `undefined` when they are not known, which counts as matching.
   */
  readonly objectLabels: readonly Labels[] | undefined;
}

/** `/image-review` knows no labels by its nature: every selector matches, and no doubt is left to weaken it (R21). */
export const withoutSelectors = (
  namespacePolicies: NamespacePolicies,
  namespace: string,
): MatchedPolicies => ({
  namespace,
  policies: namespacePolicies.policies.map((policy) => ({ policy, unsure: false, mode: policy.mode })),
  broken: namespacePolicies.broken,
});

const matchObject = (match: CompiledMatch, labels: readonly Labels[] | undefined): SelectorMatch => {
  if (match.objectSelector === undefined) return 'yes';
  if (labels === undefined) return 'unknown';
  return labels.some((candidate) => matchesLabels(match.objectSelector, candidate)) ? 'yes' : 'no';
};

const matchesObjectAndNamespace = (match: CompiledMatch, facts: SelectionFacts): SelectorMatch => {
  const object = matchObject(match, facts.objectLabels);
  if (object === 'no') return 'no';
  const labels = facts.namespaceLabels.state === 'known' ? facts.namespaceLabels.value : undefined;
  return matchNamespace(match.namespaceSelector, facts.namespace, labels);
};

const effectiveMode = (policy: CompiledPolicy, unsure: boolean, facts: SelectionFacts): Mode => {
  if (!unsure || policy.mode !== 'Deny') return policy.mode;
  const { namespaceLabels, objectLabels } = facts;
  const outage = namespaceLabels.state === 'unavailable' && namespaceLabels.why.excusable === true;
  return outage && matchObject(policy.match, objectLabels) === 'yes' ? policy.onUnavailable : 'Deny';
};

const whyUnsure = (facts: SelectionFacts): string | undefined => {
  switch (facts.namespaceLabels.state) {
    case 'known':
      return undefined;
    case 'absent':
      return 'the API server knows no such namespace';
    case 'unavailable':
      return `${facts.namespaceLabels.why.what}: ${facts.namespaceLabels.why.why}`;
    default:
      return facts.namespaceLabels satisfies never;
  }
};

/** The policies that match the object. An unknown selector counts as matching (R3); it never skips a rule. */
export const selectPolicies = (
  namespacePolicies: NamespacePolicies,
  facts: SelectionFacts,
): MatchedPolicies => {
  const policies: MatchedPolicy[] = [];
  for (const policy of namespacePolicies.policies) {
    const match = matchesObjectAndNamespace(policy.match, facts);
    if (match === 'no') continue;
    const unsure = match === 'unknown';
    policies.push({ policy, unsure, mode: effectiveMode(policy, unsure, facts) });
  }
  const broken = namespacePolicies.broken.filter(
    (policy) => matchesObjectAndNamespace(policy.match, facts) !== 'no',
  );
  const why = whyUnsure(facts);
  return { namespace: facts.namespace, policies, broken, ...(why === undefined ? {} : { whyUnsure: why }) };
};
