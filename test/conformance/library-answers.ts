import { readRegoRecording } from '../oracles/recording.ts';
import { compareAnswers, digestOfQuestions } from '../oracles/rego/compare-rego.ts';
import { regoDifferences } from '../oracles/rego/differences.ts';
import { libraryQuestions } from '../oracles/rego/library.ts';
import { mutatedQuestions } from '../oracles/rego/questions.ts';
import type { SuiteCase } from './gatekeeper-suites.ts';

/** The templates of the suites below a folder; `undefined`: some suite is of another form than the library's. */
const questionsOf = (folder: string): ReturnType<typeof libraryQuestions> | undefined => {
  try {
    return libraryQuestions(folder);
  } catch {
    return undefined;
  }
};

/**
 * What OPA said of the library's templates, as they are and with some of their tokens changed (`npm run oracles`), beside what
 * we say. `undefined`: the folder holds other templates than those that it was asked about.
 */
export const libraryAnswersOf = (folder: string): readonly SuiteCase[] | undefined => {
  const { seed, library, answers } = readRegoRecording();
  const base = questionsOf(folder);
  if (base === undefined || digestOfQuestions(base) !== library) return undefined;
  const questions = mutatedQuestions(seed, base);
  const { explained, unexplained } = compareAnswers(questions, answers.mutated);
  const failed = new Map(unexplained.map(({ question, theirs, ours }) => [question, { theirs, ours }]));
  const cases = questions.map((question, at): SuiteCase => {
    const differs = failed.get(question);
    const failure = differs === undefined ? undefined : JSON.stringify(differs);
    return { name: `template ${at}`, failure };
  });
  const forms = regoDifferences
    .filter((row) => row.ofLibrary && !explained.has(row))
    .map(({ why }): SuiteCase => ({ name: `answers differ because ${why}`, failure: 'none does any more' }));
  return [...cases, ...forms];
};
