import type { Clock } from '../../concurrency/clock.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { ImageUnderReview } from '../../core/policy-set/image-under-review.ts';
import { isDigestOnly, needsKey, unitedNeeds, type ImageNeeds } from '../../core/facts/evidence-kind.ts';
import { formatReference, type ImageReference } from '../../core/image/reference.ts';
import { asking } from '../../core/policy-set/needs.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import { selectPolicies, type MatchedPolicies } from '../../core/policy-set/select.ts';
import { atOnce, type Steps } from '../../core/steps.ts';
import type { WorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { Evidence } from '../../evidence/gather.ts';
import type { PullContext } from '../../evidence/ports.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { collecting } from '../review/images-of-object.ts';
import { labelsFor } from '../review/matched-policies.ts';
import { deadlineAfter, type Deadline } from '../deadline.ts';
import type { NamespaceReader, PolicySource } from '../ports.ts';
import type { Slices } from '../review/slices.ts';
import { isPod, pullContextOf, type WorkloadSubject } from '../review/subject.ts';
import {
  createPrefetchQueue,
  type PrefetchCounts,
  type PrefetchLimits,
  type PrefetchQueue,
} from './prefetch-queue.ts';

export interface PrefetchDeps {
  readonly policies: PolicySource;
  readonly namespaces: NamespaceReader;
  readonly workloads: WorkloadTable;
  readonly evidence: Evidence;
  readonly clock: Clock;
  readonly slices: Slices;
  readonly onBug: (error: unknown) => void;
  readonly limits?: Partial<PrefetchLimits & { readonly budget: number }>;
}

/** `budget`: milliseconds for one image. One namespace alone has half of the places and of the queue. */
const defaultLimits = { concurrency: 8, waiting: 512, budget: 10_000 };

/** Looks images up before their Pods are created. No review waits for it, and it decides nothing. */
export interface Prefetch {
  /** A template was admitted: its Pods will ask for its images in a moment. To be called after the answer. */
  admitted(request: AdmissionRequest, decision: Decision): void;
  /** An image was pushed. @returns false when it was dropped */
  pushed(image: ImageReference): boolean;
  counts(): PrefetchCounts;
  close(): Promise<void>;
}

/** The needs of a Pod with these images, at `/mutate` and at `/validate`. */
function* askingForPods(
  images: readonly ImageUnderReview[],
  matched: MatchedPolicies,
): Steps<readonly (ImageNeeds | undefined)[]> {
  const pinned = yield* asking(images, matched, 'pin');
  const judged = yield* asking(images, matched, 'judge');
  return judged.map((needs, at) => needs ?? pinned[at]);
}

/** The needs for a pushed image under the policies of any namespace, since it is not known where it will run. */
const needsAnywhere = (image: ImageUnderReview, set: PolicySet): ImageNeeds | undefined => {
  let united: ImageNeeds | undefined;
  for (const policy of set.policies) {
    const alone = { namespace: '', policies: [{ policy, unsure: false, mode: policy.mode }], broken: [] };
    const [needs] = atOnce(askingForPods([image], alone));
    if (needs !== undefined) united = united === undefined ? needs : unitedNeeds(united, needs);
  }
  return united;
};

interface TemplateSubject {
  readonly namespace: string;
  readonly what: WorkloadSubject;
}

/** A template whose Pods are still to come. The images of a Pod itself were looked up in its review. */
const templateOf = (
  { kind, object, oldObject, operation }: AdmissionRequest,
  workloads: WorkloadTable,
): WorkloadSubject | undefined => {
  const row = workloads.byKind(kind.group, kind.kind);
  if (row === undefined || isPod(row) || object === null) return undefined;
  if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
  return { kind: 'workload', row, object, oldObject };
};

/** The policies that may match the Pods of a template. Others may set labels of these Pods: every object selector matches. */
const matchedByPods = async (
  subject: TemplateSubject,
  set: PolicySet,
  namespaces: NamespaceReader,
  deadline: Deadline,
): Promise<MatchedPolicies> => {
  const { namespace } = subject;
  const namespacePolicies = set.forNamespace(namespace);
  const namespaceLabels = await labelsFor(subject, namespacePolicies, namespaces, deadline);
  return selectPolicies(namespacePolicies, { namespace, namespaceLabels, objectLabels: undefined });
};

/** Gathers facts about single images, a bounded number at one time. */
const createLookups = (evidence: Evidence, limits: typeof defaultLimits, onBug: PrefetchDeps['onBug']) => {
  const queue = createPrefetchQueue(limits, onBug);
  /**
   * To look into layers takes minutes, and few are looked into at one time. Attack: push slow images, so that signatures of other
   * images are not looked up before their Pods come.
   */
  const layers = createPrefetchQueue(limits, onBug);
  const closing = new AbortController();
  const gatherIn = (
    places: PrefetchQueue,
    image: ImageReference,
    needs: ImageNeeds,
    context: PullContext | undefined,
  ): boolean => {
    const key = JSON.stringify([formatReference(image), needsKey(needs), context]);
    return places.add(key, context?.namespace ?? '', async () => {
      const signal = AbortSignal.any([AbortSignal.timeout(limits.budget), closing.signal]);
      await evidence.gather([{ image, needs }], context, signal);
    });
  };
  const look = (image: ImageReference, needs: ImageNeeds, context: PullContext | undefined): boolean => {
    const { vulnerability, ...others } = needs;
    if (vulnerability?.wanted.lists.catalog !== true) return gatherIn(queue, image, needs, context);
    const isTaken = isDigestOnly(others) || gatherIn(queue, image, others, context);
    return gatherIn(layers, image, needs, context) && isTaken;
  };
  return {
    look,
    isOver: () => closing.signal.aborted,
    counts: () => {
      const [one, other] = [queue.counts(), layers.counts()];
      return {
        running: one.running + other.running,
        waiting: one.waiting + other.waiting,
        dropped: one.dropped + other.dropped,
      };
    },
    close: async () => {
      closing.abort();
      await Promise.all([queue.close(), layers.close()]);
    },
  };
};

/** Gathers facts in the background: after a template was admitted, and when a registry reports a push. */
export const createPrefetch = (deps: PrefetchDeps): Prefetch => {
  const { policies, namespaces, workloads, evidence, clock, slices, onBug } = deps;
  const limits = { ...defaultLimits, ...deps.limits };
  const lookups = createLookups(evidence, limits, onBug);
  const until = (namespace: string) => ({ namespace, isOver: () => lookups.isOver() });

  const lookAtTemplate = async (
    subject: TemplateSubject,
    set: PolicySet,
    gathered: ReadonlySet<string>,
  ): Promise<void> => {
    const { namespace, what } = subject;
    const collected = await slices.run(collecting(what, set), until(namespace));
    if (collected === undefined || !('images' in collected)) return;
    const matched = await matchedByPods(subject, set, namespaces, deadlineAfter(limits.budget, clock));
    const needs = await slices.run(askingForPods(collected.images, matched), until(namespace));
    if (needs === undefined) return;
    for (const [at, { use, image }] of collected.images.entries()) {
      const needed = needs[at];
      if (needed === undefined || !image.parsed.ok || gathered.has(use.path)) continue;
      // The Pods will pull as this template says.
      lookups.look(image.parsed.value, needed, pullContextOf(subject));
    }
  };

  return {
    admitted: (request, decision) => {
      const { allowed, dryRun, skipped } = decision;
      // A policy may select the labels of Pods that a template does not carry itself.
      if (!allowed || dryRun === true || (skipped !== undefined && skipped.code !== 'no-policy')) return;
      const state = policies.current();
      const what = templateOf(request, workloads);
      if (state.state === 'loading' || what === undefined) return;
      const { needsEvidence, pins } = state.set.forNamespace(request.namespace);
      if (!needsEvidence && !pins) return;
      // Images that the review itself has just looked up are cached already.
      const gathered = new Set(decision.images.flatMap((image) => (image.evidence ? [image.path] : [])));
      lookAtTemplate({ namespace: request.namespace, what }, state.set, gathered).catch(onBug);
    },
    pushed: (image) => {
      const state = policies.current();
      if (state.state === 'loading') return false;
      const given = formatReference(image);
      const use = { path: 'image', given, place: 'image' };
      const read = state.set.images.read(given);
      const needs = needsAnywhere({ use, fresh: true, image: read }, state.set);
      // No policy needs the image, so nothing is dropped.
      return needs === undefined || lookups.look(image, needs, undefined);
    },
    counts: () => lookups.counts(),
    close: () => lookups.close(),
  };
};
