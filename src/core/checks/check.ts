import type { FindingCode } from '../decision/reason.ts';
import type { Fact } from '../facts/fact.ts';
import type { ImageFacts } from '../facts/image-facts.ts';
import type { ImageReference } from '../image/reference.ts';
import type { Labels } from '../policy/label-selector.ts';

/** One way in which an image fails a check. `message` names the image and the rule in one short sentence. */
export interface Violation {
  readonly code: FindingCode;
  readonly message: string;
  readonly detail?: string;
  readonly remedy?: string;
}

/**
 * One rule as a value: an id and a pure function. It reports everything that is wrong, not the first thing;
 * an empty list is a pass. Checks never see the mode: that is applied last, to complete findings.
 */
export interface Check {
  /** The check's key in the policy. */
  readonly id: string;
  /** It holds only for Pods on their way into the cluster, after `/mutate` had its turn. */
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

/**
 * A rule about the bytes behind a name: pure like `Check`, on facts that were gathered before. It is never asked when
 * the facts are absent or unavailable: that is decided for all such checks in one place.
 */
export interface EvidenceCheck {
  /** The check's key in the policy. */
  readonly id: string;
  readonly needs: 'image';
  /** Whether it compares with labels of the namespace beyond its name, so that they must be looked up. */
  readonly readsNamespaceLabels: boolean;
  readonly judge: (
    image: ImageReference,
    facts: ImageFacts,
    situation: CheckSituation,
  ) => readonly Violation[];
}

export const pass: readonly Violation[] = [];

/** How many patterns a message lists before it says how many more there are. */
const shownPatterns = 5;

/** `a, b, c and 4 more` for messages. */
export const listPatterns = (patterns: readonly string[]): string =>
  patterns.length <= shownPatterns
    ? patterns.join(', ')
    : `${patterns.slice(0, shownPatterns).join(', ')} and ${patterns.length - shownPatterns} more`;
