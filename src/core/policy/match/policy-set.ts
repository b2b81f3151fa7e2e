import { createLruCache } from '../../../concurrency/lru-cache.ts';
import type { Check, EvidenceCheck } from '../../checks/check.ts';
import type { ImageNeeds } from '../../facts/evidence-kind.ts';
import type { Mode } from '../../decision/finding.ts';
import type { ImagePattern } from '../../image/pattern.ts';
import { matchesGlob } from './glob.ts';
import { createImageMemory } from './evaluation-cache.ts';
import type { ImageMemory } from './evaluation-cache.ts';
import { createJudgementMemory } from './judgement-cache.ts';
import { readsLabels } from './label-selector.ts';
import type { CompiledSelector } from './label-selector.ts';
import type { MultiArch } from '../schema/schema.ts';

/** Whom a policy applies to, ready to evaluate. */
export interface CompiledMatch {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly namespaceSelector: CompiledSelector | undefined;
  readonly objectSelector: CompiledSelector | undefined;
  /** `undefined`: every image. */
  readonly images: readonly ImagePattern[] | undefined;
}

export interface CompiledPolicy {
  readonly name: string;
  readonly mode: Mode;
  readonly onUnavailable: 'Deny' | 'Warn';
  readonly match: CompiledMatch;
  /** What the text alone decides. */
  readonly checks: readonly Check[];
  /** Checks that need the bytes behind the text. Empty when the policy causes no network call at `/validate`. */
  readonly evidence: readonly EvidenceCheck[];
  /** What these checks need, one object for all reviews. */
  readonly needs: ImageNeeds;
  /** `digest.pin`: `/mutate` adds the digest. */
  readonly pin: boolean;
  /** Whether it has a `digest` check, so that the judged bytes are those that run. */
  readonly fixesBytes: boolean;
  readonly multiArch: MultiArch;
  /** How old a tag result may be while its registry cannot be reached, in milliseconds; 0: none is accepted. */
  readonly staleFor: number;
}

/**
 * A policy of the cluster that cannot be used and of which no good revision is known. It denies within what
 * its readable `match` covers, everything if that is unreadable (R8).
 */
export interface BrokenPolicy {
  readonly name: string;
  readonly match: CompiledMatch;
  readonly problem: string;
}

/** The policies whose namespace names cover one namespace, in name order. */
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
  readonly images: ImageMemory;
}

/** Limit of cached namespace names: names from outside must not fill the memory. */
const maxNamespaces = 4096;

const coversNamespace = (match: CompiledMatch, namespace: string): boolean =>
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
  const judgements = createJudgementMemory();
  const sorted = policies
    .map((policy) =>
      policy.evidence.length === 0
        ? policy
        : { ...policy, evidence: policy.evidence.map(judgements.remembering) },
    )
    .sort(byName);
  const sortedBroken = [...broken].sort(byName);
  const memory = createLruCache<NamespacePolicies>({ entries: maxNamespaces });
  const select = (namespace: string): NamespacePolicies => {
    const here = sorted.filter((policy) => coversNamespace(policy.match, namespace));
    const brokenHere = sortedBroken.filter((policy) => coversNamespace(policy.match, namespace));
    const all = [...here, ...brokenHere];
    return {
      policies: here,
      broken: brokenHere,
      needsLabels:
        all.some(({ match }) => readsLabels(match.namespaceSelector)) ||
        here.some(({ evidence }) => evidence.some((check) => check.readsNamespaceLabels)),
      needsObjectLabels: all.some(({ match }) => match.objectSelector !== undefined),
      needsEvidence: here.some(({ evidence }) => evidence.length > 0),
      pins: here.some(({ pin, mode }) => pin && mode !== 'Audit'),
    };
  };
  return {
    version,
    policies: sorted,
    broken: sortedBroken,
    images: createImageMemory(),
    forNamespace: (namespace) => {
      const remembered = memory.get(namespace);
      if (remembered !== undefined) return remembered;
      const selected = select(namespace);
      memory.set(namespace, selected);
      return selected;
    },
  };
};
