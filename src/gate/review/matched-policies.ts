import { unavailable, type Fact } from '../../core/facts/fact.ts';
import type { Labels } from '../../core/policy/match/label-selector.ts';
import type { NamespacePolicies } from '../../core/policy-set/policy-set.ts';
import { selectPolicies, withoutSelectors, type MatchedPolicies } from '../../core/policy-set/select.ts';
import type { Deadline } from '../deadline.ts';
import type { NamespaceReader } from '../ports.ts';
import { objectLabels, type ReviewSubject } from './subject.ts';

/** Where no policy asks for labels, the same policies match each object of the namespace. */
const matchedWithoutLabels = new WeakMap<NamespacePolicies, MatchedPolicies>();

/** Hop 4: the policies that match the subject. */
export const matchedPoliciesOf = (
  { namespace, what }: Pick<ReviewSubject, 'namespace' | 'what'>,
  namespacePolicies: NamespacePolicies,
  namespaceLabels: Fact<Labels>,
): MatchedPolicies => {
  if (what.kind === 'images') return withoutSelectors(namespacePolicies, namespace);
  const labels = namespacePolicies.needsObjectLabels ? objectLabels(what) : undefined;
  const select = (): MatchedPolicies =>
    selectPolicies(namespacePolicies, { namespace, namespaceLabels, objectLabels: labels });
  if (namespacePolicies.needsLabels || namespacePolicies.needsObjectLabels) return select();
  const known = matchedWithoutLabels.get(namespacePolicies);
  if (known !== undefined) return known;
  const matched = select();
  matchedWithoutLabels.set(namespacePolicies, matched);
  return matched;
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
