/**
 * Runs published cases of other projects: `npm run conformance -- DIR [--spawn]`. It looks for layouts that it knows, at any
 * depth, and names each failure and each folder that it has no runner for.
 */
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isAdvisories, runAdvisories } from './advisories.ts';
import { inProcess, spawned } from './imagegate.ts';
import { casesOf, isSigstoreBundle } from './sigstore-bundles.ts';

interface Found {
  /** Folders with a case. */
  readonly cases: readonly string[];
  /** Folders of advisories, as OSV publishes them. */
  readonly advisories: readonly string[];
  /** Folders that hold none, each the outermost. */
  readonly unknown: readonly string[];
}

const foldersIn = (dir: string): readonly string[] =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(dir, entry.name))
    .sort();

const find = (dir: string): Found => {
  if (isSigstoreBundle(dir)) return { cases: [dir], advisories: [], unknown: [] };
  if (isAdvisories(dir)) return { cases: [], advisories: [dir], unknown: [] };
  const inside = foldersIn(dir).map(find);
  const cases = inside.flatMap((one) => one.cases);
  const advisories = inside.flatMap((one) => one.advisories);
  return cases.length + advisories.length === 0
    ? { cases, advisories, unknown: [dir] }
    : { cases, advisories, unknown: inside.flatMap((one) => one.unknown) };
};

const args = process.argv.slice(2);
const [dir] = args.filter((arg) => !arg.startsWith('--'));
const other = args.filter((arg) => arg.startsWith('--') && arg !== '--spawn');
if (dir === undefined || other.length > 0 || !statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
  console.error('usage: npm run conformance -- DIR [--spawn]');
  process.exit(2);
}

const { cases, advisories, unknown } = find(dir);
const imagegate = args.includes('--spawn') ? spawned : inProcess;
let passed = 0;
let failed = 0;
for (const folder of cases) {
  for (const { name, argv, isValid } of casesOf(folder)) {
    const { code, said } = await imagegate(argv);
    if (isValid ? code === 0 : code === 1) passed += 1;
    else {
      failed += 1;
      console.log(`FAILED ${relative(dir, folder)} ${name}: exit code ${code}: ${said.trim()}`);
    }
  }
}
for (const folder of advisories) {
  const outcome = runAdvisories(folder, (line) => console.log(line));
  passed += outcome.passed;
  failed += outcome.failed;
}
for (const folder of unknown) console.log(`no runner for ${relative(dir, folder) || '.'}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
