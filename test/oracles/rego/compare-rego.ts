import { digestOf } from '../digest.ts';
import { readRegoRecording, writeRegoRecording } from '../recording.ts';
import { askOpa, opaVersion, type RegoAnswer, type RegoQuestion } from './ask-opa.ts';
import { regoDifferences, type RegoDifference, type RegoPair } from './differences.ts';
import { libraryQuestions } from './library.ts';
import { ourAnswer } from './our-answer.ts';
import { drawnQuestions, mutatedQuestions } from './questions.ts';

export interface RegoComparison {
  /** How many answers of the oracle were compared, by what it did. */
  readonly counts: { readonly refused: number; readonly failed: number; readonly answered: number };
  readonly explained: ReadonlyMap<RegoDifference, readonly RegoPair[]>;
  readonly unexplained: readonly RegoPair[];
}

const pairOf = (question: RegoQuestion, theirs: RegoAnswer): RegoPair => ({
  question,
  theirs,
  ours: ourAnswer(question),
});

/** Problems of one line come in any order from OPA. */
const inOrder = ({ refused, ...answer }: RegoAnswer): RegoAnswer => {
  if (refused === undefined) return answer;
  const [first = '', ...problems] = refused.split(/\n(?=\S+:\d+: rego_)/);
  return { refused: [first, ...problems.sort()].join('\n') };
};

/** What OPA says, beside what we say. */
export const compareAnswers = (
  questions: readonly RegoQuestion[],
  answers: readonly RegoAnswer[],
): RegoComparison => {
  const explained = new Map<RegoDifference, RegoPair[]>();
  const unexplained: RegoPair[] = [];
  for (const [at, question] of questions.entries()) {
    const pair = pairOf(question, answers[at]!);
    if (JSON.stringify(inOrder(pair.theirs)) === JSON.stringify(inOrder(pair.ours))) continue;
    const row = regoDifferences.find((one) => one.applies(pair));
    if (row === undefined) unexplained.push(pair);
    else explained.set(row, [...(explained.get(row) ?? []), pair]);
  }
  const said = answers.flatMap((answer) => answer.said ?? []);
  const failed = said.filter(({ error }) => error !== undefined).length;
  const refused = answers.filter((answer) => answer.refused !== undefined).length;
  return { counts: { refused, failed, answered: said.length - failed }, explained, unexplained };
};

export const digestOfQuestions = (questions: readonly RegoQuestion[]): string => digestOf(questions);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const report = (name: string, { counts, explained, unexplained }: RegoComparison): number => {
  for (const { question, theirs, ours } of unexplained)
    say(`${question.rego}\nOPA: ${JSON.stringify(theirs)}\nwe:  ${JSON.stringify(ours)}\n`);
  for (const [{ why }, pairs] of explained) say(`${name}: ${pairs.length} because ${why}`);
  const { refused, failed, answered } = counts;
  say(
    `${name}: ${refused} refused, ${failed} errors, ${answered} answers; ${unexplained.length} unexplained`,
  );
  return unexplained.length;
};

interface Asked {
  readonly seed: number;
  readonly write: boolean;
  /** A checkout of the library; absent: what was recorded of its templates stays as it is. */
  readonly library?: string;
}

/** What OPA says of them, and on how many somebody has to look. */
const asked = (name: string, questions: readonly RegoQuestion[]) => {
  const answers = [...askOpa(questions)];
  return { answers, failures: report(name, compareAnswers(questions, answers)) };
};

/** Of templates of the library, whose mutants are drawn with the seed too. */
interface OfLibrary {
  /** Of the templates as they are. */
  readonly digest: string;
  readonly mutated: RegoAnswer[];
}

const keptOf = (seed: number): OfLibrary => {
  const { seed: before, library, answers } = readRegoRecording();
  if (before !== seed)
    throw new Error('another seed changes the templates of the library too: --library DIR');
  return { digest: library, mutated: answers.mutated };
};

const askedOfLibrary = (folder: string, seed: number): OfLibrary & { readonly failures: number } => {
  const base = libraryQuestions(folder);
  const { answers, failures } = asked('templates of the library', mutatedQuestions(seed, base));
  return { digest: digestOfQuestions(base), mutated: answers, failures };
};

/** Asks OPA and us about the same templates, and records it. @returns on how many somebody has to look */
export const compareRego = ({ seed, write, library }: Asked): number => {
  const questions = drawnQuestions(seed);
  const drawn = asked('generated templates', questions);
  const ofLibrary = library === undefined ? undefined : askedOfLibrary(library, seed);
  const failures = drawn.failures + (ofLibrary?.failures ?? 0);
  if (!write || failures > 0) return failures;
  const { digest, mutated } = ofLibrary ?? keptOf(seed);
  writeRegoRecording({
    command: `npm run oracles -- --only rego --seed ${seed}`,
    seed,
    program: opaVersion(),
    drawn: digestOfQuestions(questions),
    library: digest,
    answers: { drawn: drawn.answers, mutated },
  });
  return failures;
};
