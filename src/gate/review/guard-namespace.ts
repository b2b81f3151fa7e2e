import type { CompiledMatch } from '../../core/policy-set/compiled-policy.ts';
import { matchNamespace, type Labels } from '../../core/policy/match/label-selector.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { gateFinding, policiesLoading, type Outcome } from './decision-builder.ts';
import type { PolicySource } from '../ports.ts';
import { wellFormedLabels } from './subject.ts';

/** The part of a policy that the guard needs. Of a broken policy nothing else is known, so it counts as Deny. */
interface Fencing {
  readonly name: string;
  readonly match: CompiledMatch;
}

const leaves = (policy: Fencing, name: string, before: Labels, after: Labels | undefined): boolean => {
  const { namespaceSelector } = policy.match;
  if (matchNamespace(namespaceSelector, name, before) !== 'yes') return false;
  return after === undefined || matchNamespace(namespaceSelector, name, after) !== 'yes';
};

const isAdmin = (request: AdmissionRequest, admins: ReadonlySet<string>): boolean =>
  admins.has(request.user) || request.groups.some((group) => admins.has(group));

/**
 * R12: refuses a label change that takes a namespace out of a Deny policy, unless the user is one of `--admins`.
 * On CREATE the namespace is compared with one that has no labels, so that a selector with NotIn or DoesNotExist
 * cannot be left at birth either. Stops the opt-out by label (B13).
 */
export const guardNamespace = (
  request: AdmissionRequest,
  source: PolicySource,
  admins: ReadonlySet<string>,
): Outcome => {
  if (isAdmin(request, admins)) return {};
  const state = source.current();
  if (state.state === 'loading') return { findings: [policiesLoading(state.why)] };
  const name = request.name;
  const before = wellFormedLabels(request.oldObject) ?? {};
  const after = wellFormedLabels(request.object);
  // With generateName the name is not known yet: every policy could come to match it.
  const policies = name === '' ? state.set : state.set.forNamespace(name);
  const fencing: Fencing[] = [...policies.policies.filter(({ mode }) => mode === 'Deny'), ...policies.broken];
  const left = fencing.filter((policy) => leaves(policy, name, before, after));
  const findings = left.map((policy) =>
    gateFinding(
      'namespace-escape',
      `this label change takes namespace '${shown(name)}' out of policy ${policy.name}`,
      {
        path: 'metadata.labels',
        remedy:
          'keep the labels that the policy selects, or ask one of the administrators of the gate (--admins)',
      },
    ),
  );
  return { findings, policies: state.set.version };
};
