import { withTried } from '../../core/decision/tried-text.ts';
import type { ImageUnderReview } from '../../core/policy-set/image-under-review.ts';
import { digestOnly, type ImageNeeds } from '../../core/facts/evidence-kind.ts';
import { isFenced } from '../../core/policy-set/needs.ts';
import type { MatchedPolicies } from '../../core/policy-set/select.ts';
import { groupOf, type WorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';
import type { Evidence } from '../../evidence/gather.ts';
import { collect } from '../review/images-of-object.ts';
import { matchedPoliciesOf, labelsFor } from '../review/matched-policies.ts';
import type { Deadline } from '../deadline.ts';
import { gatherFacts } from '../review/gather-facts.ts';
import { manifestNamespace } from './manifest-namespace.ts';
import { pinnedText } from '../mutation/pinned-text.ts';
import type { NamespaceReader, PolicySource } from '../ports.ts';
import type { ReviewSubject } from '../review/subject.ts';

interface PinManifestDeps {
  readonly policies: PolicySource;
  readonly namespaces: NamespaceReader;
  readonly workloads: WorkloadTable;
  readonly evidence: Evidence | undefined;
  /** `-n`, else `default`: the namespace of objects that name none. */
  readonly defaultNamespace: string;
}

/**
 * The result for one image of a manifest. `pinned`: write `text` there. `kept`: it is named by digest, or by a text
 * that is no reference. `left`: it could not be pinned, and why.
 */
export type PinnedPlace = { readonly path: string; readonly given: string } & (
  | { readonly outcome: 'pinned'; readonly text: string; readonly digest: string }
  | { readonly outcome: 'kept' }
  | { readonly outcome: 'left'; readonly why: string }
);

/** `--pin` asks for every digest, whether a policy pins or not. */
const needsOfManifest = ({ image }: ImageUnderReview, matched: MatchedPolicies): ImageNeeds | undefined => {
  if (!image.parsed.ok || image.parsed.value.digest !== undefined) return undefined;
  return isFenced(image, image.parsed.value, matched) ? undefined : digestOnly;
};

const placeOf = ({ use, image, evidence }: ImageUnderReview): PinnedPlace => {
  const place = { path: use.path, given: use.given };
  if (!image.parsed.ok || image.parsed.value.digest !== undefined) return { ...place, outcome: 'kept' };
  if (evidence === undefined) return { ...place, outcome: 'left', why: 'a policy refuses its registry' };
  const { pinned } = evidence;
  switch (pinned.state) {
    case 'known':
      return {
        ...place,
        outcome: 'pinned',
        text: pinnedText(image.parsed.value, pinned.value),
        digest: pinned.value,
      };
    case 'absent':
      return { ...place, outcome: 'left', why: 'it is not in its registry' };
    case 'unavailable':
      return {
        ...place,
        outcome: 'left',
        why: withTried(`${pinned.why.what}: ${pinned.why.why}`, evidence.tried),
      };
    default:
      return pinned satisfies never;
  }
};

type Pin = (
  subject: Pick<ReviewSubject, 'namespace' | 'what'>,
  deadline: Deadline,
) => Promise<readonly PinnedPlace[]>;

const createPin =
  ({ policies, namespaces, evidence }: Omit<PinManifestDeps, 'workloads' | 'defaultNamespace'>): Pin =>
  async (subject, deadline) => {
    const state = policies.current();
    if (state.state === 'loading') return [];
    const collected = collect(subject.what, state.set);
    if (!('images' in collected)) return [];
    const { images } = collected;
    const namespacePolicies = state.set.forNamespace(subject.namespace);
    const labels = await labelsFor(subject, namespacePolicies, namespaces, deadline);
    const matched = matchedPoliciesOf(subject, namespacePolicies, labels);
    const needs = images.map((image) => needsOfManifest(image, matched));
    const gathered = await gatherFacts(evidence, images, needs, { context: () => undefined, deadline });
    return gathered.map(placeOf);
  };

/**
 * `check manifest --pin`: which text to write at each image of one object. Kinds that are not workloads, and objects
 * whose images cannot be found, have none; the judging of the same object says why.
 */
export const createPinManifest = ({ workloads, defaultNamespace, ...deps }: PinManifestDeps) => {
  const pin = createPin(deps);
  return async (
    { object, apiVersion, kind }: Pick<ManifestObject, 'object' | 'apiVersion' | 'kind'>,
    deadline: Deadline,
  ): Promise<readonly PinnedPlace[]> => {
    const row = workloads.byKind(groupOf(apiVersion), kind);
    if (row === undefined) return [];
    const what = { kind: 'workload', row, object, oldObject: null } as const;
    return pin({ namespace: manifestNamespace(row, object, defaultNamespace), what }, deadline);
  };
};

/** The same for one image outside of objects: in a kustomization, or in the values of a chart. */
export const createPinImage = ({ defaultNamespace, ...deps }: Omit<PinManifestDeps, 'workloads'>) => {
  const pin = createPin(deps);
  return async (given: string, deadline: Deadline): Promise<PinnedPlace | undefined> => {
    const what = { kind: 'images', images: [{ path: 'image', given, place: 'image' }] } as const;
    const [place] = await pin({ namespace: defaultNamespace, what }, deadline);
    return place;
  };
};
