import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { algorithmOf, hexOf, type Digest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { AdvisoryText, AdvisoryLookup } from '../../core/vulnerability/advisory.ts';
import { fileErrorCode, whyNot } from '../../files/file-problem.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { replaceFile } from '../../files/whole-file.ts';
import type { Part } from './compile-part.ts';
import {
  lookupIn,
  nameOfGeneration,
  readGeneration,
  writeGeneration,
  type Generation,
} from './generation.ts';
import { openPart, type PartReader } from './part-reader.ts';

/** A generation that was read: what matching needs is in memory, the texts stay in their files. */
export interface LoadedGeneration {
  readonly name: string;
  readonly generation: Generation;
  readonly readers: ReadonlyMap<Digest, PartReader>;
  readonly lookup: AdvisoryLookup;
}

/** `none`: no advisories were ever put there. */
export interface FolderFault {
  readonly kind: 'none' | 'unreadable' | 'damaged' | 'other-schema';
  readonly why: string;
}

/** The file that says which generation is in force; a swap exchanges it by one rename. */
export const currentName = 'generation.json';
const previousName = 'generation.previous.json';
const ownerOnly = 0o600;
const maxGenerationBytes = 1024 * 1024;
/** The index of npm has about 60 MB. */
const maxIndexBytes = 1024 * 1024 * 1024;
const maxTextBytes = 2 * 1024 * 1024 * 1024;

const fileOf = (digest: Digest, suffix: 'index' | 'texts'): string => `${hexOf(digest)}.${suffix}`;
const partsFolder = (folder: string): string => join(folder, 'parts');

const readBytes = async (path: string, maxBytes: number): Promise<Result<Buffer, FolderFault>> => {
  try {
    const { bytes } = await readRegularFile(path, maxBytes);
    return bytes.ok ? bytes : fail({ kind: 'unreadable', why: `${path}: ${bytes.error}` });
  } catch (error) {
    const kind = fileErrorCode(error) === 'ENOENT' ? 'none' : 'unreadable';
    return fail({ kind, why: `${path}: ${whyNot(error)}` });
  }
};

const sliceBytes = 4 * 1024 * 1024;
/** An index may have a hundred megabytes: hashed in one go it would hold up every review for that long. */
const hasDigest = async (bytes: Uint8Array, digest: Digest): Promise<boolean> => {
  const hash = createHash(algorithmOf(digest));
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    hash.update(bytes.subarray(at, at + sliceBytes));
    if (at + sliceBytes < bytes.length) await nextTurn();
  }
  return hash.digest('hex') === hexOf(digest);
};

const readPartFile = async (folder: string, digest: Digest): Promise<Result<PartReader, FolderFault>> => {
  const path = join(partsFolder(folder), fileOf(digest, 'index'));
  const bytes = await readBytes(path, maxIndexBytes);
  // A generation without one of its parts would say "nothing known" of all that it spoke of.
  if (!bytes.ok) return fail({ ...bytes.error, kind: 'unreadable' });
  if (!(await hasDigest(bytes.value, digest)))
    return fail({ kind: 'damaged', why: `${path}: other bytes than it is named by` });
  const part = openPart(bytes.value);
  return part.ok ? part : fail({ kind: part.error, why: path });
};

const loadFile = async (
  folder: string,
  name: string,
  known: LoadedGeneration | undefined,
): Promise<Result<LoadedGeneration, FolderFault>> => {
  const path = join(folder, name);
  const bytes = await readBytes(path, maxGenerationBytes);
  if (!bytes.ok) return bytes;
  const generation = readGeneration(bytes.value.toString('utf8'));
  if (!generation.ok) return fail({ kind: generation.error, why: path });
  const readers = new Map<Digest, PartReader>();
  for (const { digest } of generation.value.parts) {
    const kept = known?.readers.get(digest) ?? readers.get(digest);
    const reader = kept === undefined ? await readPartFile(folder, digest) : ok(kept);
    if (!reader.ok) return reader;
    readers.set(digest, reader.value);
  }
  return ok({
    name: nameOfGeneration(generation.value),
    generation: generation.value,
    readers,
    lookup: lookupIn([...readers.values()]),
  });
};

/**
 * Reads the generation in force. Parts that the one before holds already are not read again. While it is read another
 * may take its place and its parts go: then that one is read.
 */
export const loadGeneration = async (
  folder: string,
  known?: LoadedGeneration,
): Promise<Result<LoadedGeneration, FolderFault>> => {
  const first = await loadFile(folder, currentName, known);
  return first.ok || first.error.kind === 'none' ? first : await loadFile(folder, currentName, known);
};

/** The generation that was in force before. */
export const loadPreviousGeneration = (
  folder: string,
  known?: LoadedGeneration,
): Promise<Result<LoadedGeneration, FolderFault>> => loadFile(folder, previousName, known);

/** What a folder has to judge by. */
export interface UsableGeneration {
  readonly loaded: LoadedGeneration;
  /** Why the generation in force cannot be used; `loaded` is then the one before. */
  readonly fault?: FolderFault;
}

/** The generation in force, or the one before when that cannot be used: old advisories say more than none (V16). */
export const loadUsable = async (
  folder: string,
  known?: LoadedGeneration,
): Promise<Result<UsableGeneration, FolderFault>> => {
  const current = await loadGeneration(folder, known);
  if (current.ok) return ok({ loaded: current.value });
  const before = await loadPreviousGeneration(folder, known);
  return before.ok ? ok({ loaded: before.value, fault: current.error }) : current;
};

/** Removes what neither the generation in force nor the one before names. */
const removeUnused = async (folder: string, generations: readonly Generation[]): Promise<void> => {
  const used = new Set(
    generations.flatMap(({ parts }) =>
      parts.flatMap(({ digest }) => [fileOf(digest, 'index'), fileOf(digest, 'texts')]),
    ),
  );
  for (const name of await readdir(partsFolder(folder)))
    if (!used.has(name)) await rm(join(partsFolder(folder), name), { force: true });
};

/**
 * Puts a generation in force: its new parts are written first, the one before is kept, and one rename makes the change.
 * Rejects with the error of the system; then the generation in force is what it was.
 *
 * @param before the last that could be used; absent: there is none
 */
export const swapGeneration = async (
  folder: string,
  next: Generation,
  parts: readonly Part[],
  before?: Generation,
): Promise<void> => {
  await mkdir(partsFolder(folder), { recursive: true, mode: 0o700 });
  for (const { digest, index, texts } of parts) {
    await replaceFile(join(partsFolder(folder), fileOf(digest, 'texts')), texts, ownerOnly);
    await replaceFile(join(partsFolder(folder), fileOf(digest, 'index')), index, ownerOnly);
  }
  // The same parts of a later time take no place away from the generation before.
  const isRenewed = before !== undefined && nameOfGeneration(before) === nameOfGeneration(next);
  if (before !== undefined && !isRenewed)
    await replaceFile(join(folder, previousName), writeGeneration(before), ownerOnly);
  await replaceFile(join(folder, currentName), writeGeneration(next), ownerOnly);
  if (!isRenewed) await removeUnused(folder, before === undefined ? [next] : [next, before]);
};

/** What an advisory says in words. Absent: the part has none of this id. */
export const readAdvisoryText = async (
  folder: string,
  digest: Digest,
  reader: PartReader,
  id: string,
): Promise<Result<AdvisoryText | undefined, FolderFault>> => {
  const number = reader.numberOf(id);
  if (number === undefined) return ok(undefined);
  const path = join(partsFolder(folder), fileOf(digest, 'texts'));
  const texts = await readBytes(path, maxTextBytes);
  if (!texts.ok) return texts;
  if (!(await hasDigest(texts.value, reader.summary.texts))) return fail({ kind: 'damaged', why: path });
  const { start, end, read } = reader.textOf(number);
  return ok(read(texts.value.subarray(start, end)));
};
