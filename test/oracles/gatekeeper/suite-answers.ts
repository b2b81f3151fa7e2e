import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import { readSuiteFile, runSuiteFile } from '../../../src/cli/policy/suite-file.ts';
import { readFilter } from '../../../src/languages/gatekeeper/suite/suite-filter.ts';
import type { Suite } from '../../../src/languages/gatekeeper/suite/suite.ts';
import type { SuiteAnswer } from './gatekeeper-answers.ts';

/** No object has so many violations: whoever fails says which messages there are. */
const unheld = [{ violations: 1_000_000 }];

const suiteIn = (file: string): Suite => {
  const suite = readSuiteFile(file);
  if (!suite.ok || suite.value === undefined)
    throw new Error(`${file}: ${suite.ok ? 'no suite' : suite.error}`);
  return suite.value.suite;
};

/** The same suite, in which no case holds. */
const failing = (suite: Suite): Suite => ({
  ...suite,
  tests: (suite.tests ?? []).map((test) => ({
    ...test,
    cases: (test.cases ?? []).map((one) => ({ ...one, assertions: unheld })),
  })),
});

const caseLine = /^ {4}=== RUN {3}/m;
const ends = /^(?:--- |=== |FAIL|PASS|ok\t)/m;
const outcome = /^ {4}--- (PASS|FAIL): .*\n?(?: {8})?/;

/** What gator says of each case, in their order: that it passed, or the text of the failure. */
const gatorCases = (gator: string, file: string): readonly (string | true)[] => {
  const args = ['verify', file, '--verbose', '--enable-k8s-native-validation=false'];
  const { stdout, error } = spawnSync(gator, args, { encoding: 'utf8' });
  if (error) throw error;
  const [, ...cases] = stdout.split(caseLine);
  return cases.map((text) => {
    const told = text.slice(text.indexOf('\n') + 1).split(ends)[0]!;
    const isPassed = outcome.exec(told)?.[1] === 'PASS';
    return isPassed ? true : told.replace(outcome, '').trimEnd();
  });
};

const theirMessages = (told: string | true): string =>
  told === true ? '' : (/: got messages (\[[^]*\])$/.exec(told)?.[1] ?? told);

/** gator's answers to the suites of a folder. Templates with Rego and CEL are asked in Rego, as we do. */
export const gatorAnswers = (
  gator: string,
  folder: string,
  files: readonly string[],
): readonly SuiteAnswer[] => {
  const copy = mkdtempSync(join(tmpdir(), 'imagegate-suites-'));
  try {
    cpSync(folder, copy, { recursive: true });
    return files.flatMap((file) => {
      const suite = { apiVersion: 'test.gatekeeper.sh/v1alpha1', kind: 'Suite', ...failing(suiteIn(file)) };
      const beside = join(copy, relative(folder, file));
      writeFileSync(beside, stringify(suite));
      const messages = gatorCases(gator, beside).map(theirMessages);
      const outcomes = gatorCases(gator, file);
      if (messages.length !== outcomes.length) throw new Error(`${file}: gator ran other cases`);
      return outcomes.map((told, at) => ({ passed: told === true, messages: messages[at]! }));
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
};

const ourMessages = (message = ''): string => {
  const told = /; got messages (\[.*\])$/s.exec(message)?.[1];
  return told === undefined ? message : `[${(JSON.parse(told) as string[]).join(' ')}]`;
};

/** Our answers to the same. */
export const ourSuiteAnswers = (files: readonly string[]): readonly SuiteAnswer[] => {
  const filter = readFilter('');
  if (!filter.ok) throw new Error(filter.error);
  const run = { filter: filter.value, surroundings: { now: 0n, seed: 'suite' } };
  return files.flatMap((file) => {
    const suite = suiteIn(file);
    const told = runSuiteFile(file, failing(suite), run);
    return runSuiteFile(file, suite, run).map(({ status }, at) => ({
      passed: status === 'passed',
      messages: ourMessages(told[at]?.message),
    }));
  });
};
