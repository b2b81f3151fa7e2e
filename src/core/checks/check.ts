import type { FindingCode } from '../reasons/reason.ts';
import type { Claim } from '../facts/claim.ts';
import type { FactOf, KindId, Need } from '../facts/evidence-kind.ts';
import type { Fact, Unavailable } from '../facts/fact.ts';
import type { ImageReference } from '../image/reference.ts';
import type { Labels } from '../policy/match/label-selector.ts';
import type { Vulnerability } from '../vulnerability/vulnerability.ts';
import type { Acceptance } from './vulnerabilities/accept.ts';

/** One way in which an image fails a check. `message` names the image and the rule in one short sentence. */
export interface Violation {
  readonly code: FindingCode;
  readonly message: string;
  readonly detail?: string;
  readonly remedy?: string;
  /** The policy says of this failure alone that it does no more than this; a milder mode stays. */
  readonly atMost?: 'Warn' | 'Audit';
}

/**
 * One rule as a value: an id and a pure function. It reports everything that is wrong, not the first thing;
 * an empty list is a pass. Checks never see the mode: that is applied last, to complete findings.
 */
export interface Check {
  /** The check's key in the policy. */
  readonly id: string;
  /** It holds only for Pods on their way into the cluster, after `/mutate`. */
  readonly podsOnly?: true;
  readonly run: (image: ImageReference) => readonly Violation[];
}

/** What an evidence check may know beside the image. */
export interface CheckSituation {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Name of the namespace of the request; always known. */
  readonly namespace: string;
  readonly namespaceLabels: Fact<Labels>;
}

/** A violation by the bytes of an image. It holds for every name of these bytes, so `named` adds the name later. */
export interface EvidenceViolation extends Omit<Violation, 'message'> {
  /** The text behind the name of the image in a message: `runs as root`. */
  readonly says: string;
  /** Present when the violation is that something could not be looked at: it decides what `onUnavailable` excuses (R25). */
  readonly why?: Unavailable;
}

/** The message about one name. @param given safe to show */
export const named = (
  given: string,
  { code, says, detail, remedy, atMost }: EvidenceViolation,
): Violation => ({
  code,
  message: `image '${given}' ${says}`,
  ...(detail === undefined ? {} : { detail }),
  ...(remedy === undefined ? {} : { remedy }),
  ...(atMost === undefined ? {} : { atMost }),
});

/**
 * One condition of an evidence check: pure like `Check`, on facts that were gathered before. `judge` is a method, so that
 * the checks of all kinds stand in one list; each is given facts of its own kind alone (`judge-evidence.ts`).
 */
export interface EvidenceRule<F> {
  /** The rule with everything that it compares with. Two rules with one text judge alike. */
  readonly text: string;
  /** Whether it reads the situation. The result of a rule that does not depends on the facts alone. */
  readonly readsSituation: boolean;
  /** It is about what runs, so it is not asked of an image volume. */
  readonly containersOnly?: true;
  judge(facts: F, situation: CheckSituation): readonly EvidenceViolation[];
  /**
   * Until when a pass of this moment stands for the same facts, in milliseconds since 1970, that moment excluded. Only a
   * rule that reads nothing of the situation but its time may have it. Absent: a pass is one of its review.
   */
  passesUntil?(facts: F, situation: CheckSituation): number;
}

/** An image volume is data: nothing runs from it. */
export const isAsked = (
  { containersOnly }: Pick<EvidenceRule<never>, 'containersOnly'>,
  isVolume: boolean,
): boolean => !isVolume || containersOnly !== true;

/** What one authority makes of one claim. */
export interface ClaimStanding {
  /** One of those in the facts. */
  readonly claim: Claim;
  readonly authority: string;
  /** Why it does not count for the authority; safe to show. Absent: it counts. */
  readonly why?: string;
}

/**
 * Rules about the bytes behind a name, on one kind of evidence. They see facts that are known and no others: what
 * becomes of evidence that is absent, unavailable or was not asked for is decided for all such checks in one place.
 */
export interface EvidenceCheckOf<Id extends KindId> {
  /** The check's key in the policy. */
  readonly id: string;
  readonly need: Need<Id>;
  /** Whether it compares with labels of the namespace beyond its name, so that they must be looked up. */
  readonly readsNamespaceLabels: boolean;
  /** Why the rules say nothing about a container although the facts are known: that counts as "could not look". */
  unfit?(facts: FactOf<Id>): Unavailable | undefined;
  /** All are asked, so that each failure is reported. */
  readonly rules: readonly EvidenceRule<FactOf<Id>>[];
  /** Names of those who may sign. Absent: it judges no claims. */
  readonly authorities?: readonly string[];
  /** What each authority makes of each claim, for people: the rules alone decide. */
  standings?(facts: FactOf<Id>, situation: CheckSituation): readonly ClaimStanding[];
  /** What of a vulnerability the policy accepts now, for people: the rules alone decide. Absent: it judges none. */
  readonly acceptance?: (vulnerability: Vulnerability, now: number) => Acceptance;
}

export type EvidenceCheck = EvidenceCheckOf<KindId>;

export const pass: readonly never[] = [];

/** How many patterns a message lists before it says how many more there are. */
const shownPatterns = 5;

/** `a, b, c and 4 more` for messages. `textOf` is called only for items that are shown. */
export const listed = <T>(items: readonly T[], textOf: (item: T) => string): string => {
  const texts = items.slice(0, shownPatterns).map(textOf).join(', ');
  return items.length <= shownPatterns ? texts : `${texts} and ${items.length - shownPatterns} more`;
};

export const listPatterns = (patterns: readonly string[]): string => listed(patterns, (pattern) => pattern);
