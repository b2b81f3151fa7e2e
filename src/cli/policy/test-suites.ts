import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../concurrency/clock.ts';
import { describePolicyProblem } from '../../core/policy/load/problem-path.ts';
import { shown } from '../../core/text/shown-text.ts';
import { whyNot } from '../../files/file-problem.ts';
import { isSkippedName } from '../../files/skipped-name.ts';
import type { SuiteRun } from '../../languages/gatekeeper/suite/run-suite.ts';
import { readFilter } from '../../languages/gatekeeper/suite/suite-filter.ts';
import { writeFormats, type OutputTarget } from '../check/outputs.ts';
import { formatTable } from '../render/decision-table.ts';
import { jsonPieces } from '../render/json-pieces.ts';
import { exitCode, type ExitCode } from '../terminal/exit-code.ts';
import { UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';
import { readSuiteFile, runSuiteFile } from './suite-file.ts';
import { renderSuiteJunit, type SuiteResult } from './suite-junit.ts';

type SuiteFormat = 'table' | 'json' | 'junit';

export interface TestOptions {
  readonly run: string;
  readonly output?: readonly OutputTarget<SuiteFormat>[];
}

const deepestFolder = 32;

/** The files below a folder that may be suites, in the order of names. Hidden folders are left out. */
const filesBelow = async (folder: string, depth = 0): Promise<readonly string[]> => {
  if (depth > deepestFolder)
    throw new UsageError([shown(`${folder}: folders are nested more than ${deepestFolder} deep`)]);
  const entries = await readdir(folder, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !isSkippedName(entry.name) && entry.name !== 'node_modules')
      files.push(...(await filesBelow(path, depth + 1)));
    else if (entry.isFile() && /\.ya?ml$/i.test(entry.name)) files.push(path);
  }
  return files;
};

/** gator reads a folder with all below it when its path ends so; here every folder is read so. */
const everythingBelow = '/...';

const filesOf = async (given: string): Promise<readonly string[]> => {
  const path = given.endsWith(everythingBelow) ? given.slice(0, -everythingBelow.length) || '/' : given;
  try {
    return (await stat(path)).isDirectory() ? await filesBelow(path) : [path];
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError([shown(`${path}: ${whyNot(error)}`)]);
  }
};

/** Remarks on one suite; more of them say the same. */
const maxRemarks = 16;

const resultsOf = (
  file: string,
  run: Omit<SuiteRun, 'read'>,
  { talk }: Pick<Terminal, 'talk'>,
): readonly SuiteResult[] => {
  const read = readSuiteFile(file);
  if (!read.ok) return [{ suite: file, test: '', status: 'unreadable', message: read.error }];
  if (read.value === undefined) return [];
  const { suite, ignored } = read.value;
  for (const problem of ignored.slice(0, maxRemarks))
    talk(shown(`${file}: ${describePolicyProblem(problem)}`));
  return runSuiteFile(file, suite, run).map((outcome) => ({ suite: file, ...outcome }));
};

const tableOf = (results: readonly SuiteResult[]): Iterable<string> =>
  formatTable(
    ['STATUS', 'SUITE', 'TEST', 'CASE', 'MESSAGE'],
    results.map(({ suite, test, case: name = '', status, message = '' }) =>
      [status, suite, test, name, message].map(shown),
    ),
  );

const rendered = (format: SuiteFormat, results: readonly SuiteResult[]): Iterable<string> => {
  switch (format) {
    case 'table':
      return tableOf(results);
    case 'json':
      return jsonPieces(
        { apiVersion: 'imagegate.dev/v1alpha1', kind: 'SuiteResultList', items: [] },
        results,
      );
    case 'junit':
      return renderSuiteJunit(results);
    default:
      return format satisfies never;
  }
};

/** Runs the suites of files and folders. Exit code 0: all passed; 1: a case failed; 2: something cannot be read. */
export const testSuites = async (
  paths: readonly string[],
  { run, output }: TestOptions,
  terminal: Terminal,
): Promise<ExitCode> => {
  const filter = valueOrUsage(readFilter(run), (why) => `--run ${why}`);
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const now = BigInt(systemClock.now()) * 1_000_000n;
  const results = [...new Set(files)].flatMap((file) =>
    resultsOf(file, { filter, surroundings: { now, seed: file } }, terminal),
  );
  if (results.length === 0) throw new UsageError([shown(`${paths.join(', ')}: holds no suite with a test`)]);
  for (const remark of new Set(
    results.flatMap(({ suite, remarks = [] }) => remarks.map((one) => `${suite}: ${one}`)),
  ))
    terminal.talk(shown(remark));
  await writeFormats(output, terminal, (format) => rendered(format, results));
  const count = (status: SuiteResult['status']): number =>
    results.filter((result) => result.status === status).length;
  const unread = count('unreadable');
  terminal.talk(
    `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped${unread === 0 ? '' : `, ${unread} unreadable`}`,
  );
  if (unread > 0) return exitCode.usage;
  return count('failed') > 0 ? exitCode.findings : exitCode.clean;
};
