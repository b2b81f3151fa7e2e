import type { FindingCode } from '../decision/reason.ts';
import type { ImageReference } from '../image/reference.ts';

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
  readonly run: (image: ImageReference) => readonly Violation[];
}

export const pass: readonly Violation[] = [];

/** How many patterns a message lists before it says how many more there are. */
const shownPatterns = 5;

/** `a, b, c and 4 more` for messages. */
export const listPatterns = (patterns: readonly string[]): string =>
  patterns.length <= shownPatterns
    ? patterns.join(', ')
    : `${patterns.slice(0, shownPatterns).join(', ')} and ${patterns.length - shownPatterns} more`;
