import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextFile } from '../config/bounded-file.ts';
import { whyNot } from '../config/file-problem.ts';
import { shown } from '../core/decision/shown-text.ts';
import type { ManifestDocument } from '../core/workload/manifest.ts';
import { readManifest } from '../core/workload/manifest.ts';
import { markFile } from './pin/marked-file.ts';
import type { FileMark } from './pin/marked-file.ts';
import { createProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

/** A manifest of 100,000 Pods is about 50 MiB. */
const largestInput = 256 * 1024 * 1024;
const deepestFolder = 32;
const isManifest = (name: string): boolean => /\.(ya?ml|json)$/i.test(name);

/** What a path stands for. */
interface Found {
  readonly files: string[];
  /** Folders such as `.github` that were not looked into although they hold manifests. */
  readonly passedOver: string[];
}

/** In a folder a pipe or device is no manifest but a trap; one that is meant is named with -f. */
const regularFile = async (path: string): Promise<string> => {
  const found = await stat(path).catch(() => undefined);
  // What cannot be looked at, and folders, get their sentence when they are read.
  if (found === undefined || found.isFile() || found.isDirectory()) return path;
  throw new UsageError([shown(`cannot read ${path}: it is no regular file; remove it, or name it with -f`)]);
};

const walk = async (folder: string, depth: number, into: Found): Promise<void> => {
  if (depth > deepestFolder)
    throw new UsageError([`${folder}: folders are nested more than ${deepestFolder} deep`]);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) {
      // kubectl reads hidden files too, so they are judged.
      if (isManifest(entry.name)) into.files.push(await regularFile(path));
    } else if (!entry.name.startsWith('.')) {
      await walk(path, depth + 1, into);
    } else if (!neverManifests(entry.name)) {
      const hidden: Found = { files: [], passedOver: [] };
      await walk(path, depth + 1, hidden);
      if (hidden.files.length > 0) into.passedOver.push(path);
    }
  }
};

/** The folders of git, and those of a mounted ConfigMap: its files are reached by their links. */
const neverManifests = (name: string): boolean => name === '.git' || name.startsWith('..');

/** The file itself, or every manifest below a folder in name order; hidden folders are passed over. */
const filesOf = async (path: string, terminal: Terminal): Promise<readonly string[]> => {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const found: Found = { files: [], passedOver: [] };
    await walk(path, 0, found);
    for (const folder of found.passedOver)
      terminal.talk(shown(`${folder}: hidden folder left out; name it with -f to have it judged`));
    if (found.files.length === 0) throw new UsageError([`${path}: holds no .yaml, .yml or .json file`]);
    return found.files;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError([shown(`cannot read ${path}: ${whyNot(error)}`)]);
  }
};

const readText = (file: string): string => {
  const text = readTextFile(file, { bytes: largestInput });
  if (text.ok) return text.value;
  throw new UsageError([shown(`cannot read ${file}: ${text.error}`)]);
};

/** One text of the input, as it was read. */
export interface ManifestSource {
  /** `-` is standard input. */
  readonly path: string;
  readonly text: string;
  readonly objects: readonly ManifestDocument[];
  /** The file as it was before it was read; absent for standard input. */
  readonly mark?: FileMark;
}

export interface ManifestInput {
  readonly objects: readonly ManifestDocument[];
  readonly documents: number;
  /** The texts behind the objects; empty unless they were asked for. */
  readonly sources: readonly ManifestSource[];
}

const nameOf = (path: string): string => (path === '-' ? 'standard input' : path);
const nothing = 'holds no document, so nothing was judged; is it what you meant to check?';

/**
 * Reads `-f FILE|DIR|-`, in the order given. Unreadable input is exit code 2, remarks go to stderr (R20).
 * @param keepsTexts - whether the texts are needed afterwards, to be written back
 */
export const readManifests = async (
  paths: readonly string[],
  terminal: Terminal,
  keepsTexts = false,
): Promise<ManifestInput> => {
  if (paths.length === 0)
    throw new UsageError(['nothing to judge: name a file or a folder with -f, or -f - for standard input']);
  const objects: ManifestDocument[] = [];
  const sources: ManifestSource[] = [];
  const problems: string[] = [];
  let documents = 0;
  const add = (path: string, text: string, mark?: FileMark): void => {
    const file = path === '-' ? 'stdin' : path;
    const read = readManifest(text, file);
    if (!read.ok) {
      const { line, column, why: reason } = read.error;
      problems.push(shown(`${file}:${line}:${column}: ${reason}`));
      return;
    }
    for (const object of read.value.objects) objects.push(object);
    if (keepsTexts)
      sources.push({ path, text, objects: read.value.objects, ...(mark === undefined ? {} : { mark }) });
    for (const remark of read.value.remarks)
      terminal.talk(shown(`${remark.file}:${remark.line}: ${remark.text}`));
    documents += read.value.documents;
  };
  const progress = createProgress(
    (done) => `read ${done} files`,
    terminal.status,
    () => performance.now(),
  );
  for (const path of new Set(paths)) {
    if (path === '-') add(path, await terminal.readStandardInput(largestInput));
    else
      for (const file of await filesOf(path, terminal)) {
        progress.step();
        const mark = keepsTexts ? await markFile(file) : undefined;
        add(file, readText(file), mark);
      }
  }
  progress.end();
  if (problems.length > 0) throw new UsageError(problems);
  if (documents === 0) throw new UsageError([`${paths.map(nameOf).join(', ')}: ${nothing}`]);
  return { objects, documents, sources };
};
