import { objectName } from '../../../src/core/workload/object-metadata.ts';
import { constraintCrd } from '../../../src/languages/gatekeeper/crd.ts';
import { gatekeeperVersion, installGatekeeper } from '../../e2e/harness/install-gatekeeper.ts';
import { digestOf } from '../digest.ts';
import { writeGatekeeperRecording } from '../recording.ts';
import { gatekeeperDifferences, type GatekeeperDifference, type GatekeeperPair } from './differences.ts';
import type { GatekeeperAnswers } from './gatekeeper-answers.ts';
import { digestOfSuites, librarySuites, type LibrarySuite } from './library.ts';
import { libraryPolicies } from './library-reviews.ts';
import { managerAnswers } from './manager-answers.ts';
import { ourReviewAnswers } from './review-answer.ts';
import { gatorAnswers, ourSuiteAnswers } from './suite-answers.ts';

/** One thing that both were asked. */
interface ComparedAnswer {
  readonly name: string;
  /** On which somebody has to look; `undefined`: both say the same, or a reason stands for the difference. */
  readonly failure: string | undefined;
}

export interface GatekeeperComparison {
  readonly answers: readonly ComparedAnswer[];
  readonly explained: ReadonlyMap<GatekeeperDifference, number>;
}

/** What we say of the library. */
const ourAnswers = async (suites: readonly LibrarySuite[]): Promise<GatekeeperAnswers> => {
  const policies = libraryPolicies(suites);
  return {
    suites: [...ourSuiteAnswers(suites.map(({ file }) => file))],
    reviews: [...(await ourReviewAnswers(policies))],
    crds: Object.fromEntries(
      policies.templates.map((template) => [objectName(template), digestOf(constraintCrd(template))]),
    ),
  };
};

const pairsOf = (theirs: GatekeeperAnswers, ours: GatekeeperAnswers): readonly GatekeeperPair[] => [
  ...ours.suites.map((one, at) => ({ part: 'suites' as const, theirs: theirs.suites[at]!, ours: one })),
  ...ours.reviews.map((one, at) => ({ part: 'reviews' as const, theirs: theirs.reviews[at]!, ours: one })),
];

const compared = (theirs: GatekeeperAnswers, ours: GatekeeperAnswers): GatekeeperComparison => {
  const explained = new Map<GatekeeperDifference, number>();
  const whyNot = (pair: GatekeeperPair): string | undefined => {
    const both = [JSON.stringify(pair.theirs), JSON.stringify(pair.ours)];
    if (both[0] === both[1]) return undefined;
    const row = gatekeeperDifferences.find(({ applies }) => applies(pair));
    if (row === undefined) return `Gatekeeper: ${both[0]}\nwe:         ${both[1]}`;
    explained.set(row, (explained.get(row) ?? 0) + 1);
    return undefined;
  };
  const answers = pairsOf(theirs, ours).map((pair, at) => ({
    name: `${pair.part} ${at}`,
    failure: whyNot(pair),
  }));
  const crds = Object.entries(ours.crds).map(([name, digest]) => ({
    name: `CRD of ${name}`,
    failure: theirs.crds[name] === digest ? undefined : 'it is no longer the one that Gatekeeper makes',
  }));
  return { answers: [...answers, ...crds], explained };
};

/** What Gatekeeper said, beside what we say of the same suites. */
export const compareGatekeeperAnswers = async (
  suites: readonly LibrarySuite[],
  theirs: GatekeeperAnswers,
): Promise<GatekeeperComparison> => compared(theirs, await ourAnswers(suites));

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Asks gator, Gatekeeper's manager and us about the library, and records it. @returns on how many somebody has to look */
export const compareGatekeeper = async (options: {
  readonly library: string;
  readonly write: boolean;
}): Promise<number> => {
  const { library, write } = options;
  const suites = librarySuites(library);
  const files = suites.map(({ file }) => file);
  const ours = await ourAnswers(suites);
  const { reviews, crds: differing } = await managerAnswers(libraryPolicies(suites));
  for (const { template, theirs, ours: made } of differing)
    say(`CRD of ${template}\nGatekeeper: ${JSON.stringify(theirs)}\nwe:         ${JSON.stringify(made)}`);
  const theirs: GatekeeperAnswers = {
    suites: [...gatorAnswers(installGatekeeper().gator, library, files)],
    reviews: [...reviews],
    // The API server stored ours as it stores theirs.
    crds: ours.crds,
  };
  const { answers, explained } = compared(theirs, ours);
  const failures = answers.filter(({ failure }) => failure !== undefined);
  for (const { name, failure } of failures) say(`${name}\n${failure}`);
  for (const [{ why }, count] of explained) say(`gatekeeper: ${count} because ${why}`);
  say(
    `gatekeeper: ${theirs.suites.length} cases, ${reviews.length} reviews, ${Object.keys(ours.crds).length} CRDs; ` +
      `${failures.length + differing.length} unexplained`,
  );
  if (write && failures.length + differing.length === 0)
    writeGatekeeperRecording({
      command: 'npm run oracles -- --only gatekeeper --library DIR',
      program: `gatekeeper ${gatekeeperVersion}`,
      library: digestOfSuites(suites),
      answers: theirs,
    });
  return failures.length + differing.length;
};
