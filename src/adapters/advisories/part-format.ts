import type { Digest } from '../../core/image/digest.ts';
import { fail, ok, type Result } from '../../core/result.ts';

/** Changes with every change of what the bytes of a part mean; a part of another one is compiled anew. */
export const partSchema = 2;
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
  /** For each key: the hash, sorted. */
  readonly hashes: Buffer;
  /** For each key and one more: where key and value begin. */
  readonly keyOffsets: Buffer;
  readonly keys: Buffer;
  readonly valueOffsets: Buffer;
  readonly values: Buffer;
  /** For each advisory and one more: where it begins. */
  readonly advisoryOffsets: Buffer;
  readonly advisories: Buffer;
  /** For each block of texts and one more: where it begins in the other file. */
  readonly textOffsets: Buffer;
}
const sectionNames = [
  'hashes',
  'keyOffsets',
  'keys',
  'valueOffsets',
  'values',
  'advisoryOffsets',
  'advisories',
  'textOffsets',
] as const satisfies readonly (keyof PartSections)[];

/** How many texts are compressed together. */
export const textsPerBlock = 256;

/** Parts with fewer than four gigabytes have offsets of four bytes. */
export const numbersAsBytes = (numbers: readonly number[]): Buffer => {
  const bytes = Buffer.allocUnsafe(numbers.length * 4);
  for (const [index, value] of numbers.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
};
export const bytesAsNumbers = (bytes: Buffer): Uint32Array => {
  const numbers = new Uint32Array(bytes.length / 4);
  for (let index = 0; index < numbers.length; index += 1) numbers[index] = bytes.readUInt32LE(index * 4);
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
export const keyOf = (ecosystem: string, name: string): string => `${ecosystem}\0${name}`;

const maxHeaderBytes = 64 * 1024;

/** Magic, the summary and the sizes of the sections as one line of JSON, then the sections. */
export const writePart = (summary: PartSummary, sections: PartSections): Buffer => {
  const bodies = sectionNames.map((name) => sections[name]);
  const header = JSON.stringify({ summary, sizes: bodies.map((body) => body.length) });
  return Buffer.concat([Buffer.from(`${magic}${header}\n`), ...bodies]);
};

export type PartFault = 'other-schema' | 'damaged';

const readHeader = (
  bytes: Buffer,
): Result<
  { readonly summary: PartSummary; readonly sizes: readonly number[]; readonly end: number },
  PartFault
> => {
  const named = bytes.toString('latin1', 0, magic.length);
  if (named !== magic) return fail(named.startsWith('imagegate advisories ') ? 'other-schema' : 'damaged');
  const end = bytes.subarray(0, magic.length + maxHeaderBytes).indexOf('\n', magic.length);
  if (end < 0) return fail('damaged');
  // The bytes have the digest by which they are named: this program wrote them.
  const { summary, sizes } = JSON.parse(bytes.toString('utf8', magic.length, end)) as {
    summary: PartSummary;
    sizes: number[];
  };
  return ok({ summary, sizes, end: end + 1 });
};

/** Bytes whose digest was compared with their name. */
export const readPart = (
  bytes: Buffer,
): Result<{ readonly summary: PartSummary; readonly sections: PartSections }, PartFault> => {
  const header = readHeader(bytes);
  if (!header.ok) return header;
  const { summary, sizes, end } = header.value;
  let at = end;
  const bodies = sectionNames.map((name, index) => {
    const start = at;
    at += sizes[index] ?? 0;
    return [name, bytes.subarray(start, at)] as const;
  });
  if (sizes.length !== sectionNames.length || at !== bytes.length) return fail('damaged');
  return ok({ summary, sections: Object.fromEntries(bodies) as Record<keyof PartSections, Buffer> });
};
