import {
  isAsked,
  named,
  pass,
  type CheckSituation,
  type EvidenceCheck,
  type EvidenceViolation,
  type Violation,
} from '../checks/check.ts';
import type { FactOf, KindId } from '../facts/evidence-kind.ts';
import { outage, unavailable, unavailableBy, type Fact, type Unavailable } from '../facts/fact.ts';
import { factOf, type ProviderAnswer, type ImageEvidence } from '../facts/image-evidence.ts';
import type { Digest } from '../image/digest.ts';
import type { ImageReference } from '../image/reference.ts';
import { describeDuration } from '../text/duration.ts';
import { acceptsAge, isFenced } from '../policy-set/needs.ts';
import type { CompiledPolicy } from '../policy-set/compiled-policy.ts';
import type { MatchedPolicies, MatchedPolicy } from '../policy-set/select.ts';
import type { Steps } from '../steps.ts';
import type { ImageUnderReview } from '../policy-set/image-under-review.ts';
import type { Mode } from '../policy/mode.ts';
import type { Finding } from './finding.ts';
import type { FindingCode } from '../reasons/reason.ts';
import { shown } from '../text/shown-text.ts';
import { withTried } from './tried-text.ts';

/** What the checks that need evidence add to a verdict. */
interface EvidenceVerdict {
  readonly findings: readonly Finding[];
  /** For people: an older result was accepted, and how old it is. */
  readonly warning?: string;
}

const nothing: EvidenceVerdict = { findings: [] };

const notLookedAt: ImageEvidence = {
  pinned: unavailable('the image', 'nobody looked at it'),
  facts: {},
  tried: [],
};

const otherRemedy =
  'look at what the detail names: the credential, the address, or `registries:` in the configuration of the gate';

const unavailableViolation = (
  { given }: ImageReference,
  why: Unavailable,
  tried: readonly string[],
): Violation => ({
  code: 'image-unavailable',
  message: `image '${shown(given)}' could not be looked at, so nobody can say whether it passes`,
  detail: withTried(`${why.what}: ${why.why}`, tried),
  remedy: why.remedy ?? otherRemedy,
});

const absentViolation = ({ given }: ImageReference, tried: readonly string[]): Violation => ({
  code: 'image-absent',
  message: `image '${shown(given)}' is not in its registry`,
  detail: withTried('the registry answered that it has no such image', tried),
  remedy: 'correct the name, the tag or the digest, or push the image first',
});

/** What no check asked for cannot be missing, so this is a defect of the gate. A defect denies, whatever the mode. */
const notAskedViolation = ({ given }: ImageReference, kind: string): Violation => ({
  code: 'internal-error',
  message: `image '${shown(given)}' was judged without evidence of the kind ${kind}: this is a defect of the gate`,
  detail: `nobody asked for evidence of the kind ${kind}, which a check of the policy reads`,
  remedy: 'report it with the line that the log has under the id of the decision',
});

const notPinned = (given: string): Violation => ({
  code: 'bytes-not-pinned',
  message: `image '${given}' was judged, and its tag may name other bytes by the time it is pulled`,
  detail: 'the image is named by tag, and the policy has no `digest` check',
  remedy: 'name the image by digest, or add `digest: { pin: true }` to the policy',
});

/** Codes that say "could not look". */
export const unavailableCodes: ReadonlySet<FindingCode> = new Set([
  'image-unavailable',
  'signature-unavailable',
  'namespace-unavailable',
  'advisories-unavailable',
  'advisories-too-old',
]);

/**
 * Whether a finding says "could not be looked up", so that a violation may still exist. An image that was read and
 * cannot be judged is refused for good, so it is a finding like any other.
 */
export const isUninformed = ({ code, final }: Finding): boolean =>
  unavailableCodes.has(code) && final !== true;

const modes: readonly Mode[] = ['Audit', 'Warn', 'Deny'];
const milder = (one: Mode, other: Mode): Mode => (modes.indexOf(one) <= modes.indexOf(other) ? one : other);

/** R25: nothing but an outage is ever excused, whatever its code. */
const modeOf = (
  { policy, mode }: MatchedPolicy,
  { code, atMost }: Violation,
  why: Unavailable | undefined,
): Mode => {
  if (code === 'internal-error') return 'Deny';
  if (atMost !== undefined) return milder(mode, atMost);
  // A remark about the policy itself refuses nothing.
  if (code === 'bytes-not-pinned') return 'Audit';
  return mode === 'Deny' && why?.excusable === true ? policy.onUnavailable : mode;
};

/**
 * The registry cannot be asked and the cached result is too old. The cause of the failure still decides whether it is
 * excusable (R25).
 */
const tooOld = ({ staleFor = 0, excusable }: ImageEvidence, most: number): Fact<never> => {
  const taken = most === 0 ? 'no older result' : `at most ${describeDuration(most)}`;
  const why = `its registry could not be asked, the last result is ${describeDuration(staleFor)} old, and the policy takes ${taken} (staleFor)`;
  return (excusable === true ? outage : unavailable)('the tag', why);
};

/** The digest that is judged: the one that the text names, if it names one (B2: CVE-2023-47630). */
const pinnedFor = (reference: ImageReference, { pinned }: ImageEvidence): Fact<Digest> =>
  pinned.state === 'known' && reference.digest !== undefined && reference.digest !== pinned.value
    ? unavailable('the digest', 'another one than the text names was looked at')
    : pinned;

/**
 * The fact that a check may use. A result that is older than its policy accepts does not count. A fact about other
 * bytes than the named digest does not count either: evidence is not trusted with that (B2: CVE-2023-47630).
 */
const factFor = (
  policy: CompiledPolicy,
  check: EvidenceCheck,
  digest: Digest,
  { evidence, isVolume }: { readonly evidence: ImageEvidence; readonly isVolume: boolean },
): ProviderAnswer<FactOf<KindId>> => {
  const fact = factOf(evidence, check.need.kind);
  if (fact.state !== 'known') return fact;
  if (fact.value.digest !== digest)
    return unavailable('the digest', 'the facts are about another image than the one that was resolved');
  if (!acceptsAge(policy, evidence)) return tooOld(evidence, policy.staleFor);
  const unfit = isVolume ? undefined : check.unfit?.(fact.value);
  return unfit === undefined ? fact : unavailableBy(unfit);
};

/** `why`: present when the violation is that the image could not be read. */
interface Judged {
  readonly check: string;
  readonly violation: Violation;
  readonly why?: Unavailable;
}

/** Why a check could not look at something, or could not read the labels of the namespace that it compares with. */
const whyOf = (
  { code, why }: EvidenceViolation,
  { namespaceLabels }: CheckSituation,
): { readonly why: Unavailable } | undefined => {
  if (why !== undefined) return { why };
  return code === 'namespace-unavailable' && namespaceLabels.state === 'unavailable'
    ? { why: namespaceLabels.why }
    : undefined;
};

/** What is said of evidence that is not there. */
const lackOf = (
  reference: ImageReference,
  answer: Exclude<ProviderAnswer<unknown>, { readonly state: 'known' }>,
  tried: readonly string[],
  kind: string,
): Pick<Judged, 'violation' | 'why'> => {
  switch (answer.state) {
    case 'unavailable':
      return { violation: unavailableViolation(reference, answer.why, tried), why: answer.why };
    case 'absent':
      return { violation: absentViolation(reference, tried) };
    case 'not-asked':
      return { violation: notAskedViolation(reference, kind) };
    default:
      return answer satisfies never;
  }
};

/** What the rules of one check find in facts that are known. */
const violationsOf = (
  { rules }: EvidenceCheck,
  facts: FactOf<KindId>,
  situation: CheckSituation,
  isVolume: boolean,
): readonly EvidenceViolation[] => {
  const [only] = rules;
  // Most checks have one rule, and most images pass it: no list is made for that.
  if (only !== undefined && rules.length === 1)
    return isAsked(only, isVolume) ? only.judge(facts, situation) : pass;
  return rules.flatMap((rule) => (isAsked(rule, isVolume) ? rule.judge(facts, situation) : []));
};

const judgeFacts = (
  { policy }: MatchedPolicy,
  reference: ImageReference,
  { use, image, evidence = notLookedAt }: ImageUnderReview,
  situation: CheckSituation,
): readonly Judged[] => {
  const firstId = policy.evidence[0]?.id ?? '';
  const { given } = image.shown;
  const { tried } = evidence;
  const pinned = pinnedFor(reference, evidence);
  if (pinned.state !== 'known') return [{ check: firstId, ...lackOf(reference, pinned, tried, '') }];
  const about = { isVolume: use.volume === true, evidence };
  const judged: Judged[] = [];
  // What is not there is said once a kind, however many checks would have read it.
  const lacking: KindId[] = [];
  let isJudged = false;
  for (const check of policy.evidence) {
    const { kind } = check.need;
    if (lacking.includes(kind.id)) continue;
    const fact = factFor(policy, check, pinned.value, about);
    if (fact.state !== 'known') {
      lacking.push(kind.id);
      judged.push({ check: check.id, ...lackOf(reference, fact, tried, kind.id) });
      continue;
    }
    isJudged = true;
    for (const violation of violationsOf(check, fact.value, situation, about.isVolume)) {
      judged.push({
        check: check.id,
        violation: named(given, violation),
        ...whyOf(violation, situation),
      });
    }
  }
  if (isJudged && reference.digest === undefined && !policy.fixesBytes)
    judged.push({ check: firstId, violation: notPinned(given) });
  return judged;
};

/**
 * All violations of the evidence checks of all matched policies for one image. Missing evidence is
 * `image-unavailable`, never a pass. An image whose registry a policy forbids was refused already and not looked up
 * (B26), so it gets no further finding. A step is one policy: an index may have 60 platforms (R24).
 */
export function* judgingEvidence(
  judged: ImageUnderReview,
  matched: MatchedPolicies,
  situation: CheckSituation,
): Steps<EvidenceVerdict> {
  const { use, image, evidence } = judged;
  if (!image.parsed.ok) return nothing;
  const reference = image.parsed.value;
  const asking = matched.policies.filter(
    ({ policy }) => policy.evidence.length > 0 && image.evaluate(policy, reference, false).applies,
  );
  if (asking.length === 0 || isFenced(image, reference, matched)) return nothing;
  const findings: Finding[] = [];
  for (const one of asking) {
    for (const { check, violation, why } of judgeFacts(one, reference, judged, situation)) {
      const { atMost: _, ...rest } = violation;
      findings.push({
        policy: one.policy.name,
        check,
        mode: modeOf(one, violation, why),
        path: use.path,
        ...rest,
        ...(why?.final === true ? { final: true as const } : {}),
      });
    }
    yield;
  }
  if (evidence?.staleFor === undefined) return { findings };
  if (!asking.some(({ policy }) => acceptsAge(policy, evidence))) return { findings };
  const age = describeDuration(evidence.staleFor);
  const warning = `the registry of image '${shown(reference.given)}' could not be asked: it was judged by a result that is ${age} old`;
  return { findings, warning };
}
