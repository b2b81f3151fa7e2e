import { compareGatekeeperAnswers } from '../oracles/gatekeeper/compare-gatekeeper.ts';
import { gatekeeperDifferences } from '../oracles/gatekeeper/differences.ts';
import { digestOfSuites, librarySuites, type LibrarySuite } from '../oracles/gatekeeper/library.ts';
import { readGatekeeperRecording } from '../oracles/recording.ts';
import type { SuiteCase } from './gatekeeper-suites.ts';

/** `undefined`: some suite is of another form than the library's. */
const suitesOf = (folder: string): readonly LibrarySuite[] | undefined => {
  try {
    return librarySuites(folder);
  } catch {
    return undefined;
  }
};

/**
 * What gator and Gatekeeper's manager said of the library (`npm run oracles`), beside what we say: results and messages of
 * each case, what webhooks answer about each object with one constraint of each template in force, CRDs. `undefined`: the
 * folder holds other suites than those that they were asked about.
 */
export const gatekeeperAnswersOf = async (folder: string): Promise<readonly SuiteCase[] | undefined> => {
  const { library, answers } = readGatekeeperRecording();
  const suites = suitesOf(folder);
  if (suites === undefined || digestOfSuites(suites) !== library) return undefined;
  const compared = await compareGatekeeperAnswers(suites, answers);
  const forms = gatekeeperDifferences
    .filter((row) => !compared.explained.has(row))
    .map(({ why }): SuiteCase => ({ name: `answers differ because ${why}`, failure: 'none does any more' }));
  return [...compared.answers, ...forms];
};
