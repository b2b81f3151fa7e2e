import { createHash } from 'node:crypto';
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

export const digestOfQuestions = (questions: readonly RegoQuestion[]): string =>
  createHash('sha256').update(JSON.stringify(questions)).digest('hex');

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

/** What stands of the library; its mutants are drawn with the seed too. */
const keptOf = (seed: number): { readonly library: string } => {
  const recorded = readRegoRecording();
  if (recorded.seed !== seed)
    throw new Error('another seed changes the templates of the library too: --library DIR');
  return { library: recorded.library };
};

interface Asked {
  readonly seed: number;
  readonly write: boolean;
  /** A checkout of the library; absent: what was recorded of its templates stays as it is. */
  readonly library?: string;
}

/** Asks OPA and us about the same templates, and records it. @returns on how many somebody has to look */
export const compareRego = ({ seed, write, library }: Asked): number => {
  const drawn = drawnQuestions(seed);
  const saidOfDrawn = [...askOpa(drawn)];
  const base = library === undefined ? undefined : libraryQuestions(library);
  const mutants = base === undefined ? [] : mutatedQuestions(seed, base);
  const saidOfMutants = [...askOpa(mutants)];
  const failures =
    report('generated templates', compareAnswers(drawn, saidOfDrawn)) +
    report('templates of the library', compareAnswers(mutants, saidOfMutants));
  if (write && failures === 0)
    writeRegoRecording({
      command: `npm run oracles -- --only rego --seed ${seed}`,
      seed,
      program: opaVersion(),
      drawn: digestOfQuestions(drawn),
      ...(base === undefined ? keptOf(seed) : { library: digestOfQuestions(base) }),
      answers: {
        drawn: saidOfDrawn,
        mutated: base === undefined ? readRegoRecording().answers.mutated : saidOfMutants,
      },
    });
  return failures;
};
