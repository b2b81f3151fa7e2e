import type { ImageUnderReview } from '../../core/policy-set/image-under-review.ts';
import { withTried } from '../../core/decision/tried-text.ts';
import { shownName } from '../../core/text/shown-text.ts';
import { isJsonObject, type JsonValue } from '../../core/text/json/json.ts';
import type { Labels } from '../../core/policy/match/label-selector.ts';
import type { Fact } from '../../core/facts/fact.ts';
import type { Steps } from '../../core/steps.ts';
import { describeDuration } from '../../core/text/duration.ts';
import { asking, digestToPin } from '../../core/policy-set/needs.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import type { MatchedPolicies } from '../../core/policy-set/select.ts';
import type { Extraction } from '../../core/workload/extract.ts';
import { builtInWorkloads } from '../../core/workload/kinds/built-in-kinds.ts';
import { stepsOf } from '../../core/workload/object-path.ts';
import type { Evidence } from '../../evidence/gather.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { collecting } from '../review/images-of-object.ts';
import { matchedPoliciesOf, labelsFor } from '../review/matched-policies.ts';
import type { Deadline } from '../deadline.ts';
import { gatherFacts } from '../review/gather-facts.ts';
import { isMirrorPod } from '../review/mirror-pod.ts';
import { unchangedObject, type Mutation, type PatchOperation } from './mutation.ts';
import { pinnedText } from './pinned-text.ts';
import type { NamespaceReader, PolicySource } from '../ports.ts';
import { untilDeadline, type Slices } from '../review/slices.ts';
import { isPod, pullContextOf, type WorkloadSubject } from '../review/subject.ts';

interface MutateDeps {
  readonly policies: PolicySource;
  readonly namespaces: NamespaceReader;
  readonly slices: Slices;
  /** Absent when this gate asks no registry and pins nothing. */
  readonly evidence?: Evidence | undefined;
  /** Called with every unexpected error; the object was left unchanged. */
  readonly onBug: (error: unknown) => void;
}

/** The steps of `spec.containers[0].image` as a JSON pointer. @see RFC 6901, 3: `~` is `~0`, `/` is `~1` */
export const pointerOf = (path: string): string =>
  stepsOf(path)
    .map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');

const nameOf = (item: JsonValue): string => {
  const name = isJsonObject(item) ? item['name'] : undefined;
  return typeof name === 'string' ? name : '';
};

/**
 * The places of images in the old object. They are never changed, not even where their text changed: the API server
 * refuses some such changes, and for the rest the kubelet would restart a container that nobody asked to restart.
 * `/validate` refuses a changed image without a digest.
 */
const placesOf = ({ images, podSpec }: Extraction): ReadonlySet<string> => {
  const volumes = podSpec?.['volumes'];
  const named = Array.isArray(volumes) ? (volumes as readonly JsonValue[]).map(nameOf) : [];
  return new Set([...images.map(({ place }) => place), ...named.map((name) => `spec.volumes/${name}`)]);
};

/** The Pod row of the table: nobody can replace it. */
const podRow = builtInWorkloads.find(isPod);

/** Both the requested kind and the object must be a Pod. */
const bringsPod = ({ kind, object }: AdmissionRequest): boolean =>
  kind.group === '' &&
  kind.kind === 'Pod' &&
  object?.['kind'] === 'Pod' &&
  object['apiVersion'] === kind.version;

/** Subresources through which containers come. */
const containerDoors: ReadonlySet<string> = new Set(['', 'ephemeralcontainers']);

/** A Pod on its way in, or new containers of one; anything else is left alone. */
const subjectOf = (request: AdmissionRequest): WorkloadSubject | undefined => {
  const { operation, subResource, object, oldObject } = request;
  if (podRow === undefined || object === null || !bringsPod(request)) return undefined;
  const subject = { kind: 'workload', row: podRow, object } as const;
  if (operation === 'CREATE' && subResource === '') return { ...subject, oldObject: null };
  if (operation !== 'UPDATE' || !containerDoors.has(subResource) || oldObject === null) return undefined;
  return { ...subject, oldObject };
};

function* findingNewImages(what: WorkloadSubject, set: PolicySet): Steps<readonly ImageUnderReview[]> {
  const collected = yield* collecting(what, set);
  if (!('images' in collected)) return [];
  if (what.oldObject === null) return collected.images;
  // Where the old object cannot be read, everything may be old.
  if (collected.before === undefined) return [];
  const before = placesOf(collected.before);
  return collected.images.map((image) => ({ ...image, fresh: image.fresh && !before.has(image.use.place) }));
}

/** Why `/validate` will refuse the image in a moment. Only this warning says it. */
const warningFor = ({ use, evidence }: ImageUnderReview): string => {
  const image = `image '${shownName(use.given)}' was not pinned`;
  const pinned = evidence?.pinned;
  if (pinned?.state === 'absent') return `${image}: it is not in its registry`;
  if (pinned?.state === 'unavailable')
    return withTried(`${image}: ${pinned.why.what}: ${pinned.why.why}`, evidence?.tried ?? []);
  return `${image}: its tag was looked up too long ago`;
};

const mirrorWarning = ({ use }: ImageUnderReview): string =>
  `image '${shownName(use.given)}' was not pinned: this is the mirror of a static Pod, and its kubelet starts what its file says; write the digest into that file`;

/**
 * Warns about an old result of a tag. `/validate` sees only the digest, which has no age, so only this place knows.
 */
const staleWarning = ({ use }: ImageUnderReview, staleFor: number): string =>
  `the registry of image '${shownName(use.given)}' could not be asked: it was pinned to what its tag stood for ${describeDuration(staleFor)} ago`;

const pin = (images: readonly ImageUnderReview[], matched: MatchedPolicies): Mutation => {
  const patch: PatchOperation[] = [];
  const warnings: string[] = [];
  for (const image of images) {
    if (image.evidence === undefined || !image.image.parsed.ok) continue;
    const digest = digestToPin(image, matched);
    if (digest === undefined) warnings.push(warningFor(image));
    else {
      const value = pinnedText(image.image.parsed.value, digest);
      patch.push({ op: 'replace', path: pointerOf(image.use.path), value });
      const { staleFor } = image.evidence;
      if (staleFor !== undefined) warnings.push(staleWarning(image, staleFor));
    }
  }
  return { patch, warnings };
};

/**
 * `digest: { pin: true }`: adds digests to the new images of Pods where a policy in mode Deny or Warn asks for it.
 * Never denies and never rejects: an image that could not be pinned stays as it came, and `/validate` refuses it.
 * Nothing in the object switches pinning off. An image with a digest is left alone, so a second call changes nothing.
 */
export const createMutate = ({ policies, namespaces, slices, evidence, onBug }: MutateDeps) => {
  const proceed = async (
    subject: { readonly namespace: string; readonly what: WorkloadSubject },
    set: PolicySet,
    labels: Fact<Labels>,
    deadline: Deadline,
  ): Promise<Mutation> => {
    const matched = matchedPoliciesOf(subject, set.forNamespace(subject.namespace), labels);
    const context = () => pullContextOf(subject);
    const until = untilDeadline(subject.namespace, deadline);
    const images = await slices.run(findingNewImages(subject.what, set), until);
    if (images === undefined) return unchangedObject;
    const needs = await slices.run(asking(images, matched, 'pin'), until);
    if (needs === undefined) return unchangedObject;
    // The kubelet has started the image of its file. A digest written here would be recorded and would be wrong.
    // Without one `/validate` refuses the Pod, so a user who writes the annotation gains nothing.
    if (isMirrorPod(subject.what.object))
      return { patch: [], warnings: images.filter((_, at) => needs[at] !== undefined).map(mirrorWarning) };
    return pin(await gatherFacts(evidence, images, needs, { context, deadline }), matched);
  };
  const mutate = async (request: AdmissionRequest, deadline: Deadline): Promise<Mutation> => {
    const what = subjectOf(request);
    const state = policies.current();
    if (what === undefined || state.state === 'loading') return unchangedObject;
    const namespacePolicies = state.set.forNamespace(request.namespace);
    if (!namespacePolicies.pins) return unchangedObject;
    const subject = { namespace: request.namespace, what };
    return proceed(
      subject,
      state.set,
      await labelsFor(subject, namespacePolicies, namespaces, deadline),
      deadline,
    );
  };
  return async (request: AdmissionRequest, deadline: Deadline): Promise<Mutation> => {
    try {
      return await mutate(request, deadline);
    } catch (error) {
      onBug(error);
      return unchangedObject;
    }
  };
};
