import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { shown } from '../core/decision/shown-text.ts';
import type { ManifestDocument } from '../core/workload/manifest.ts';
import { readManifest } from '../core/workload/manifest.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

/** A manifest of 100,000 Pods is about 50 MiB. */
const largestInput = 256 * 1024 * 1024;
const deepestFolder = 32;
const isManifest = (name: string): boolean => /\.(ya?ml|json)$/i.test(name);

const why = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Every manifest below a folder, in name order; hidden files and folders are passed over. */
const filesBelow = async (folder: string, depth = 0): Promise<readonly string[]> => {
  if (depth > deepestFolder)
    throw new UsageError([`${folder}: folders are nested more than ${deepestFolder} deep`]);
  const entries = (await readdir(folder, { withFileTypes: true })).filter(
    ({ name }) => !name.startsWith('.'),
  );
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(path, depth + 1)));
    else if (isManifest(entry.name)) found.push(path);
  }
  return found;
};

const filesOf = async (path: string): Promise<readonly string[]> => {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files = await filesBelow(path);
    if (files.length === 0) throw new UsageError([`${path}: holds no .yaml, .yml or .json file`]);
    return files;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError([`cannot read ${path}: ${why(error)}`]);
  }
};

const readText = async (file: string): Promise<string> => {
  try {
    const { size } = await stat(file);
    if (size > largestInput) throw new Error(`it is larger than ${largestInput} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    throw new UsageError([`cannot read ${file}: ${why(error)}`]);
  }
};

export interface ManifestInput {
  readonly objects: readonly ManifestDocument[];
  readonly documents: number;
}

/** Reads `-f FILE|DIR|-`, in the order given. Unreadable input is exit code 2, remarks go to stderr (R20). */
export const readManifests = async (paths: readonly string[], terminal: Terminal): Promise<ManifestInput> => {
  const objects: ManifestDocument[] = [];
  const problems: string[] = [];
  let documents = 0;
  const add = (text: string, file: string): void => {
    const read = readManifest(text, file);
    if (!read.ok) {
      const { line, column, why: reason } = read.error;
      problems.push(shown(`${file}:${line}:${column}: ${reason}`));
      return;
    }
    for (const object of read.value.objects) objects.push(object);
    for (const remark of read.value.remarks)
      terminal.talk(shown(`${remark.file}:${remark.line}: ${remark.text}`));
    documents += read.value.documents;
  };
  for (const path of paths) {
    if (path === '-') add(await terminal.readStandardInput(largestInput), 'stdin');
    else for (const file of await filesOf(path)) add(await readText(file), file);
  }
  if (problems.length > 0) throw new UsageError(problems);
  if (documents === 0) throw new UsageError([`${paths.join(', ')}: holds no document`]);
  return { objects, documents };
};
