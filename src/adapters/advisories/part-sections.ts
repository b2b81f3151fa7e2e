import { constants, zstdCompressSync, type ZstdOptions } from 'node:zlib';
import type { AdvisoryText, Affected } from '../../core/vulnerability/advisory.ts';
import { packageKeyName } from '../../core/vulnerability/package.ts';
import { keyHash, numbersAsBytes, textsPerBlock } from './part-format.ts';
import { noPlaces, writeEntry, writeName, writeVersions, type VersionPlaces } from './part-values.ts';

/** Fast: a level more costs more time than the disk that it saves is worth. */
const compression: ZstdOptions = {
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  // A block is one piece, not twenty that are put together.
  chunkSize: 256 * 1024,
};

const chunkBytes = 1024 * 1024;
/** The most bytes of a character of a text. */
const bytesPerCharacter = 3;

/** Bytes one after the other, and where each begins. Texts are written into large pieces: there are hundreds of thousands. */
export const createSection = () => {
  const full: Buffer[] = [];
  const offsets = [0];
  let size = 0;
  let chunk = Buffer.alloc(0);
  let used = 0;
  const begin = (bytes: number): void => {
    full.push(chunk.subarray(0, used));
    chunk = Buffer.allocUnsafeSlow(bytes);
    used = 0;
  };
  return {
    add: (text: string): void => {
      const most = bytesPerCharacter * text.length;
      if (chunk.length - used < most) begin(Math.max(chunkBytes, most));
      const written = chunk.write(text, used);
      used += written;
      size += written;
      offsets.push(size);
    },
    addBytes: (bytes: Buffer): void => {
      begin(0);
      full.push(bytes);
      size += bytes.length;
      offsets.push(size);
    },
    bytes: (): Buffer => Buffer.concat([...full, chunk.subarray(0, used)], size),
    offsets: (): Buffer => numbersAsBytes(offsets),
  };
};

/** Texts of many advisories compress better together than each alone, and one is still read quickly. */
export const createTexts = () => {
  const blocks = createSection();
  // One piece of memory for all blocks: to get a new one costs as much as to fill it.
  let room = Buffer.allocUnsafeSlow(chunkBytes);
  let used = 0;
  let count = 0;
  // Each text by itself: one character outside of Latin makes all of a block cost twice as much.
  const write = (text: string): void => {
    const most = used + bytesPerCharacter * text.length;
    if (most > room.length) room = Buffer.concat([room.subarray(0, used)], 2 * most);
    used += room.write(text, used);
  };
  const flush = (): void => {
    if (count === 0) return;
    write(']');
    blocks.addBytes(zstdCompressSync(room.subarray(0, used), compression));
    used = 0;
    count = 0;
  };
  return {
    add: (text: AdvisoryText): void => {
      write(count === 0 ? '[' : ',');
      write(JSON.stringify(text));
      count += 1;
      if (count === textsPerBlock) flush();
    },
    /** A block of another part, as it is; only where a block begins. */
    addBlock: (compressed: Buffer): void => blocks.addBytes(compressed),
    end: (): { readonly bytes: Buffer; readonly offsets: Buffer } => {
      flush();
      return { bytes: blocks.bytes(), offsets: blocks.offsets() };
    },
  };
};

interface NameKey {
  readonly hash: number;
  readonly ecosystem: string;
  readonly name: string;
}
interface Name extends NameKey {
  /** Where the versions that its advisories list stand. */
  readonly places: VersionPlaces;
  readonly entries: string[];
}
/** A name of which another part holds the same. */
interface KeptName extends NameKey {
  readonly value: string;
  readonly versions: string;
}

/** By hash, as a search needs it, and then by text, so that the same records make the same bytes. */
const inOrder = (one: NameKey, other: NameKey): number => {
  if (one.hash !== other.hash) return one.hash - other.hash;
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.ecosystem < other.ecosystem ? -1 : 1;
};

/** What advisories say of names, and the sections in which they are found by the hash of the name. */
export const createNames = () => {
  const byEcosystem = new Map<string, Map<string, Name>>();
  const kept: KeptName[] = [];
  return {
    add: (advisory: number, affected: Affected): void => {
      const { ecosystem } = affected;
      const name = packageKeyName(ecosystem, affected.name);
      let names = byEcosystem.get(ecosystem);
      if (names === undefined) byEcosystem.set(ecosystem, (names = new Map<string, Name>()));
      let found = names.get(name);
      if (found === undefined) {
        found = { ecosystem, name, hash: keyHash(ecosystem, name), places: noPlaces(), entries: [] };
        names.set(name, found);
      }
      found.entries.push(writeEntry(advisory, affected, found.places));
    },
    /** A name as another part holds it; nothing may be added to it. */
    keep: (name: KeptName): void => void kept.push(name),
    count: (): number => [...byEcosystem.values()].reduce((sum, names) => sum + names.size, kept.length),
    sections: () => {
      const added = [...byEcosystem.values()].flatMap((names) => [...names.values()]);
      const sorted = [...added, ...kept].sort(inOrder);
      const values = createSection();
      const versions = createSection();
      for (const one of sorted) {
        const isKept = 'value' in one;
        values.add(isKept ? one.value : writeName(one.ecosystem, one.name, one.entries));
        versions.add(isKept ? one.versions : writeVersions(one.places));
      }
      const ecosystems = new Set([...byEcosystem.keys(), ...kept.map(({ ecosystem }) => ecosystem)]);
      return {
        hashes: numbersAsBytes(sorted.map(({ hash }) => hash)),
        valueOffsets: values.offsets(),
        values: values.bytes(),
        versionOffsets: versions.offsets(),
        versions: versions.bytes(),
        releases: Buffer.from(JSON.stringify([...ecosystems].sort())),
      };
    },
  };
};
