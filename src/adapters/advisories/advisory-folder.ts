import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, hexOf, type Digest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { AdvisoryText, AdvisoryLookup } from '../../core/vulnerability/advisory.ts';
import { digestOf } from '../../evidence/content-digest.ts';
import { fileErrorCode, whyNot } from '../../files/file-problem.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import { replaceFile } from '../../files/whole-file.ts';
import type { Part } from './compile-part.ts';
import { nameOfGeneration, readGeneration, writeGeneration, type Generation } from './generation.ts';
import { lookupIn } from './name-lookup.ts';
import { createSlice, openPartFile, peekPartFile, type FolderFault } from './part-file.ts';
import { readLayout, type PartSummary } from './part-format.ts';
import { createEntryCache, openPart, type EntryCache, type PartReader } from './part-reader.ts';

/** A part whose file is open. */
export interface OpenPart extends PartReader {
  close(): void;
}

/** A generation that was read: what a search begins with is in memory, the rest stays in open files. */
export interface LoadedGeneration {
  readonly name: string;
  readonly generation: Generation;
  readonly readers: ReadonlyMap<Digest, OpenPart>;
  readonly lookup: AdvisoryLookup;
  readonly found: EntryCache;
}

export const closeGeneration = ({ readers }: LoadedGeneration): void => {
  for (const reader of readers.values()) reader.close();
};

/** The file that says which generation is in force; a swap exchanges it by one rename. */
export const currentName = 'generation.json';
export const previousName = 'generation.previous.json';
const ownerOnly = 0o600;
const maxGenerationBytes = 1024 * 1024;
const maxTextBytes = 2 * 1024 * 1024 * 1024;

const suffixes = ['index', 'texts', 'records'] as const;
const fileOf = (digest: Digest, suffix: (typeof suffixes)[number]): string => `${hexOf(digest)}.${suffix}`;
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

const hasDigest = (bytes: Uint8Array, digest: Digest): boolean =>
  createHash(algorithmOf(digest)).update(bytes).digest('hex') === hexOf(digest);

const indexPath = (folder: string, digest: Digest): string =>
  join(partsFolder(folder), fileOf(digest, 'index'));

/** Whether a later version of the gate or an earlier one made it, and what then brings advisories. */
const faultOf = (kind: FolderFault['kind'], path: string): FolderFault => ({
  kind,
  why:
    kind === 'other-schema'
      ? `${path} is of another version of the gate; feeds of the configuration are read anew, import others anew`
      : path,
});

const readPartFile = async (
  folder: string,
  digest: Digest,
  found: EntryCache,
  slice: Buffer,
): Promise<Result<OpenPart, FolderFault>> => {
  const path = indexPath(folder, digest);
  // A generation without one of its parts would say "nothing known" of all that it spoke of.
  const file = await openPartFile(path, digest, slice);
  if (!file.ok) return file;
  const part = openPart(file.value, found);
  if (part.ok) return ok({ ...part.value, close: () => file.value.close() });
  file.value.close();
  return fail(faultOf(part.error, path));
};

/** What a part says of itself, without a look at all of its bytes: to be told, and never judged by. */
export const readSummary = async (
  folder: string,
  digest: Digest,
): Promise<Result<PartSummary, FolderFault>> => {
  const path = indexPath(folder, digest);
  const file = await peekPartFile(path);
  if (!file.ok) return file;
  try {
    const layout = readLayout(file.value);
    return layout.ok ? ok(layout.value.summary) : fail(faultOf(layout.error, path));
  } catch (error) {
    return fail({ kind: 'damaged', why: `${path}: ${whyNot(error)}` });
  } finally {
    file.value.close();
  }
};

export const readGenerationFile = async (
  folder: string,
  name: string,
): Promise<Result<Generation, FolderFault>> => {
  const path = join(folder, name);
  const bytes = await readBytes(path, maxGenerationBytes);
  if (!bytes.ok) return bytes;
  const generation = readGeneration(bytes.value.toString('utf8'));
  return generation.ok ? generation : fail(faultOf(generation.error, path));
};

const closeNew = (readers: ReadonlyMap<Digest, OpenPart>, known: LoadedGeneration | undefined): void => {
  for (const [digest, part] of readers) if (known?.readers.get(digest) !== part) part.close();
};

/** Parts that were read before are not read again, unless something in them could not be read. */
const openParts = async (
  folder: string,
  { parts }: Generation,
  found: EntryCache,
  known: LoadedGeneration | undefined,
): Promise<Result<ReadonlyMap<Digest, OpenPart>, FolderFault>> => {
  const readers = new Map<Digest, OpenPart>();
  const slice = createSlice();
  for (const { digest } of parts) {
    if (readers.has(digest)) continue;
    const kept = known?.readers.get(digest);
    const reader =
      kept === undefined || kept.isBroken() ? await readPartFile(folder, digest, found, slice) : ok(kept);
    if (!reader.ok) {
      closeNew(readers, known);
      return reader;
    }
    readers.set(digest, reader.value);
  }
  return ok(readers);
};

const loadFile = async (
  folder: string,
  name: string,
  known: LoadedGeneration | undefined,
): Promise<Result<LoadedGeneration, FolderFault>> => {
  const generation = await readGenerationFile(folder, name);
  if (!generation.ok) return generation;
  const found = known?.found ?? createEntryCache();
  const readers = await openParts(folder, generation.value, found, known);
  if (!readers.ok) return readers;
  return ok({
    name: nameOfGeneration(generation.value),
    generation: generation.value,
    readers: readers.value,
    lookup: lookupIn([...readers.value.values()]),
    found,
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
      parts.flatMap(({ digest }) => suffixes.map((suffix) => fileOf(digest, suffix))),
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

/** All bytes of a file of a part, compared with their digest. */
const readWhole = async (
  folder: string,
  file: string,
  digest: Digest,
): Promise<Result<Buffer, FolderFault>> => {
  const path = join(partsFolder(folder), file);
  const bytes = await readBytes(path, maxTextBytes);
  if (!bytes.ok) return bytes;
  return hasDigest(bytes.value, digest) ? bytes : fail({ kind: 'damaged', why: path });
};

/** All bytes of a part, for whoever makes another part of it. */
export const readPart = async (
  folder: string,
  digest: Digest,
  { texts: textsDigest }: PartSummary,
): Promise<Result<Pick<Part, 'index' | 'texts'>, FolderFault>> => {
  const index = await readWhole(folder, fileOf(digest, 'index'), digest);
  if (!index.ok) return index;
  const texts = await readWhole(folder, fileOf(digest, 'texts'), textsDigest);
  return texts.ok ? ok({ index: index.value, texts: texts.value }) : texts;
};

/** Keeps the list of the records that a part in force was made of; it goes with the part. @returns its digest */
export const keepRecords = async (folder: string, part: Digest, list: Buffer): Promise<Digest> => {
  await replaceFile(join(partsFolder(folder), fileOf(part, 'records')), list, ownerOnly);
  return digestOf(list, 'sha256');
};

export const readRecords = (
  folder: string,
  part: Digest,
  digest: Digest,
): Promise<Result<Buffer, FolderFault>> => readWhole(folder, fileOf(part, 'records'), digest);

/** What the advisories of a part say in words, by their ids; those that it does not have are left out. */
const readTextsOf = async (
  folder: string,
  [digest, reader]: readonly [Digest, PartReader],
  ids: ReadonlySet<string>,
): Promise<Result<ReadonlyMap<string, AdvisoryText>, FolderFault>> => {
  const found = new Map<string, AdvisoryText>();
  const numbers = reader.numbersOf(ids);
  if (numbers.size === 0) return ok(found);
  const texts = await readWhole(folder, fileOf(digest, 'texts'), reader.summary.texts);
  if (!texts.ok) return texts;
  for (const [id, number] of numbers) {
    const { from, to, read } = reader.textOf(number);
    const text = read(texts.value.subarray(from, to));
    if (text !== undefined) found.set(id, text);
  }
  return ok(found);
};

/**
 * What advisories in force say in words, by their ids. An id that no part has is left out; of one that several have the
 * first says it.
 */
export const readAdvisoryTexts = async (
  folder: string,
  { readers }: LoadedGeneration,
  ids: ReadonlySet<string>,
): Promise<Result<ReadonlyMap<string, AdvisoryText>, FolderFault>> => {
  const found = new Map<string, AdvisoryText>();
  for (const part of readers) {
    const missing = new Set([...ids].filter((id) => !found.has(id)));
    if (missing.size === 0) break;
    const texts = await readTextsOf(folder, part, missing);
    if (!texts.ok) return texts;
    for (const [id, text] of texts.value) found.set(id, text);
  }
  return ok(found);
};
