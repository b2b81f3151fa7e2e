import { endianness } from 'node:os';
import { zstdDecompressSync } from 'node:zlib';
import type { Digest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { AdvisoryText } from '../../core/vulnerability/advisory.ts';
import type { ByteSource } from '../../files/zip/byte-source.ts';

/** Changes with every change of what the bytes of a part mean; a part of another one is compiled anew. */
export const partSchema = 4;
const magic = `imagegate advisories ${partSchema}\n`;

/** What a part says of itself. */
export interface PartSummary {
  readonly ecosystem: string;
  /** Advisories that are in force. */
  readonly advisories: number;
  /** Names of packages that they speak of. */
  readonly names: number;
  readonly withdrawn: number;
  /** Records that speak of other ecosystems alone. */
  readonly elsewhere: number;
  /** Records that could not be read, and the first of them. */
  readonly unreadable: number;
  readonly unreadableNames: readonly string[];
  /** Time of the newest record, absent when none has a time that is not in the future. */
  readonly newest?: string;
  /** Of the file with the texts. */
  readonly texts: Digest;
}

/** The sections of the index, in their order. Offsets are counted in their own section. */
export interface PartSections {
  /** For each name: the hash, sorted. */
  readonly hashes: Buffer;
  /** For each name and one more: where what advisories say of it begins. */
  readonly valueOffsets: Buffer;
  readonly values: Buffer;
  readonly versionOffsets: Buffer;
  /** The versions that advisories list for each name: long, and asked only when no range holds a version. */
  readonly versions: Buffer;
  /** For each advisory and one more: where it begins. */
  readonly advisoryOffsets: Buffer;
  readonly advisories: Buffer;
  /** For each block of texts and one more: where it begins in the other file. */
  readonly textOffsets: Buffer;
  /** The ecosystems of all names, each with its release: a list in JSON. */
  readonly releases: Buffer;
}
const sectionNames = [
  'hashes',
  'valueOffsets',
  'values',
  'versionOffsets',
  'versions',
  'advisoryOffsets',
  'advisories',
  'textOffsets',
  'releases',
] as const satisfies readonly (keyof PartSections)[];

/** How many texts are compressed together. */
export const textsPerBlock = 256;
/** Texts of one block, inflated. Each is cut when it is compiled. */
const maxBlockBytes = 64 * 1024 * 1024;
export const readTexts = (block: Uint8Array): readonly AdvisoryText[] =>
  JSON.parse(
    zstdDecompressSync(block, { maxOutputLength: maxBlockBytes }).toString('utf8'),
  ) as AdvisoryText[];

/** Parts with fewer than four gigabytes have offsets of four bytes, the lowest first. */
export const numbersAsBytes = (numbers: readonly number[]): Buffer => {
  const bytes = Buffer.allocUnsafe(numbers.length * 4);
  for (const [index, value] of numbers.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
};
const isReversed = endianness() === 'BE';
export const bytesAsNumbers = (bytes: Buffer): Uint32Array => {
  const numbers = new Uint32Array(bytes.length / 4);
  const copy = Buffer.from(numbers.buffer);
  bytes.copy(copy);
  if (isReversed) copy.swap32();
  return numbers;
};

/**
 * FNV-1a over the name and then its ecosystem, so that the hash of a name is made once for all its releases. It only
 * spreads keys: whoever makes names of one hash makes a search slower, never wrong.
 */
export const keyHash = (ecosystem: string, name: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1)
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  for (let index = 0; index < ecosystem.length; index += 1)
    hash = Math.imul(hash ^ ecosystem.charCodeAt(index), 0x01000193);
  return hash >>> 0;
};
const maxHeaderBytes = 64 * 1024;

/** Magic, the summary and the sizes of the sections as one line of JSON, then the sections. */
export const writePart = (summary: PartSummary, sections: PartSections): Buffer => {
  const bodies = sectionNames.map((name) => sections[name]);
  const header = JSON.stringify({ summary, sizes: bodies.map((body) => body.length) });
  return Buffer.concat([Buffer.from(`${magic}${header}\n`), ...bodies]);
};

export type PartFault = 'other-schema' | 'damaged';

/** Where a section lies in the file. */
export interface SectionPlace {
  readonly start: number;
  readonly size: number;
}
interface PartLayout {
  readonly summary: PartSummary;
  readonly sections: Readonly<Record<keyof PartSections, SectionPlace>>;
}

/** Of a file whose digest was compared with its name: this program wrote it. */
export const readLayout = (source: ByteSource): Result<PartLayout, PartFault> => {
  const bytes = source.read(0, magic.length + maxHeaderBytes);
  const named = bytes.toString('latin1', 0, magic.length);
  if (named !== magic) return fail(named.startsWith('imagegate advisories ') ? 'other-schema' : 'damaged');
  const end = bytes.indexOf('\n', magic.length);
  if (end < 0) return fail('damaged');
  const { summary, sizes } = JSON.parse(bytes.toString('utf8', magic.length, end)) as {
    summary: PartSummary;
    sizes: number[];
  };
  let at = end + 1;
  const places = sectionNames.map((name, index) => {
    const place = { start: at, size: sizes[index] ?? 0 };
    at += place.size;
    return [name, place] as const;
  });
  if (sizes.length !== sectionNames.length || at !== source.size) return fail('damaged');
  return ok({ summary, sections: Object.fromEntries(places) as Record<keyof PartSections, SectionPlace> });
};
