import { readTextFile } from '../../files/text-file.ts';
import { shown } from '../../core/text/shown-text.ts';
import {
  readManifestObjects,
  type ManifestObjects,
  type ManifestObject,
} from '../../core/workload/manifest.ts';
import {
  isKustomization,
  kustomizationText,
  otherLanguage,
  unrendered,
  whatItHolds,
  whatItIs,
} from './foreign-file.ts';
import { findManifests, type ManifestFile } from './manifest-files.ts';
import { markFile, type FileMark } from '../pin/marked-file.ts';
import { createProgress } from '../terminal/progress.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';

/** A manifest of 100,000 Pods is about 50 MiB. */
const maxInputBytes = 256 * 1024 * 1024;

/** One text of the input, as it was read. */
export interface ManifestSource {
  /** `-` is standard input. */
  readonly path: string;
  /** Whether the user named the file itself; else it was found in a folder. */
  readonly named: boolean;
  /** With its byte order mark, if it has one. */
  readonly text: string;
  readonly objects: readonly ManifestObject[];
  /** The file as it was before it was read; absent for standard input. */
  readonly mark?: FileMark;
}

export interface ManifestInput {
  readonly objects: readonly ManifestObject[];
  /** The files that were read. */
  readonly files: readonly string[];
  /** Files that could not be read: listed at the end, exit code 2 (R20). */
  readonly problems: readonly string[];
  /** The texts behind the objects; empty unless they were asked for. */
  readonly sources: readonly ManifestSource[];
}

interface ManifestInputOptions {
  /** Globs of files to leave out of folders. */
  readonly exclude?: readonly string[];
  /** Whether the texts are needed afterwards, to be written back. */
  readonly keepsTexts?: boolean;
}

const nameOf = (path: string): string => (path === '-' ? 'standard input' : path);
const nothing = 'holds no document, so nothing was judged; is it what you meant to check?';

interface Reading {
  readonly objects: ManifestObject[];
  readonly sources: ManifestSource[];
  readonly files: string[];
  readonly problems: string[];
  documents: number;
}

/** Prints one remark for a text without any object, else one for each document that is no object. */
const tellRemarks = (path: string, manifest: ManifestObjects, terminal: Terminal): void => {
  const whole = manifest.objects.length === 0 ? whatItHolds(path) : undefined;
  if (whole !== undefined && manifest.remarks.length > 0) terminal.talk(shown(`${path}: ${whole}`));
  else
    for (const { file, line, text: why } of manifest.remarks) terminal.talk(shown(`${file}:${line}: ${why}`));
};

/** The objects without kustomizations, which the API server never sees. */
const clusterObjects = ({ objects }: ManifestObjects, path: string, terminal: Terminal): ManifestObject[] =>
  objects.filter((object) => {
    const isForeign = isKustomization(object);
    if (isForeign) terminal.talk(shown(`${object.file}:${object.line}: ${kustomizationText(path)}`));
    return !isForeign;
  });

const addText = (
  reading: Reading,
  source: Omit<ManifestSource, 'objects'>,
  keepsTexts: boolean,
  terminal: Terminal,
): void => {
  const { path, text } = source;
  const file = path === '-' ? 'stdin' : path;
  const refuse = (what: string): void => {
    reading.problems.push(shown(`${file}: ${what}`));
  };
  const template = unrendered(path, text);
  if (template !== undefined) return refuse(template);
  const read = readManifestObjects(text, file);
  if (!read.ok) {
    const { line, column, why } = read.error;
    const what = whatItIs(path, text);
    reading.problems.push(
      shown(`${file}:${line}:${column}: ${what === undefined ? why : `${what} (${why})`}`),
    );
    return;
  }
  const language = read.value.objects.length === 0 ? otherLanguage(path, text) : undefined;
  if (language !== undefined) return refuse(language);
  tellRemarks(path, read.value, terminal);
  const objects = clusterObjects(read.value, path, terminal);
  for (const object of objects) reading.objects.push(object);
  if (keepsTexts) reading.sources.push({ ...source, objects });
  reading.documents += read.value.documents;
};

const addFile = async (
  reading: Reading,
  { path, folder, named }: ManifestFile,
  keepsTexts: boolean,
  terminal: Terminal,
): Promise<void> => {
  const mark = keepsTexts ? await markFile(path, folder) : undefined;
  if (typeof mark === 'string') {
    reading.problems.push(mark);
    return;
  }
  const text = readTextFile(path, { bytes: maxInputBytes, keepsByteOrderMark: true });
  if (!text.ok) {
    reading.problems.push(shown(`cannot read ${path}: ${text.error}`));
    return;
  }
  reading.files.push(path);
  const source = { path, named, text: text.value, ...(mark === undefined ? {} : { mark }) };
  addText(reading, source, keepsTexts, terminal);
};

/**
 * Reads `-f FILE|DIR|-`, in the order given. A file that cannot be read gives exit code 2 after the others were
 * judged. Remarks go to stderr (R20).
 */
export const readManifests = async (
  paths: readonly string[],
  terminal: Terminal,
  { exclude = [], keepsTexts = false }: ManifestInputOptions = {},
): Promise<ManifestInput> => {
  if (paths.length === 0)
    throw new UsageError(['nothing to judge: name a file or a folder with -f, or -f - for standard input']);
  const names = new Set(paths);
  const found = await findManifests(names, exclude, terminal);
  const reading: Reading = { objects: [], sources: [], files: [], problems: [], documents: 0 };
  const progress = createProgress((done) => `read ${done} files`, terminal.status);
  for (const path of names) {
    if (path === '-') {
      const text = await terminal.readStandardInput(maxInputBytes);
      addText(reading, { path, named: true, text }, keepsTexts, terminal);
      continue;
    }
    const { files, problems } = found.get(path) ?? { files: [], problems: [] };
    for (const problem of problems) reading.problems.push(problem);
    for (const file of files) {
      progress.step();
      await addFile(reading, file, keepsTexts, terminal);
    }
  }
  progress.end();
  if (reading.documents > 0) return reading;
  const [problem] = reading.problems;
  throw new UsageError(
    problem === undefined ? [`${paths.map(nameOf).join(', ')}: ${nothing}`] : reading.problems,
  );
};
