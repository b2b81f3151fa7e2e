import type { CheckSituation, Violation } from '../checks/check.ts';
import { unavailable, type Fact } from '../facts/fact.ts';
import type { ImageUnderReview } from '../policy-set/image-under-review.ts';
import type { Labels } from '../policy/match/label-selector.ts';
import { brokenApplies, type MatchedPolicies, type MatchedPolicy } from '../policy-set/select.ts';
import type { ImageUse } from '../workload/found-images.ts';
import type { Finding } from './finding.ts';
import { atOnce, type Steps } from '../steps.ts';
import { judgingEvidence, unavailableCodes } from './judge-evidence.ts';
import { inOrder } from './order.ts';
import { shown } from '../text/shown-text.ts';
import { judgeUnmatched, type Unmatched } from './unmatched.ts';

/** The rest of what a decision depends on, beside object, policies and evidence. */
export interface Situation {
  /** A Pod at `/validate`: it went through `/mutate`, so `digest.pin` stands for `require`. */
  readonly pod: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly namespaceLabels: Fact<Labels>;
}

/** Policies whose checks lacked evidence about an image, or labels to compare it with. */
export interface Uninformed {
  readonly policies: readonly string[];
  /** Whether `onUnavailable: Warn` let something through that Deny had refused: an override that is logged and counted. */
  readonly weakened: boolean;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly allowed: boolean;
  /** No policy covers the object (R1). */
  readonly uncovered: boolean;
  /** For people: which older evidence stood in while a registry could not be asked. */
  readonly warnings: readonly string[];
  /** Present when a check lacked evidence. */
  readonly uninformed?: Uninformed;
}

const invalidReference = (matched: MatchedPolicy, use: ImageUse, why: Violation): Finding => ({
  policy: matched.policy.name,
  check: 'match',
  mode: matched.mode,
  path: use.path,
  ...why,
});

/** How R1 and `digest.pin` are applied to every image of the object. */
interface Terms {
  readonly override: Unmatched;
  readonly pod: boolean;
}

const judgeImage = (
  judged: ImageUnderReview,
  matched: MatchedPolicies,
  { override, pod }: Terms,
  into: Finding[],
): void => {
  const { use, image } = judged;
  const { parsed, refusal } = image;
  let hasPolicy = false;
  for (const one of matched.policies) {
    if (parsed.ok) {
      const { applies, violations } = image.evaluate(one.policy, parsed.value, pod);
      if (!applies) continue;
      for (const { check, violation } of violations) {
        into.push({ policy: one.policy.name, check, mode: one.mode, path: use.path, ...violation });
      }
    } else if (refusal !== undefined) into.push(invalidReference(one, use, refusal));
    hasPolicy = true;
  }
  const unmatched = hasPolicy ? undefined : judgeUnmatched(judged, matched, override);
  if (unmatched !== undefined) into.push(unmatched);
};

const uninformedOf = (findings: readonly Finding[], matched: MatchedPolicies): Uninformed | undefined => {
  const without = findings.filter(({ code }) => unavailableCodes.has(code));
  if (without.length === 0) return undefined;
  const modes = new Map(matched.policies.map(({ policy, mode }) => [policy.name, mode]));
  return {
    policies: [...new Set(without.map(({ policy }) => policy))],
    weakened: without.some(({ policy, mode }) => mode !== modes.get(policy)),
  };
};

/**
 * R3: a policy may have been applied although it is unknown whether it applies. A finding of its own says so.
 */
const namespaceUnavailable = (matched: MatchedPolicies, findings: readonly Finding[]): Finding[] =>
  matched.policies
    .filter(
      ({ policy, unsure }) =>
        unsure &&
        // A remark on how the policy is written is nothing that it found.
        findings.some((finding) => finding.policy === policy.name && finding.code !== 'bytes-not-pinned'),
    )
    .map(({ policy, mode }) => ({
      policy: policy.name,
      check: 'match',
      mode,
      code: 'namespace-unavailable',
      message: `the labels of namespace '${shown(matched.namespace)}' are not known, so policy ${policy.name} was applied`,
      ...(matched.whyUnsure === undefined ? {} : { detail: matched.whyUnsure }),
      remedy:
        'make the labels known: the gate must reach the API server and may read namespaces; a check takes --namespace-labels or --kubeconfig',
    }));

const brokenPolicies = (matched: MatchedPolicies, images: readonly ImageUnderReview[]): Finding[] =>
  matched.broken
    .filter((broken) => images.some(({ image }) => brokenApplies({ ...matched, broken: [broken] }, image)))
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
 * So many comparisons of an image text with a policy are one step; a step is at least one text. Most objects have few
 * images, and a step for each of them would take as long as judging it.
 */
const comparedInStep = 32;

/** More findings than this are sorted in a step of their own. */
const manyFindings = 500;

/** The default situation: nothing is known, so every check that needs something fails. */
const unknownSituation: Situation = {
  pod: false,
  now: 0,
  namespaceLabels: unavailable('namespace labels', 'nobody looked them up'),
};
const none: readonly never[] = [];

/**
 * Judges the images by their evidence.
 * @returns warnings for people beside the findings
 */
function* judgingBytes(
  images: readonly ImageUnderReview[],
  matched: MatchedPolicies,
  { now, namespaceLabels }: Situation,
  into: Finding[],
): Steps<readonly string[]> {
  const situation: CheckSituation = { now, namespaceLabels, namespace: matched.namespace };
  const warnings: string[] = [];
  for (const image of images) {
    const { findings, warning } = yield* judgingEvidence(image, matched, situation);
    for (const finding of findings) into.push(finding);
    if (warning !== undefined) warnings.push(warning);
  }
  return warnings;
}

const isUncovered = ({ policies, broken }: MatchedPolicies): boolean =>
  policies.length === 0 && broken.length === 0;

/**
 * The one decision function. It runs all checks of all matched policies on all fresh images, collects every failure,
 * and applies the mode last. Policies are ANDed and deny overrides (R1): an image needs the consent of every policy.
 * A step is the text of one image or of a few, or the bytes of one under one policy. Between steps other requests run,
 * because the largest legal object under many policies would keep them waiting too long (R24).
 */
export function* judging(
  images: readonly ImageUnderReview[],
  matched: MatchedPolicies,
  override: Unmatched,
  situation: Situation = unknownSituation,
): Steps<Verdict> {
  const fresh = images.filter((image) => image.fresh);
  const findings: Finding[] = [];
  const terms: Terms = { override, pod: situation.pod };
  const inStep = Math.ceil(comparedInStep / (1 + matched.policies.length));
  // By index: `entries()` makes a list for each image, and this runs for each of each review.
  for (let at = 0; at < fresh.length; at++) {
    judgeImage(fresh[at] as ImageUnderReview, matched, terms, findings);
    if ((at + 1) % inStep === 0) yield;
  }
  const asksForEvidence = matched.policies.some(({ policy }) => policy.evidence.length > 0);
  const warnings = asksForEvidence ? yield* judgingBytes(fresh, matched, situation, findings) : none;
  const uninformed = asksForEvidence ? uninformedOf(findings, matched) : undefined;
  if (findings.length > 0) findings.push(...namespaceUnavailable(matched, findings));
  if (matched.broken.length > 0 && fresh.length > 0) findings.push(...brokenPolicies(matched, fresh));
  if (findings.length > manyFindings) yield;
  return {
    findings: findings.length > 1 ? inOrder(findings) : findings,
    allowed: !findings.some((finding) => finding.mode === 'Deny'),
    uncovered: isUncovered(matched),
    warnings,
    ...(uninformed === undefined ? {} : { uninformed }),
  };
}

/** The verdict, all steps at once. */
export const decide = (...of: Parameters<typeof judging>): Verdict => atOnce(judging(...of));
