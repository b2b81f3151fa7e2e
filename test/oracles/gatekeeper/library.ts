import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import {
  objectOf,
  objectsIn,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../src/core/text/json/json.ts';
import { digestOf } from '../digest.ts';

/** A test of a suite, with what its paths lead to. */
interface LibraryTest {
  readonly template: JsonObject;
  readonly constraint: JsonObject;
  /** Objects and AdmissionReviews. */
  readonly objects: readonly JsonObject[];
}

/** A suite of Gatekeeper's library. */
export interface LibrarySuite {
  readonly file: string;
  readonly tests: readonly LibraryTest[];
}

const read = (file: string): JsonObject => objectOf(parseDocument(readFileSync(file, 'utf8')).toJS());

const suiteOf = (file: string): LibrarySuite => {
  const at = (path: JsonValue | undefined): JsonObject => read(join(dirname(file), textOf(path)));
  const tests = objectsIn(read(file)['tests']).map(({ template, constraint, cases }) => ({
    template: at(template),
    constraint: at(constraint),
    objects: objectsIn(cases).map(({ object }) => at(object)),
  }));
  return { file, tests };
};

/** The files of suites below a checkout of the library, in the order of their paths. */
export const suiteFiles = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => basename(file) === 'suite.yaml')
    .sort()
    .map((file) => join(folder, file));

/** What they hold, in the same order. */
export const librarySuites = (folder: string): readonly LibrarySuite[] => suiteFiles(folder).map(suiteOf);

/** Whether a template asks for other objects of the cluster, which nobody keeps for it here. */
export const readsInventory = (template: JsonObject): boolean =>
  JSON.stringify(template).includes('data.inventory');

/** Of what suites are made of, wherever they lie. */
export const digestOfSuites = (suites: readonly LibrarySuite[]): string =>
  digestOf(suites.map(({ tests }) => tests));
