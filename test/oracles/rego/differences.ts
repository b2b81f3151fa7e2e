import type { RegoAnswer, RegoQuestion, Said } from './ask-opa.ts';

/** One template with what was said of it. */
export interface RegoPair {
  readonly question: RegoQuestion;
  readonly theirs: RegoAnswer;
  readonly ours: RegoAnswer;
}

/** Where OPA may say something else than we do, and why. */
export interface RegoDifference {
  readonly why: string;
  /** Occurs in templates of the library with tokens changed, not in those that the seed draws. */
  readonly ofLibrary?: true;
  readonly applies: (pair: RegoPair) => boolean;
}

const codeOf = (refused: string | undefined): string => /rego_\w+_error/.exec(refused ?? '')?.[0] ?? '';

/** Each review on which we differ, as `applies` has it. */
const eachSaid =
  (applies: (theirs: Said, ours: Said) => boolean) =>
  ({ theirs, ours }: RegoPair): boolean =>
    theirs.said !== undefined &&
    ours.said?.length === theirs.said.length &&
    theirs.said.every((one, at) => {
      const other = ours.said![at]!;
      return JSON.stringify(one) === JSON.stringify(other) || applies(one, other);
    });

const withoutPlace = (text: string | undefined): string | undefined => text?.replace(/^\S+:\d+: /, '');

export const regoDifferences: readonly RegoDifference[] = [
  {
    why: 'our parser words what it expects in its own way',
    ofLibrary: true,
    applies: ({ theirs, ours }) =>
      codeOf(theirs.refused) === 'rego_parse_error' && codeOf(ours.refused) === 'rego_parse_error',
  },
  {
    why: 'we name one problem of a rule, and not in the order of its passes',
    applies: ({ theirs, ours }) => theirs.refused !== undefined && ours.refused !== undefined,
  },
  {
    why: 'of rules that contradict one another, OPA names the one that its index came upon last',
    ofLibrary: true,
    applies: eachSaid(
      (one, other) => one.error !== undefined && withoutPlace(one.error) === withoutPlace(other.error),
    ),
  },
];
