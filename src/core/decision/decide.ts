import { matchesPattern } from '../image/pattern.ts';
import type { ImageReference, InvalidReference } from '../image/reference.ts';
import type { ReadImage } from '../policy/image-memory.ts';
import type { Covering, CoveringPolicy } from '../policy/select.ts';
import type { ImageUse } from '../workload/extract.ts';
import type { JudgedImage } from './decision.ts';
import type { Finding, Mode } from './finding.ts';
import { strictest } from './finding.ts';
import { compareFindings } from './order.ts';
import { shown } from './shown-text.ts';

/** An image of the object with what its text says. `fresh`: not unchanged by R2, so it is judged. */
export interface ImageUnderReview {
  readonly use: ImageUse;
  readonly fresh: boolean;
  readonly image: ReadImage;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly allowed: boolean;
  /** No policy covers the object: nobody has spoken about it (R1). */
  readonly uncovered: boolean;
}

/** `--unmatched`: overrides what R1 does with an image that no policy speaks about. */
export type Unmatched = 'deny' | 'allow' | undefined;

export const judgedImage = ({ use, image }: ImageUnderReview): JudgedImage => ({
  path: use.path,
  ...image.shown,
});

/** Quotes the part as far as the whole text shows it: a password may have been cut before its end was seen (B37). */
const offendingPart = (given: string, { part, text }: InvalidReference): string => {
  const quoted = shown(text);
  return shown(given).includes(quoted.replace(/\.{3}$/, '')) ? `${part} '${quoted}'` : part;
};

const invalidReference = (covering: CoveringPolicy, use: ImageUse, why: InvalidReference): Finding => ({
  policy: covering.policy.name,
  check: 'match',
  mode: covering.mode,
  path: use.path,
  code: 'invalid-reference',
  message: `image '${shown(use.given)}' is not a valid image reference`,
  detail: `${offendingPart(use.given, why)}: ${why.why}`,
  remedy: 'write it as registry/repository:tag or registry/repository@sha256:…',
});

const unmatched = (use: ImageUse, policy: string, mode: Mode): Finding => ({
  policy,
  check: policy === '' ? 'gate' : 'match',
  mode,
  path: use.path,
  code: 'unmatched',
  message: `no policy speaks about image '${shown(use.given)}'`,
  remedy: 'add the image to the `match.images` of a policy that covers this namespace',
});

const unmatchedMode = (mode: Mode, override: Unmatched): Mode => {
  if (override === undefined) return mode;
  return override === 'deny' ? 'Deny' : 'Audit';
};

/** All findings of one policy about one image. @returns whether the policy speaks about it. */
const checkImage = (
  { policy, mode }: CoveringPolicy,
  { use, image }: ImageUnderReview,
  reference: ImageReference,
  into: Finding[],
): boolean => {
  const { speaks, violations } = image.opinionOf(policy, reference);
  for (const { check, violation } of violations) {
    into.push({ policy: policy.name, check, mode, path: use.path, ...violation });
  }
  return speaks;
};

/** The strictest of the covering policies, the first by name among equals. */
const strictestOf = (covering: readonly CoveringPolicy[]): CoveringPolicy | undefined => {
  let found: CoveringPolicy | undefined;
  for (const candidate of covering) {
    if (
      found === undefined ||
      (strictest(found.mode, candidate.mode) !== found.mode && found !== candidate)
    ) {
      found = candidate;
    }
  }
  return found;
};

/** R4: a template may wait for its image, and extraction leaves it out; a Pod without one is denied everywhere. */
const blankImage = (use: ImageUse): Finding => ({
  policy: '',
  check: 'gate',
  mode: 'Deny',
  path: use.path,
  code: 'invalid-reference',
  message: 'a container of the Pod names no image',
  remedy: 'write the image that the container is to run',
});

/** Whether a policy that cannot be used would have spoken about the image: then it denies for itself. */
const brokenSpeaks = ({ broken }: Covering, { parsed }: ReadImage): boolean =>
  broken.some(
    ({ match: { images } }) =>
      images === undefined || !parsed.ok || images.some((pattern) => matchesPattern(pattern, parsed.value)),
  );

/**
 * What R1 says of an image that no covering policy speaks about. The mode of a policy that cannot be used is not known
 * and counts as Deny: its breaking must not open what it closed.
 */
const judgeUnmatched = (
  { use, image }: ImageUnderReview,
  covering: Covering,
  override: Unmatched,
): Finding | undefined => {
  if (brokenSpeaks(covering, image)) return undefined;
  if (use.given.trim() === '') return blankImage(use);
  const [broken] = covering.broken;
  if (broken !== undefined) return unmatched(use, broken.name, unmatchedMode('Deny', override));
  const strict = strictestOf(covering.policies);
  return unmatched(use, strict?.policy.name ?? '', unmatchedMode(strict?.mode ?? 'Audit', override));
};

const judgeImage = (
  judged: ImageUnderReview,
  covering: Covering,
  override: Unmatched,
  into: Finding[],
): void => {
  const { parsed } = judged.image;
  let spoken = false;
  for (const policy of covering.policies) {
    if (!parsed.ok) into.push(invalidReference(policy, judged.use, parsed.error));
    else if (!checkImage(policy, judged, parsed.value, into)) continue;
    spoken = true;
  }
  const left = spoken ? undefined : judgeUnmatched(judged, covering, override);
  if (left !== undefined) into.push(left);
};

/** R3: a policy that was applied though nobody could tell whether it applies says so beside what it found. */
const namespaceUnavailable = (covering: Covering, findings: readonly Finding[]): Finding[] =>
  covering.policies
    .filter(({ policy, unsure }) => unsure && findings.some((finding) => finding.policy === policy.name))
    .map(({ policy, mode }) => ({
      policy: policy.name,
      check: 'match',
      mode,
      code: 'namespace-unavailable',
      message: `the labels of namespace '${shown(covering.namespace)}' are not known, so policy ${policy.name} was applied`,
      ...(covering.whyUnsure === undefined ? {} : { detail: covering.whyUnsure }),
      remedy:
        'make the labels known: the gate must reach the API server and may read namespaces; a check takes --namespace-labels or --kubeconfig',
    }));

const brokenPolicies = (covering: Covering, images: readonly ImageUnderReview[]): Finding[] =>
  covering.broken
    .filter((broken) => images.some(({ image }) => brokenSpeaks({ ...covering, broken: [broken] }, image)))
    .map((broken) => ({
      policy: broken.name,
      check: 'policy',
      mode: 'Deny',
      code: 'policies-unavailable',
      message: `policy ${broken.name} cannot be used, and no good revision of it is known`,
      detail: shown(broken.problem),
      remedy: `correct the policy (kubectl get imagepolicy ${broken.name} -o yaml) or remove it`,
    }));

/**
 * The one decision function: all checks of all covering policies on all fresh images, everything that failed,
 * and the mode last. Policies are ANDed and deny overrides (R1): an image needs every policy's consent.
 */
export const decide = (
  images: readonly ImageUnderReview[],
  covering: Covering,
  override: Unmatched,
): Verdict => {
  const fresh = images.filter((image) => image.fresh);
  const findings: Finding[] = [];
  for (const image of fresh) judgeImage(image, covering, override, findings);
  if (findings.length > 0) findings.push(...namespaceUnavailable(covering, findings));
  if (covering.broken.length > 0 && fresh.length > 0) findings.push(...brokenPolicies(covering, fresh));
  if (findings.length > 1) findings.sort(compareFindings);
  return {
    findings,
    allowed: !findings.some((finding) => finding.mode === 'Deny'),
    uncovered: covering.policies.length === 0 && covering.broken.length === 0,
  };
};
