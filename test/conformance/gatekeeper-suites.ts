import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readSuiteFile, runSuiteFile } from '../../src/cli/policy/suite-file.ts';
import { readFilter } from '../../src/languages/gatekeeper/suite/suite-filter.ts';
import { suiteGroup } from '../../src/languages/gatekeeper/suite/suite.ts';

/** One case of a suite of gator: a template, a constraint, an object, and what must be said of it. */
export interface SuiteCase {
  readonly name: string;
  /** Why it failed; `undefined`: it did not. */
  readonly failure: string | undefined;
}

export const isSuite = (file: string): boolean =>
  basename(file) === 'suite.yaml' && readFileSync(file, 'utf8').includes(suiteGroup);

const surroundings = { now: 0n, seed: 'suite' };

/** The cases of a suite, each by the names of its test and its own. A case that is not run has not passed. */
export const suiteCasesOf = (file: string): readonly SuiteCase[] => {
  const filter = readFilter('');
  const suite = readSuiteFile(file);
  if (!suite.ok || !filter.ok || suite.value === undefined)
    return [{ name: '', failure: suite.ok ? 'it is no suite' : suite.error }];
  return runSuiteFile(file, suite.value.suite, { filter: filter.value, surroundings }).map(
    ({ test, case: name = '', status, message }) => ({
      name: `${test} ${name}`,
      failure: status === 'passed' ? undefined : (message ?? status),
    }),
  );
};
