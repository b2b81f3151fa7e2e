/**
 * Runs published cases of other projects: `npm run conformance -- DIR [--spawn]`. It looks for layouts that it knows, at any
 * depth, and names each failure and each folder that it has no runner for.
 */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isAdvisories, runAdvisories } from './advisories.ts';
import { gatekeeperAnswersOf } from './gatekeeper-answers.ts';
import { isSuite, suiteCasesOf } from './gatekeeper-suites.ts';
import { libraryAnswersOf } from './library-answers.ts';
import { inProcess, spawned } from './imagegate.ts';
import { isOpaCases, opaCasesOf } from './opa-cases.ts';
import { casesOf, isSigstoreBundle } from './sigstore-bundles.ts';
import { skippedFolders } from './skipped-cases.ts';

interface Found {
  /** Folders with a case of Sigstore's. */
  readonly bundles: readonly string[];
  /** Folders of advisories, as OSV publishes them. */
  readonly advisories: readonly string[];
  /** Files with a case of OPA's in each line. */
  readonly lines: readonly string[];
  /** Suites of Gatekeeper's library. */
  readonly suites: readonly string[];
  /** Folders that hold none, each the outermost. */
  readonly unknown: readonly string[];
}

const nothing: Found = { bundles: [], advisories: [], lines: [], suites: [], unknown: [] };

const find = (dir: string): Found => {
  if (isSigstoreBundle(dir)) return { ...nothing, bundles: [dir] };
  if (isAdvisories(dir)) return { ...nothing, advisories: [dir] };
  const entries = readdirSync(dir, { withFileTypes: true }).sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
  const paths = (isFolder: boolean): readonly string[] =>
    entries.filter((entry) => entry.isDirectory() === isFolder).map((entry) => join(dir, entry.name));
  const inside = paths(true).map(find);
  const bundles = inside.flatMap((one) => one.bundles);
  const advisories = inside.flatMap((one) => one.advisories);
  const lines = [...paths(false).filter(isOpaCases), ...inside.flatMap((one) => one.lines)];
  const suites = [...paths(false).filter(isSuite), ...inside.flatMap((one) => one.suites)];
  const isUnknown = [...bundles, ...advisories, ...lines, ...suites].length === 0;
  // What a suite names lies beside it and below.
  const below = paths(false).some(isSuite) ? [] : inside.flatMap((one) => one.unknown);
  return { bundles, advisories, lines, suites, unknown: isUnknown ? [dir] : below };
};

/** What came of the cases of one project. */
interface Tally {
  passed: number;
  failed: number;
  readonly skipped: Map<string, number>;
}

const tallies = new Map<string, Tally>();
const tallyOf = (source: string): Tally => {
  const tally = tallies.get(source) ?? { passed: 0, failed: 0, skipped: new Map<string, number>() };
  tallies.set(source, tally);
  return tally;
};

const count = (source: string, name: string, failure: string | undefined): void => {
  const tally = tallyOf(source);
  if (failure === undefined) tally.passed += 1;
  else {
    tally.failed += 1;
    console.log(`FAILED ${name}: ${failure}`);
  }
};

const args = process.argv.slice(2);
const [dir] = args.filter((arg) => !arg.startsWith('--'));
const other = args.filter((arg) => arg.startsWith('--') && arg !== '--spawn');
if (dir === undefined || other.length > 0) {
  console.error('usage: npm run conformance -- DIR [--spawn]');
  process.exit(2);
}
if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
  console.error(`there is no folder ${dir}, so no case was run`);
  process.exit(2);
}

const { bundles, advisories, lines, suites, unknown } = find(dir);
const imagegate = args.includes('--spawn') ? spawned : inProcess;
for (const folder of bundles)
  for (const { name, argv, isValid } of casesOf(folder)) {
    const { code, said } = await imagegate(argv);
    const isRight = isValid ? code === 0 : code === 1;
    const failure = isRight ? undefined : `exit code ${code}: ${said.trim()}`;
    count('sigstore', `${relative(dir, folder)} ${name}`, failure);
  }
for (const folder of advisories) {
  const outcome = runAdvisories(folder, (line) => console.log(line));
  const tally = tallyOf('advisories');
  tally.passed += outcome.passed;
  tally.failed += outcome.failed;
}
for (const file of lines)
  for (const { folder, note, run } of opaCasesOf(file)) {
    const reason = skippedFolders.get(folder);
    if (reason === undefined) count('opa', `${relative(dir, file)} ${note}`, run());
    else {
      const { skipped } = tallyOf('opa');
      skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    }
  }
for (const suite of suites)
  for (const { name, failure } of suiteCasesOf(suite))
    count('gatekeeper', `${relative(dir, suite)} ${name}`, failure);
const recorded = {
  'opa-of-gatekeeper': libraryAnswersOf(dir),
  'real-gatekeeper': suites.length === 0 ? undefined : await gatekeeperAnswersOf(dir),
};
for (const [source, cases] of Object.entries(recorded)) {
  for (const { name, failure } of cases ?? []) count(source, name, failure);
  if (cases === undefined && suites.length > 0)
    console.log(`${source}: these suites are not those that were asked about: nothing is compared`);
}
for (const folder of unknown) console.log(`no runner for ${relative(dir, folder) || '.'}`);
for (const { skipped } of tallies.values())
  for (const [reason, number] of skipped) console.log(`skipped ${number}: ${reason}`);
for (const [source, { passed, failed, skipped }] of tallies)
  console.log(
    `${source}: ${passed} passed, ${failed} failed, ${[...skipped.values()].reduce((sum, number) => sum + number, 0)} skipped`,
  );
const sum = (of: (tally: Tally) => number): number =>
  [...tallies.values()].reduce((total, tally) => total + of(tally), 0);
const passed = sum((tally) => tally.passed);
const failed = sum((tally) => tally.failed);
console.log(`${passed} passed, ${failed} failed`);

/** Where `.ci/run` wants a report to count from, in the shape of that of the other tiers. */
const reports = process.env['TEST_REPORTS'];
if (reports !== undefined) {
  // A case that is skipped here has its reason in the list of skipped cases: it is nobody's failure.
  const counts = { numPassedTests: passed, numFailedTests: failed, numPendingTests: 0, numTodoTests: 0 };
  writeFileSync(join(reports, 'conformance.json'), JSON.stringify({ ...counts, testResults: [] }));
}
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
