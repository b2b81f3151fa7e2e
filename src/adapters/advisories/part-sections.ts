import { constants, zstdCompressSync } from 'node:zlib';
import type { AdvisoryText, Affected } from '../../core/vulnerability/advisory.ts';
import { packageKeyName } from '../../core/vulnerability/package.ts';
import { keyHash, keyOf, numbersAsBytes, textsPerBlock } from './part-format.ts';
import { writeEntry, writeName } from './part-values.ts';

/** Fast: a level more costs more time than the disk that it saves is worth. */
const zstdLevel = 1;

/** Bytes one after the other, and where each begins. */
export const createSection = () => {
  const chunks: Buffer[] = [];
  const offsets = [0];
  let size = 0;
  return {
    add: (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      offsets.push(size);
    },
    bytes: (): Buffer => Buffer.concat(chunks, size),
    offsets: (): Buffer => numbersAsBytes(offsets),
  };
};

/** Texts of many advisories compress better together than each alone, and one is still read quickly. */
export const createTexts = () => {
  const blocks = createSection();
  let waiting: AdvisoryText[] = [];
  const flush = (): void => {
    if (waiting.length === 0) return;
    const block = Buffer.from(JSON.stringify(waiting));
    blocks.add(zstdCompressSync(block, { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } }));
    waiting = [];
  };
  return {
    add: (text: AdvisoryText): void => {
      waiting.push(text);
      if (waiting.length === textsPerBlock) flush();
    },
    end: (): { readonly bytes: Buffer; readonly offsets: Buffer } => {
      flush();
      return { bytes: blocks.bytes(), offsets: blocks.offsets() };
    },
  };
};

interface Key {
  readonly hash: number;
  readonly key: string;
  /** Where the versions that its advisories list stand. */
  readonly places: Map<string, number>;
  readonly entries: string[];
}

/** By hash, as a search needs it, and then by key, so that the same records make the same bytes. */
const inOrder = (one: Key, other: Key): number => one.hash - other.hash || (one.key < other.key ? -1 : 1);

/** What advisories say of names, and the sections in which they are found by the hash of the name. */
export const createKeys = () => {
  const keys = new Map<string, Key>();
  return {
    add: (advisory: number, affected: Affected): void => {
      const { ecosystem } = affected;
      const name = packageKeyName(ecosystem, affected.name);
      const key = keyOf(ecosystem, name);
      let found = keys.get(key);
      if (found === undefined) {
        found = { key, hash: keyHash(ecosystem, name), places: new Map(), entries: [] };
        keys.set(key, found);
      }
      found.entries.push(writeEntry(advisory, affected, found.places));
    },
    count: (): number => keys.size,
    sections: () => {
      const sorted = [...keys.values()].sort(inOrder);
      const names = createSection();
      const values = createSection();
      for (const found of sorted) {
        names.add(Buffer.from(found.key));
        values.add(Buffer.from(writeName(found.places, found.entries)));
      }
      return {
        hashes: numbersAsBytes(sorted.map(({ hash }) => hash)),
        keyOffsets: names.offsets(),
        keys: names.bytes(),
        valueOffsets: values.offsets(),
        values: values.bytes(),
      };
    },
  };
};
