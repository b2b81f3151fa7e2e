import { zstdDecompressSync } from 'node:zlib';
import { ok, type Result } from '../../core/result.ts';
import type { Advisory, AdvisoryEntry, AdvisoryText, Affected } from '../../core/vulnerability/advisory.ts';
import {
  bytesAsNumbers,
  keyHash,
  keyOf,
  readPart,
  textsPerBlock,
  type PartFault,
  type PartSummary,
} from './part-format.ts';
import { readName, type NameValue } from './part-values.ts';

export interface PartReader {
  readonly summary: PartSummary;
  /** Whether any name is of this ecosystem, with its release. */
  speaksOf(ecosystem: string): boolean;
  /** Of all names, sorted. */
  readonly hashes: Uint32Array;
  /**
   * Everything about one name. The texts of an advisory are not read.
   *
   * @param hash of both, for whoever asks several parts
   */
  find(ecosystem: string, name: string, hash?: number): readonly AdvisoryEntry[];
  /** The number of an advisory by its id; looks at all of them, for the one that a person asks about. */
  numberOf(id: string): number | undefined;
  /** Where the block with the text of an advisory lies in the other file, and how to read it. */
  textOf(advisory: number): {
    readonly start: number;
    readonly end: number;
    readonly read: (block: Uint8Array) => AdvisoryText | undefined;
  };
}

const none: readonly AdvisoryEntry[] = [];
/** Texts of one block, inflated. Each is cut when it is compiled. */
const maxBlockBytes = 64 * 1024 * 1024;

/** The first index whose number is not below the one asked for. */
const lowerBound = (numbers: Uint32Array, wanted: number): number => {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The ecosystems of all names, each with its release: a few in a hundred thousand names. */
const ecosystemsIn = (keys: Buffer, offsets: Uint32Array): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const start of offsets) {
    const end = keys.indexOf(0, start);
    if (end > start) found.add(keys.toString('utf8', start, end));
  }
  return found;
};

/** Reads a part by binary search on its bytes, which were compared with their digest. */
export const openPart = (bytes: Buffer): Result<PartReader, PartFault> => {
  const read = readPart(bytes);
  if (!read.ok) return read;
  const { summary, sections } = read.value;
  const hashes = bytesAsNumbers(sections.hashes);
  const keyOffsets = bytesAsNumbers(sections.keyOffsets);
  const valueOffsets = bytesAsNumbers(sections.valueOffsets);
  const advisoryOffsets = bytesAsNumbers(sections.advisoryOffsets);
  const textOffsets = bytesAsNumbers(sections.textOffsets);
  const slice = (section: Buffer, offsets: Uint32Array, index: number): string =>
    section.toString('utf8', offsets[index], offsets[index + 1]);
  const advisoryAt = (index: number): Advisory =>
    JSON.parse(slice(sections.advisories, advisoryOffsets, index)) as Advisory;

  let ecosystems: ReadonlySet<string> | undefined;
  const entryOf = (number: number, affected: Affected): AdvisoryEntry => {
    let advisory: Advisory | undefined;
    return {
      affected,
      // Of the advisories about a name few match: the others are not parsed.
      get advisory() {
        advisory ??= advisoryAt(number);
        return advisory;
      },
    };
  };
  return ok({
    summary,
    hashes,
    speaksOf: (ecosystem) => {
      ecosystems ??= ecosystemsIn(sections.keys, keyOffsets);
      return ecosystems.has(ecosystem);
    },
    find: (ecosystem, name, hash = keyHash(ecosystem, name)) => {
      for (let index = lowerBound(hashes, hash); hashes[index] === hash; index += 1) {
        if (slice(sections.keys, keyOffsets, index) !== keyOf(ecosystem, name)) continue;
        const value = JSON.parse(slice(sections.values, valueOffsets, index)) as NameValue;
        return readName(ecosystem, name, value).map(({ advisory, affected }) => entryOf(advisory, affected));
      }
      return none;
    },
    numberOf: (id) => {
      for (let index = 0; index < summary.advisories; index += 1)
        if (advisoryAt(index).id === id) return index;
      return undefined;
    },
    textOf: (advisory) => {
      const block = Math.floor(advisory / textsPerBlock);
      return {
        start: textOffsets[block] ?? 0,
        end: textOffsets[block + 1] ?? 0,
        read: (compressed) => {
          const inflated = zstdDecompressSync(compressed, { maxOutputLength: maxBlockBytes });
          const texts = JSON.parse(inflated.toString('utf8')) as readonly AdvisoryText[];
          return texts[advisory % textsPerBlock];
        },
      };
    },
  });
};
