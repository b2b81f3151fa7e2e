import { messageOf, ok, type Result } from '../../core/result.ts';
import type { Advisory, AdvisoryEntry, AdvisoryText, Affected } from '../../core/vulnerability/advisory.ts';
import { createLruCache, type LruCache } from '../../concurrency/cache/lru-cache.ts';
import { AdvisoriesUnreadable } from '../../evidence/ports.ts';
import type { ByteSource } from '../../files/zip/byte-source.ts';
import {
  bytesAsNumbers,
  keyHash,
  readLayout,
  readTexts,
  textsPerBlock,
  type PartFault,
  type PartSummary,
  type SectionPlace,
} from './part-format.ts';
import { affectedOf, type ListedVersions, type NameValue } from './part-values.ts';

/** Where something lies in its section. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads what is asked for out of the file; each read of what cannot be read throws {@link AdvisoriesUnreadable}. */
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
  /** The numbers of advisories by their ids; looks through all that there are, for those that a person asks about. */
  numbersOf(ids: ReadonlySet<string>): ReadonlyMap<string, number>;
  /** Where the block with the text of an advisory lies in the other file, and how to read it. */
  textOf(advisory: number): Span & {
    readonly read: (block: Uint8Array) => AdvisoryText | undefined;
  };
  /** Whether something in it could not be read. */
  isBroken(): boolean;
}

/** What was found under names lately, by the part and the name. */
export interface EntryCache {
  readonly entries: LruCache<readonly AdvisoryEntry[]>;
  /** A name for a part that is opened: entries read out of its file, which no other reader of the same part may. */
  nextPart(): string;
}
const maxCachedNames = 8192;
const maxCachedBytes = 48 * 1024 * 1024;
export const createEntryCache = (): EntryCache => {
  let last = 0;
  return {
    entries: createLruCache({ entries: maxCachedNames, weight: maxCachedBytes }),
    nextPart: () => String((last += 1)),
  };
};
/** About how much an entry, and what is parsed of its text, take in memory: measured with 5,200 names, all of them read. */
const entryBytes = 600;
const bytesPerCharacter = 3;

const none: readonly AdvisoryEntry[] = [];

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

/** Looks into the text before it is parsed: lists are long, and most versions stand in none. */
const listedVersions = (read: () => string): ListedVersions => {
  let text: string | undefined;
  let parsed: readonly string[] | undefined;
  let asked: string | undefined;
  let isHeld = true;
  return {
    get all() {
      parsed ??= JSON.parse((text ??= read())) as readonly string[];
      return parsed;
    },
    mayHold: (version) => {
      // All advisories about a name are asked about one version of it.
      if (asked !== version) isHeld = (text ??= read()).includes(JSON.stringify(version));
      asked = version;
      return isHeld;
    },
  };
};

/** Which bytes of a part are read when, and whether all of them could be. */
const createFile = (source: ByteSource) => {
  let isBroken = false;
  const read = <T>(use: () => T): T => {
    try {
      return use();
    } catch (error) {
      isBroken = true;
      throw error instanceof AdvisoriesUnreadable ? error : new AdvisoriesUnreadable(messageOf(error));
    }
  };
  /** Attack: cut the file while it is open, so that advisories past its end are never found. */
  const bytesIn = ({ start, size }: SectionPlace, from = 0, to = size): Buffer => {
    const bytes = source.read(start + from, to - from);
    if (to > size || bytes.length < to - from)
      throw new AdvisoriesUnreadable('the file is shorter than it was');
    return bytes;
  };
  return {
    read,
    bytesIn,
    numbersIn: (place: SectionPlace): Uint32Array => bytesAsNumbers(bytesIn(place)),
    textIn: (place: SectionPlace, { from, to }: Span): string => bytesIn(place, from, to).toString('utf8'),
    isBroken: (): boolean => isBroken,
  };
};

/** How an advisory begins that has this id. Within a text a quotation mark would have a backslash before it. */
const beginningWith = (id: string): string => JSON.stringify({ id }).slice(0, -1);

/** Where the things of a section lie in it, by their number. */
const spansOf =
  (offsets: Uint32Array) =>
  (at: number): Span => ({ from: offsets[at] ?? 0, to: offsets[at + 1] ?? 0 });

/** Of the advisories about a name few match: the others are not read. */
class FoundEntry implements AdvisoryEntry {
  readonly affected: Affected;
  readonly #number: number;
  readonly #read: (number: number) => Advisory;
  #advisory: Advisory | undefined;

  constructor(affected: Affected, number: number, read: (number: number) => Advisory) {
    this.affected = affected;
    this.#number = number;
    this.#read = read;
  }

  get advisory(): Advisory {
    return (this.#advisory ??= this.#read(this.#number));
  }
}

const lengthOf = ({ from, to }: Span): number => to - from;

/**
 * Opens a part whose bytes were compared with their digest. Of an index of a hundred megabytes only hashes and
 * offsets are held in memory.
 *
 * @param cached what was found in all parts lately
 */
export const openPart = (source: ByteSource, cached = createEntryCache()): Result<PartReader, PartFault> => {
  const file = createFile(source);
  const { read, textIn } = file;
  const layout = readLayout(source);
  if (!layout.ok) return layout;
  const { summary, sections } = layout.value;
  const part = cached.nextPart();
  const hashes = file.numbersIn(sections.hashes);
  const valueOf = spansOf(file.numbersIn(sections.valueOffsets));
  const versionsOf = spansOf(file.numbersIn(sections.versionOffsets));
  const advisoryOffsets = file.numbersIn(sections.advisoryOffsets);
  const advisoryOf = spansOf(advisoryOffsets);
  const blockOf = spansOf(file.numbersIn(sections.textOffsets));
  const releases = new Set(JSON.parse(file.bytesIn(sections.releases).toString('utf8')) as readonly string[]);

  const advisoryAt = (index: number): Advisory =>
    JSON.parse(textIn(sections.advisories, advisoryOf(index))) as Advisory;
  const readAdvisory = (number: number): Advisory => read(() => advisoryAt(number));
  const entriesIn = (value: NameValue, versions: Span): readonly AdvisoryEntry[] => {
    const listed = listedVersions(() => read(() => textIn(sections.versions, versions)));
    return value[2].map((entry) => new FoundEntry(affectedOf(value, entry, listed), entry[0], readAdvisory));
  };
  const find = (ecosystem: string, name: string, hash: number): readonly AdvisoryEntry[] => {
    const key = `${part}\0${ecosystem}\0${name}`;
    const kept = cached.entries.get(key);
    if (kept !== undefined) return kept;
    for (let at = lowerBound(hashes, hash); hashes[at] === hash; at += 1) {
      const value = JSON.parse(textIn(sections.values, valueOf(at))) as NameValue;
      if (value[0] !== ecosystem || value[1] !== name) continue;
      const entries = entriesIn(value, versionsOf(at));
      const text = lengthOf(valueOf(at)) + lengthOf(versionsOf(at));
      cached.entries.set(key, entries, bytesPerCharacter * text + entryBytes * entries.length);
      return entries;
    }
    return none;
  };
  return ok({
    summary,
    hashes,
    speaksOf: (ecosystem) => releases.has(ecosystem),
    find: (ecosystem, name, hash = keyHash(ecosystem, name)) => read(() => find(ecosystem, name, hash)),
    numbersOf: (ids) =>
      read(() => {
        const bytes = file.bytesIn(sections.advisories);
        const places = [...ids].map((id) => [id, bytes.indexOf(beginningWith(id))] as const);
        const found = places.filter(([, at]) => at >= 0);
        return new Map(found.map(([id, at]) => [id, lowerBound(advisoryOffsets, at)]));
      }),
    textOf: (advisory) => ({
      ...blockOf(Math.floor(advisory / textsPerBlock)),
      read: (compressed) => readTexts(compressed)[advisory % textsPerBlock],
    }),
    isBroken: file.isBroken,
  });
};
