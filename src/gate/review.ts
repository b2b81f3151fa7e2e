import type { Decision } from '../core/decision/decision.ts';
import type { Finding } from '../core/decision/finding.ts';
import { decide, judgedImage } from '../core/decision/decide.ts';
import type { ImageUnderReview, Unmatched } from '../core/decision/decide.ts';
import { shown } from '../core/decision/shown-text.ts';
import type { Fact } from '../core/facts/fact.ts';
import { unavailable } from '../core/facts/fact.ts';
import type { JsonObject } from '../core/json.ts';
import { isJsonObject } from '../core/json.ts';
import type { Labels } from '../core/policy/label-selector.ts';
import type { PolicySet } from '../core/policy/policy-set.ts';
import { selectPolicies, withoutSelectors } from '../core/policy/select.ts';
import type { Covering } from '../core/policy/select.ts';
import type { ImageUse } from '../core/workload/extract.ts';
import { extractImages } from '../core/workload/extract.ts';
import type { WorkloadKind } from '../core/workload/kinds.ts';
import { podSpecChanged, unchangedPlaces } from '../core/workload/unchanged.ts';
import type { Deadline } from './deadline.ts';
import type { DecisionForm, DecisionOrigin, Outcome } from './decision-form.ts';
import { gateFinding, policiesLoading } from './decision-form.ts';
import type { NamespaceReader, PolicySource } from './ports.ts';

/** A workload object, with the one it replaces on UPDATE. */
interface WorkloadSubject {
  readonly form: 'workload';
  readonly row: WorkloadKind;
  readonly object: JsonObject;
  readonly oldObject: JsonObject | null;
}
/** Bare images of which no object is known (`/image-review`, R21). */
interface ImagesSubject {
  readonly form: 'images';
  readonly images: readonly ImageUse[];
}

export interface ReviewSubject {
  readonly origin: DecisionOrigin;
  /** `request.namespace`, never the object's (R3). */
  readonly namespace: string;
  readonly what: WorkloadSubject | ImagesSubject;
  /** Monotonic time at which the request arrived. */
  readonly started: number;
}

export interface ReviewDeps {
  readonly policies: PolicySource;
  readonly namespaces: NamespaceReader;
  readonly form: DecisionForm;
  readonly unmatched: Unmatched;
  /** Told when a policy was applied without knowing whether it applies. */
  readonly onUnsure: (unsure: Unsure) => void;
}

/** Labels of an object as far as they have the shape of labels; anything else is "not at hand" and matches. */
export const labelsOf = (object: JsonObject | null): Labels | undefined => {
  if (object === null) return undefined;
  const metadata = object['metadata'];
  if (!isJsonObject(metadata)) return undefined;
  const labels = metadata['labels'];
  if (labels === undefined || labels === null) return {};
  if (!isJsonObject(labels)) return undefined;
  return Object.values(labels).every((value) => typeof value === 'string') ? (labels as Labels) : undefined;
};

const unchanged = {
  code: 'unchanged',
  message: 'every image is unchanged: the same text at the same place as before',
} as const;
const noPolicy = { code: 'no-policy', message: 'no policy covers this namespace' } as const;

const objectLabels = (what: WorkloadSubject): readonly Labels[] | undefined => {
  const labels = labelsOf(what.object);
  if (labels === undefined) return undefined;
  const old = labelsOf(what.oldObject);
  return old === undefined ? [labels] : [labels, old];
};

interface Collected {
  readonly images: readonly ImageUnderReview[];
  readonly warnings: readonly string[];
}

type Collecting = Collected | { readonly findings: readonly Finding[] } | { readonly unchanged: true };

const collect = (what: ReviewSubject['what'], { images: memory }: PolicySet): Collecting => {
  if (what.form === 'images') {
    return {
      images: what.images.map((use) => ({ use, fresh: true, image: memory.read(use.given) })),
      warnings: [],
    };
  }
  const extracted = extractImages(what.row, what.object);
  // An object that was too large or odd before the gate came must still be scaled and finalized (R2).
  if (!extracted.ok && what.oldObject !== null && !podSpecChanged(what.row, what.object, what.oldObject)) {
    return { unchanged: true };
  }
  if (!extracted.ok) {
    const { code, path, why } = extracted.error;
    return {
      findings: [gateFinding(code, shown(why), { path, remedy: 'correct the object and send it again' })],
    };
  }
  const kept =
    what.oldObject === null ? undefined : unchangedPlaces(what.row, extracted.value.images, what.oldObject);
  const images = extracted.value.images.map((use) => ({
    use,
    fresh: kept?.has(use.place) !== true,
    image: memory.read(use.given),
  }));
  return { images, warnings: extracted.value.warnings };
};

/** A review in which a policy was applied though its selector could not be evaluated (R3). */
export interface Unsure {
  readonly namespace: string;
  readonly policies: readonly string[];
  /** Whether `onUnavailable: Warn` weakened one of them: an override that is logged and counted. */
  readonly weakened: boolean;
}

const unsureOf = (covering: Covering): Unsure | undefined => {
  const unsure = covering.policies.filter((policy) => policy.unsure);
  if (unsure.length === 0) return undefined;
  return {
    namespace: covering.namespace,
    policies: unsure.map(({ policy }) => policy.name),
    weakened: unsure.some(({ policy, mode }) => mode !== policy.mode),
  };
};

interface Judgement {
  readonly outcome: Outcome;
  readonly unsure?: Unsure | undefined;
}

const coveringOf = (
  { namespace, what }: ReviewSubject,
  set: PolicySet,
  namespaceLabels: Fact<Labels>,
): Covering => {
  const here = set.forNamespace(namespace);
  if (what.form === 'images') return withoutSelectors(here, namespace);
  const labels = here.needsObjectLabels ? objectLabels(what) : undefined;
  return selectPolicies(here, { namespace, namespaceLabels, objectLabels: labels });
};

/** Hops 3 to 6 once everything that needs I/O is known: pure from here on. */
const judge = (
  subject: ReviewSubject,
  set: PolicySet,
  labels: Fact<Labels>,
  unmatched: Unmatched,
): Judgement => {
  const policies = set.version;
  const collected = collect(subject.what, set);
  if ('findings' in collected) return { outcome: { ...collected, policies } };
  if ('unchanged' in collected) return { outcome: { policies, skipped: unchanged } };
  const { images, warnings } = collected;
  const judged = images.map(judgedImage);
  if (images.length > 0 && images.every((image) => !image.fresh)) {
    return { outcome: { images: judged, warnings, policies, skipped: unchanged } };
  }
  const covering = coveringOf(subject, set, labels);
  const { findings, allowed, uncovered } = decide(images, covering, unmatched);
  const outcome = { images: judged, findings, warnings, policies };
  if (uncovered && allowed) return { outcome: { ...outcome, skipped: noPolicy } };
  return { outcome, unsure: unsureOf(covering) };
};

/** For reviews in which no policy asks for labels. */
const noLabels = unavailable('namespace labels', 'no policy asks for them');

/**
 * The shared road (hops 3 to 6): which images, which policies, which facts, which verdict. The webhook, the
 * CLI and later the monitor and the dashboard all call it, so they can never disagree. It answers at once
 * when nothing has to be looked up.
 */
export const createReview = ({ policies, namespaces, form, unmatched, onUnsure }: ReviewDeps) => {
  const finish = (subject: ReviewSubject, set: PolicySet, labels: Fact<Labels>): Decision => {
    const { outcome, unsure } = judge(subject, set, labels, unmatched);
    if (unsure !== undefined) onUnsure(unsure);
    return form(subject.origin, outcome, subject.started);
  };
  return (subject: ReviewSubject, deadline: Deadline): Decision | Promise<Decision> => {
    const state = policies.current();
    if (state.state === 'loading') {
      return form(subject.origin, { findings: [policiesLoading(state.why)] }, subject.started);
    }
    const { set } = state;
    const needed = subject.what.form === 'workload' && set.forNamespace(subject.namespace).needsLabels;
    if (!needed) return finish(subject, set, noLabels);
    const labels = namespaces.labels(subject.namespace, deadline.signal);
    if (!(labels instanceof Promise)) return finish(subject, set, labels);
    return labels.then((looked) => finish(subject, set, looked));
  };
};
export type Review = ReturnType<typeof createReview>;
