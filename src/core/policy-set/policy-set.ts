import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import type { BrokenPolicy, CompiledMatch, CompiledPolicy } from './compiled-policy.ts';
import { matchesGlob } from '../policy/match/glob.ts';
import { createEvaluationCache, type EvaluationCache } from './evaluation-cache.ts';
import { createJudgementCache } from './judgement-cache.ts';
import { readsLabels } from '../policy/match/label-selector.ts';

/** The policies whose globs match the name of one namespace, in name order. */
export interface NamespacePolicies {
  readonly policies: readonly CompiledPolicy[];
  readonly broken: readonly BrokenPolicy[];
  /** Whether any of them asks for namespace labels. */
  readonly needsLabels: boolean;
  /** Whether any of them needs the labels of the object. An object can have hundreds of thousands. */
  readonly needsObjectLabels: boolean;
  /** Whether any of them has a check that needs evidence. */
  readonly needsEvidence: boolean;
  /** Whether any of them adds digests to Pods; one in mode Audit changes nothing. */
  readonly pins: boolean;
}

export interface PolicySet {
  /** `sha256:…` over the names and contents. */
  readonly version: string;
  readonly policies: readonly CompiledPolicy[];
  readonly broken: readonly BrokenPolicy[];
  forNamespace(namespace: string): NamespacePolicies;
  /** Image texts and what these policies say about them. */
  readonly images: EvaluationCache;
}

/** Limit of cached namespace names: names from outside must not fill the memory. */
const maxNamespaces = 4096;

export const matchesNamespaceName = (match: CompiledMatch, namespace: string): boolean =>
  match.include.some((glob) => matchesGlob(glob, namespace)) &&
  !match.exclude.some((glob) => matchesGlob(glob, namespace));

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : Number(a.name > b.name);

/**
 * An immutable set of policies, indexed by namespace. The cost of a review grows with the policies of its own
 * namespace, not with all policies of the cluster.
 */
export const createPolicySet = (
  version: string,
  policies: readonly CompiledPolicy[],
  broken: readonly BrokenPolicy[] = [],
): PolicySet => {
  const judgements = createJudgementCache();
  const sorted = policies
    .map((policy) =>
      policy.evidence.length === 0
        ? policy
        : { ...policy, evidence: policy.evidence.map(judgements.caching) },
    )
    .sort(byName);
  const sortedBroken = [...broken].sort(byName);
  const memory = createLruCache<NamespacePolicies>({ entries: maxNamespaces });
  const select = (namespace: string): NamespacePolicies => {
    const selected = sorted.filter((policy) => matchesNamespaceName(policy.match, namespace));
    const selectedBroken = sortedBroken.filter((policy) => matchesNamespaceName(policy.match, namespace));
    const all = [...selected, ...selectedBroken];
    return {
      policies: selected,
      broken: selectedBroken,
      needsLabels:
        all.some(({ match }) => readsLabels(match.namespaceSelector)) ||
        selected.some(({ evidence }) => evidence.some((check) => check.readsNamespaceLabels)),
      needsObjectLabels: all.some(({ match }) => match.objectSelector !== undefined),
      needsEvidence: selected.some(({ evidence }) => evidence.length > 0),
      pins: selected.some(({ pin, mode }) => pin && mode !== 'Audit'),
    };
  };
  return {
    version,
    policies: sorted,
    broken: sortedBroken,
    images: createEvaluationCache(),
    forNamespace: (namespace) => {
      const cached = memory.get(namespace);
      if (cached !== undefined) return cached;
      const selected = select(namespace);
      memory.set(namespace, selected);
      return selected;
    },
  };
};
