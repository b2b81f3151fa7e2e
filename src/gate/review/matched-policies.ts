import { unavailable, type Fact } from '../../core/facts/fact.ts';
import type { Labels } from '../../core/policy/match/label-selector.ts';
import type { NamespacePolicies, PolicySet } from '../../core/policy-set/policy-set.ts';
import { selectPolicies, withoutSelectors, type MatchedPolicies } from '../../core/policy-set/select.ts';
import type { Deadline } from '../deadline.ts';
import type { NamespaceReader } from '../ports.ts';
import { objectLabels, type ReviewSubject } from './subject.ts';

/** Hop 4: the policies that match the subject. */
export const matchedPoliciesOf = (
  { namespace, what }: Pick<ReviewSubject, 'namespace' | 'what'>,
  set: PolicySet,
  namespaceLabels: Fact<Labels>,
): MatchedPolicies => {
  const namespacePolicies = set.forNamespace(namespace);
  if (what.kind === 'images') return withoutSelectors(namespacePolicies, namespace);
  const labels = namespacePolicies.needsObjectLabels ? objectLabels(what) : undefined;
  return selectPolicies(namespacePolicies, { namespace, namespaceLabels, objectLabels: labels });
};

/** For reviews in which no policy asks for labels. */
const noLabels = unavailable('namespace labels', 'no policy asks for them');

/** Labels of the namespace when a policy needs them. Answers at once when no lookup is needed. */
export const labelsFor = (
  { namespace, what }: Pick<ReviewSubject, 'namespace' | 'what'>,
  namespacePolicies: NamespacePolicies,
  namespaces: NamespaceReader,
  deadline: Deadline,
): Fact<Labels> | Promise<Fact<Labels>> => {
  // Bare images match every selector (R21), so there labels serve evidence alone.
  const asked = what.kind === 'workload' || (namespacePolicies.needsEvidence && namespace !== '');
  return namespacePolicies.needsLabels && asked ? namespaces.labels(namespace, deadline.signal) : noLabels;
};
