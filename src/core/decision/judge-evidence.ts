import type { CheckSituation, Violation } from '../checks/check.ts';
import { isAsked, named } from '../checks/check.ts';
import type { Fact, Unavailable } from '../facts/fact.ts';
import { outage, unavailable } from '../facts/fact.ts';
import type { ImageEvidence } from '../facts/image-evidence.ts';
import type { ImageFacts } from '../facts/image-facts.ts';
import type { ImageReference } from '../image/reference.ts';
import { describeDuration } from '../policy/schema/duration.ts';
import { acceptsAge, isFenced } from '../policy/match/needs.ts';
import type { CompiledPolicy } from '../policy/match/policy-set.ts';
import type { Covering, CoveringPolicy } from '../policy/match/select.ts';
import type { Steps } from '../steps.ts';
import type { ImageUnderReview } from './decide.ts';
import type { Finding, Mode } from './finding.ts';
import type { FindingCode } from './reason.ts';
import { shown, shownBriefly, shownLimit } from '../text/shown-text.ts';

/** What the checks that need evidence add to a verdict. */
export interface EvidenceVerdict {
  readonly findings: readonly Finding[];
  /** For people: an older result was accepted, and how old it is. */
  readonly warning?: string;
}

const nothing: EvidenceVerdict = { findings: [] };

const nobodyLooked = unavailable('the image', 'nobody looked at it');

/** How many of the credentials that were tried a text names, and how much of each. */
const mostTried = 4;
const leastOfEach = 24;
const mostOfEach = 128;

/**
 * A cause and the credentials that were tried. The cause stands whole: what is too long is cut out of the others.
 * @example `connection refused; tried anonymous: no answer`
 */
export const withTried = (cause: string, tried: readonly string[]): string => {
  if (tried.length === 0) return shown(cause);
  const named = tried.slice(0, mostTried);
  const more = tried.length > named.length ? ` and ${tried.length - named.length} more` : '';
  const room = shownLimit - cause.length - '; tried '.length - more.length - 2 * named.length;
  const each = Math.min(Math.max(Math.floor(room / named.length), leastOfEach), mostOfEach);
  const texts = named.map((one) => shownBriefly(one, each));
  return shown(`${cause}; tried ${texts.join('; ')}${more}`);
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

/** An artifact is data: it may be mounted, and there is nothing in it to run. */
const artifactWhy = (type: string): Unavailable => ({
  what: 'the image',
  why: `it is an artifact of type ${type}, not a container image`,
  final: true,
  remedy:
    'name the container image; an artifact may be an image volume. In an index it may stand beside images when its config ' +
    'is empty and no node takes it for an image: behind the image of the same platform, or without a platform',
});

const artifactAmong = ({ evidence }: CompiledPolicy, facts: ImageFacts): string | undefined => {
  for (const check of evidence) {
    const type = check.artifactAmong(facts);
    if (type !== undefined) return type;
  }
  return undefined;
};

const notPinned = ({ given }: ImageReference): Violation => ({
  code: 'bytes-not-pinned',
  message: `image '${shown(given)}' was judged, and its tag may name other bytes by the time it is pulled`,
  detail: 'the image is named by tag, and the policy has no `digest` check',
  remedy: 'name the image by digest, or add `digest: { pin: true }` to the policy',
});

/** Codes that say "could not look". */
export const unavailableCodes: ReadonlySet<FindingCode> = new Set([
  'image-unavailable',
  'namespace-unavailable',
]);

/** R25: nothing but an outage is ever excused, whatever its code. */
const modeOf = (
  { policy, mode }: CoveringPolicy,
  { code, atMost }: Violation,
  why: Unavailable | undefined,
): Mode => {
  if (atMost !== undefined && mode === 'Deny') return atMost;
  // A remark on how the policy is written refuses nobody.
  if (code === 'bytes-not-pinned') return 'Audit';
  return mode === 'Deny' && why?.excusable === true ? policy.onUnavailable : mode;
};

/** The registry cannot be asked, and what is remembered is no excuse to know less than nothing: R25 holds for its cause. */
const tooOld = ({ staleFor = 0, excusable }: ImageEvidence, most: number): Fact<never> => {
  const taken = most === 0 ? 'no older result' : `at most ${describeDuration(most)}`;
  const why = `its registry could not be asked, the last result is ${describeDuration(staleFor)} old, and the policy takes ${taken} (staleFor)`;
  return (excusable === true ? outage : unavailable)('the tag', why);
};

/**
 * What a policy may know of the image. A result that is older than it takes is none, and so are facts about other bytes
 * than those that are named: whoever gathers is not trusted with that (B2: CVE-2023-47630).
 */
const factsFor = (
  policy: CompiledPolicy,
  reference: ImageReference,
  evidence: ImageEvidence | undefined,
): Fact<ImageFacts> => {
  if (evidence === undefined) return nobodyLooked;
  const { pinned, image = nobodyLooked } = evidence;
  if (pinned.state !== 'known') return pinned;
  const digest = pinned.value;
  if (reference.digest !== undefined && reference.digest !== digest)
    return unavailable('the digest', 'another one than the text names was looked at');
  if (image.state !== 'known') return image;
  if (image.value.digest !== digest)
    return unavailable('the digest', 'the facts are about another image than the one that was resolved');
  return acceptsAge(policy, evidence) ? image : tooOld(evidence, policy.staleFor);
};

/** `why`: present when the violation is that nobody could look. */
interface Judged {
  readonly check: string;
  readonly violation: Violation;
  readonly why?: Unavailable;
}

/** A check that compares with labels of the namespace lacks them for a cause of their own. */
const labelsWhy = (
  { code }: Pick<Violation, 'code'>,
  { namespaceLabels }: CheckSituation,
): { readonly why: Unavailable } | undefined =>
  code === 'namespace-unavailable' && namespaceLabels.state === 'unavailable'
    ? { why: namespaceLabels.why }
    : undefined;

const judgeFacts = (
  covering: CoveringPolicy,
  reference: ImageReference,
  { use, evidence }: ImageUnderReview,
  situation: CheckSituation,
): readonly Judged[] => {
  const { policy } = covering;
  const isVolume = use.volume === true;
  const tried = evidence?.tried ?? [];
  const fact = factsFor(policy, reference, evidence);
  const once = (violation: Violation, why?: Unavailable): readonly Judged[] => [
    { check: policy.evidence[0]?.id ?? '', violation, ...(why === undefined ? {} : { why }) },
  ];
  switch (fact.state) {
    case 'unavailable':
      return once(unavailableViolation(reference, fact.why, tried), fact.why);
    case 'absent':
      return once(absentViolation(reference, tried));
    case 'known': {
      const artifact = isVolume ? undefined : artifactAmong(policy, fact.value);
      if (artifact !== undefined) {
        const why = artifactWhy(artifact);
        return once(unavailableViolation(reference, why, tried), why);
      }
      const given = shown(reference.given);
      const violations = policy.evidence.flatMap(({ id, rules }) =>
        rules
          .filter((rule) => isAsked(rule, isVolume))
          .flatMap((rule) =>
            rule.judge(fact.value, situation).map((violation): Judged => ({
              check: id,
              violation: named(given, violation),
              ...labelsWhy(violation, situation),
            })),
          ),
      );
      const open = reference.digest === undefined && !policy.fixesBytes;
      return open ? [...violations, ...once(notPinned(reference))] : violations;
    }
    default:
      return fact satisfies never;
  }
};

/**
 * Everything that the evidence checks of all covering policies find wrong with one image. Evidence that is missing is
 * `image-unavailable`, never a pass. An image whose registry a policy forbids has been refused already and was not
 * looked at (B26), so nothing more is said about it. A step is one policy: an index may have 60 platforms (R24).
 */
export function* judgingEvidence(
  judged: ImageUnderReview,
  covering: Covering,
  situation: CheckSituation,
): Steps<EvidenceVerdict> {
  const { use, image, evidence } = judged;
  if (!image.parsed.ok) return nothing;
  const reference = image.parsed.value;
  const asking = covering.policies.filter(
    ({ policy }) => policy.evidence.length > 0 && image.opinionOf(policy, reference, false).speaks,
  );
  if (asking.length === 0 || isFenced(image, reference, covering)) return nothing;
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
