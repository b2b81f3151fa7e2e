import type { ReviewAnswer, SuiteAnswer } from './gatekeeper-answers.ts';

/** What was said of one object. */
export type GatekeeperPair =
  | { readonly part: 'suites'; readonly theirs: SuiteAnswer; readonly ours: SuiteAnswer }
  | { readonly part: 'reviews'; readonly theirs: ReviewAnswer; readonly ours: ReviewAnswer };

/** Where Gatekeeper may say something else than we do, and why. */
export interface GatekeeperDifference {
  readonly why: string;
  readonly applies: (pair: GatekeeperPair) => boolean;
}

const withoutName = (line: string): string => line.replace(/^\[[^\]]*\] /, '');
const same = (one: readonly string[], other: readonly string[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** The same lines in the order of their messages; those with the same message in any order. */
const sameButTies = (theirs: readonly string[], ours: readonly string[]): boolean =>
  same(theirs.map(withoutName), ours.map(withoutName)) && same(theirs.toSorted(), ours.toSorted());

const linesOf = ({ message = '' }: ReviewAnswer): readonly string[] => message.split('\n');

const malformed = ' (gate: malformed-request)';

export const gatekeeperDifferences: readonly GatekeeperDifference[] = [
  {
    why: 'of constraints that say the same message, the order is chance with Gatekeeper, and by kind and name with us',
    applies: ({ part, theirs, ours }) =>
      part === 'reviews' &&
      theirs.allowed === ours.allowed &&
      theirs.code === ours.code &&
      sameButTies(linesOf(theirs), linesOf(ours)) &&
      sameButTies(theirs.warnings, ours.warnings),
  },
  {
    why: 'an object that no API server would take, such as a Pod without containers, is refused by us as well, behind the lines of Gatekeeper',
    applies: ({ part, theirs, ours }) => {
      if (part !== 'reviews' || ours.allowed) return false;
      const own = linesOf(ours).findIndex((line) => line.endsWith(malformed));
      const before = own > 0 ? linesOf(ours).slice(0, own) : [''];
      return own >= 0 && sameButTies(linesOf(theirs), before) && sameButTies(theirs.warnings, ours.warnings);
    },
  },
];
