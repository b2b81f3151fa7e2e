import { andThen, type Awaitable } from '../../concurrency/awaitable.ts';
import type { Clock } from '../../concurrency/clock.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { judging, type Uninformed, type Verdict } from '../../core/decision/decide.ts';
import { judgedImage } from '../../core/decision/judged-image.ts';
import { evidenceVersions } from '../../core/decision/evidence-versions.ts';
import type { Unmatched } from '../../core/decision/unmatched.ts';
import type { ImageUnderReview } from '../../core/policy-set/image-under-review.ts';
import type { Fact } from '../../core/facts/fact.ts';
import type { ImageNeeds } from '../../core/facts/evidence-kind.ts';
import type { Labels } from '../../core/policy/match/label-selector.ts';
import type { Steps } from '../../core/steps.ts';
import { asking } from '../../core/policy-set/needs.ts';
import type { NamespacePolicies, PolicySet } from '../../core/policy-set/policy-set.ts';
import type { MatchedPolicies } from '../../core/policy-set/select.ts';
import type { Evidence } from '../../evidence/gather.ts';
import { collecting, type Collected } from './images-of-object.ts';
import { matchedPoliciesOf, labelsFor } from './matched-policies.ts';
import type { Deadline } from '../deadline.ts';
import { policiesLoading, timedOut, type DecisionBuilder, type Outcome } from './decision-builder.ts';
import { gatherFacts } from './gather-facts.ts';
import type { NamespaceReader, PolicySource } from '../ports.ts';
import { untilDeadline, type Slices } from './slices.ts';
import { isArrivingPod, pullContextOf, type ReviewSubject } from './subject.ts';

export interface ReviewDeps {
  readonly policies: PolicySource;
  readonly namespaces: NamespaceReader;
  readonly buildDecision: DecisionBuilder;
  readonly clock: Clock;
  readonly slices: Slices;
  /** Absent: this gate asks no registry, and everything that a check needs to know is unavailable. */
  readonly evidence?: Evidence | undefined;
  readonly unmatched: Unmatched;
  /** Called when a policy was applied without knowing whether it applies. */
  readonly onUnsure: (unsure: Unsure) => void;
  /** Called when a check lacked evidence. */
  readonly onUninformed?: (uninformed: Uninformed & { readonly namespace: string }) => void;
}

const unchanged = {
  code: 'unchanged',
  message: 'every image is unchanged: the same text at the same place as before',
} as const;
const noPolicy = { code: 'no-policy', message: 'no policy covers this namespace' } as const;

/** A review in which a policy was applied though its selector could not be evaluated (R3). */
export interface Unsure {
  readonly namespace: string;
  readonly policies: readonly string[];
  /** Whether `onUnavailable: Warn` weakened one of them: an override that is logged and counted. */
  readonly weakened: boolean;
}

const unsureOf = (matched: MatchedPolicies): Unsure | undefined => {
  const unsure = matched.policies.filter((policy) => policy.unsure);
  if (unsure.length === 0) return undefined;
  return {
    namespace: matched.namespace,
    policies: unsure.map(({ policy }) => policy.name),
    weakened: unsure.some(({ policy, mode }) => mode !== policy.mode),
  };
};

/** A review, with what it is to be judged by. */
interface OpenedReview {
  readonly subject: ReviewSubject;
  readonly set: PolicySet;
  /** Those of `set` for the namespace. */
  readonly namespacePolicies: NamespacePolicies;
  readonly labels: Fact<Labels>;
}

/** A review whose images and policies are known: what is left is evidence and the verdict. */
interface Case extends OpenedReview {
  readonly collected: Collected;
  readonly matched: MatchedPolicies;
}

/** Hops 3 and 4; an outcome where they settle everything. */
function* opening(review: OpenedReview): Steps<Case | { readonly outcome: Outcome }> {
  const { subject, set, namespacePolicies, labels } = review;
  const policies = set.version;
  const collected = yield* collecting(subject.what, set);
  if ('findings' in collected) return { outcome: { ...collected, policies } };
  if ('unchanged' in collected) return { outcome: { policies, skipped: unchanged } };
  const { images, warnings } = collected;
  if (images.length > 0 && images.every((image) => !image.fresh)) {
    return { outcome: { images: images.map(judgedImage), warnings, policies, skipped: unchanged } };
  }
  return {
    subject,
    set,
    namespacePolicies,
    labels,
    collected,
    matched: matchedPoliciesOf(subject, namespacePolicies, labels),
  };
}

/** Hop 6 after the verdict: callbacks for the operator, and the record. */
const createSettle =
  ({ buildDecision, onUnsure, onUninformed }: ReviewDeps) =>
  (
    { subject, set, collected, matched }: Case,
    images: readonly ImageUnderReview[],
    verdict: Verdict,
    gathered?: number,
  ): Decision => {
    const { findings, allowed, uncovered, uninformed } = verdict;
    const warnings =
      verdict.warnings.length === 0 ? collected.warnings : [...verdict.warnings, ...collected.warnings];
    const outcome = {
      images: images.map(judgedImage),
      findings,
      warnings,
      policies: set.version,
      evidenceVersions: evidenceVersions(images),
      evidence: gathered,
    };
    const judged = subject.origin.constraints?.judged ?? 0;
    if (uncovered && allowed && judged === 0)
      return buildDecision(subject.origin, { ...outcome, skipped: noPolicy }, subject.started);
    const unsure = unsureOf(matched);
    if (unsure !== undefined) onUnsure(unsure);
    if (uninformed !== undefined) onUninformed?.({ ...uninformed, namespace: matched.namespace });
    return buildDecision(subject.origin, outcome, subject.started);
  };

/** Goes on with the result of steps: at once where they take little time. */
const createGoOn =
  ({ buildDecision, slices }: ReviewDeps) =>
  <T extends object>(
    steps: Steps<T>,
    { namespace, origin, started }: ReviewSubject,
    deadline: Deadline,
    next: (result: T) => Awaitable<Decision>,
  ): Awaitable<Decision> =>
    andThen<T | undefined, Decision>(slices.run(steps, untilDeadline(namespace, deadline)), (result) =>
      // The deadline passed between two slices.
      result === undefined ? buildDecision(origin, timedOut(deadline), started) : next(result),
    );

/**
 * Hops 3 to 6: which images, which policies, which facts, which verdict. The webhook, the CLI and later the monitor and
 * the dashboard all call it, so they can never disagree. It answers at once when nothing has to be looked up.
 */
export const createReview = (deps: ReviewDeps) => {
  const { policies, namespaces, buildDecision, clock, evidence, unmatched } = deps;
  const settle = createSettle(deps);
  const goOn = createGoOn(deps);

  const judge = (
    opened: Case,
    images: readonly ImageUnderReview[],
    deadline: Deadline,
    gathered?: number,
  ): Awaitable<Decision> => {
    const { subject, labels, matched } = opened;
    const situation = { pod: isArrivingPod(subject), now: clock.now(), namespaceLabels: labels };
    return goOn(judging(images, matched, unmatched, situation), subject, deadline, (verdict) =>
      settle(opened, images, verdict, gathered),
    );
  };

  /** Hop 5. */
  const look = (
    opened: Case,
    needs: readonly (ImageNeeds | undefined)[],
    deadline: Deadline,
  ): Awaitable<Decision> => {
    const began = clock.monotonic();
    const { subject } = opened;
    // Outside of a cluster there are no pull secrets: the user who runs a check has credentials of their own.
    const context = () => (subject.origin.source === 'admission' ? pullContextOf(subject) : undefined);
    const gathering = gatherFacts(evidence, opened.collected.images, needs, { context, deadline });
    if (!(gathering instanceof Promise)) return judge(opened, gathering, deadline);
    return gathering.then((gathered) => judge(opened, gathered, deadline, clock.monotonic() - began));
  };

  const proceed = (review: OpenedReview, deadline: Deadline): Awaitable<Decision> => {
    const { subject, namespacePolicies } = review;
    return goOn(opening(review), subject, deadline, (opened) => {
      if ('outcome' in opened) return buildDecision(subject.origin, opened.outcome, subject.started);
      const { images } = opened.collected;
      if (!namespacePolicies.needsEvidence) return judge(opened, images, deadline);
      return goOn(asking(images, opened.matched), subject, deadline, (needs) =>
        look(opened, needs, deadline),
      );
    });
  };

  return (subject: ReviewSubject, deadline: Deadline): Awaitable<Decision> => {
    const state = policies.current();
    if (state.state === 'loading') {
      return buildDecision(subject.origin, { findings: [policiesLoading(state.why)] }, subject.started);
    }
    const { set } = state;
    const namespacePolicies = set.forNamespace(subject.namespace);
    const labels = labelsFor(subject, namespacePolicies, namespaces, deadline);
    return andThen(labels, (looked) =>
      proceed({ subject, set, namespacePolicies, labels: looked }, deadline),
    );
  };
};
export type Review = ReturnType<typeof createReview>;
