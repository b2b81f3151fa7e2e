import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, hexOf, type Digest } from '../../../core/image/digest.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { isDigestOf } from '../../../evidence/content-digest.ts';
import { whyNot } from '../../../files/file-problem.ts';
import { readSection, streamSection, type FileSection } from '../../../files/file-section.ts';
import type { LayerSource } from '../../../adapters/catalog/image-cataloger.ts';

/** The files of images on this machine: a folder, or an archive. */
export interface ImageContents {
  /** The file of a name; or why there is none. */
  find(name: string): Promise<Result<FileSection, string>>;
}

/** A folder. Only names that are made of digests, and names that the format itself gives, are looked up in it. */
export const folderContents = (folder: string): ImageContents => ({
  find: async (name) => {
    const path = join(folder, name);
    try {
      const found = await stat(path);
      return found.isFile() ? ok({ path, offset: 0, length: found.size }) : fail('it is no regular file');
    } catch (error) {
      return fail(whyNot(error));
    }
  },
});

/** OCI image-layout, "Blobs": a digest names its file. */
const blobName = (digest: Digest): string => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;

export const readContents = async (
  contents: ImageContents,
  name: string,
  maxBytes: number,
): Promise<Result<Buffer, string>> => {
  const section = await contents.find(name);
  const read = section.ok ? await readSection(section.value, maxBytes) : section;
  return read.ok ? read : fail(`cannot read ${name}: ${read.error}`);
};

/** Small content by its digest, which is proved. */
export const readBlob = async (
  contents: ImageContents,
  digest: Digest,
  maxBytes: number,
): Promise<Result<Buffer, string>> => {
  const bytes = await readContents(contents, blobName(digest), maxBytes);
  if (!bytes.ok || isDigestOf(bytes.value, digest)) return bytes;
  return fail(`${blobName(digest)} holds other bytes than its name says`);
};

/** A layer by its digest, which is proved when all of it was read. */
const streamBlob = async (
  contents: ImageContents,
  digest: Digest,
  take: (chunk: Uint8Array) => Promise<boolean>,
  signal: AbortSignal,
): Promise<Result<undefined, string>> => {
  const name = blobName(digest);
  const section = await contents.find(name);
  if (!section.ok) return fail(`cannot read ${name}: ${section.error}`);
  const hash = createHash(algorithmOf(digest));
  let isWanted = true;
  const onChunk = async (chunk: Uint8Array): Promise<boolean> => {
    hash.update(chunk);
    isWanted = await take(chunk);
    return isWanted;
  };
  const read = await streamSection(section.value, onChunk, signal);
  if (!read.ok) return fail(`cannot read ${name}: ${read.error}`);
  const isProved = !isWanted || hash.digest('hex') === hexOf(digest);
  return isProved ? ok(undefined) : fail(`${name} holds other bytes than its name says`);
};

type LayerWords = Pick<
  LayerSource<string>,
  'digest' | 'mediaType' | 'size' | 'annotations' | 'diffId' | 'createdBy'
>;

/** A layer that its digest names. */
export const blobLayer = (contents: ImageContents, words: LayerWords): LayerSource<string> => ({
  ...words,
  read: (take, signal) => streamBlob(contents, words.digest, take, signal),
  mayKnow: async () => (await contents.find(blobName(words.digest))).ok,
});

/** A layer that its file names; what it has to unpack to proves it. */
export const namedLayer = (
  contents: ImageContents,
  name: string,
  words: LayerWords,
): LayerSource<string> => ({
  ...words,
  read: async (take, signal) => {
    const section = await contents.find(name);
    const read = section.ok ? await streamSection(section.value, take, signal) : section;
    return read.ok ? read : fail(`cannot read ${name}: ${read.error}`);
  },
  mayKnow: async () => (await contents.find(name)).ok,
});
