import { dirname, join } from 'node:path';
import type { PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { JsonValue } from '../../core/text/json/json.ts';
import { readTextValues } from '../../core/workload/manifest.ts';
import { readTextFile } from '../../files/text-file.ts';
import { runSuite, type SuiteOutcome, type SuiteRun } from '../../languages/gatekeeper/suite/run-suite.ts';
import {
  ignoredFields,
  isSuite,
  readSuite,
  suiteGroup,
  type Suite,
} from '../../languages/gatekeeper/suite/suite.ts';

const maxFileBytes = 16 * 1024 * 1024;

const documentsOf = (text: string): Result<readonly JsonValue[], string> => {
  const values = readTextValues(text);
  if (values.ok) return ok(values.value.map(({ value }) => value));
  const { line, column, why } = values.error;
  return fail(`${line}:${column}: ${why}`);
};

/** A suite, and what in it has no meaning. */
interface SuiteFile {
  readonly suite: Suite;
  readonly ignored: readonly PolicyProblem[];
}

/** The suite of a file, or why it cannot be read. `undefined`: the file holds none. */
export const readSuiteFile = (path: string): Result<SuiteFile | undefined, string> => {
  const text = readTextFile(path, { bytes: maxFileBytes });
  if (!text.ok) return text;
  // Folders hold all sorts of files beside suites, and not all of them are YAML although they are called so.
  if (!text.value.includes(suiteGroup)) return ok(undefined);
  const documents = documentsOf(text.value);
  if (!documents.ok) return documents;
  const found = documents.value.find(isSuite);
  if (found === undefined) return ok(undefined);
  const suite = readSuite(found);
  return suite.ok ? ok({ suite: suite.value, ignored: ignoredFields(found) }) : suite;
};

/** Runs a suite with the files beside it. */
export const runSuiteFile = (
  path: string,
  suite: Suite,
  run: Omit<SuiteRun, 'read'>,
): readonly SuiteOutcome[] => {
  const read = (named: string): Result<readonly JsonValue[], string> => {
    const text = readTextFile(join(dirname(path), named), { bytes: maxFileBytes });
    return text.ok ? documentsOf(text.value) : text;
  };
  return runSuite(suite, { ...run, read });
};
