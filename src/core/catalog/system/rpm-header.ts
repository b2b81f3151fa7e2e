/*
 * A header of rpm, as the database keeps one a package: two counts, an index of tags, and the data they point into.
 * Specification: https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
import { textOfBytes } from '../../layer/tar/byte-text.ts';

interface IndexEntry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

export interface RpmHeader {
  readonly index: ReadonlyMap<number, IndexEntry>;
  readonly data: Uint8Array;
}

const entryLength = 16;
const maxTags = 65_536;

/** `undefined`: it is no header, or its parts do not lie in it. The first of equal tags counts. */
export const readRpmHeader = (bytes: Uint8Array): RpmHeader | undefined => {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags = view.getUint32(0);
  const dataAt = 8 + tags * entryLength;
  if (tags > maxTags || dataAt + view.getUint32(4) > bytes.length) return undefined;
  const index = new Map<number, IndexEntry>();
  for (let at = 8; at < dataAt; at += entryLength) {
    const tag = view.getUint32(at);
    const entry = {
      type: view.getUint32(at + 4),
      offset: view.getUint32(at + 8),
      count: view.getUint32(at + 12),
    };
    if (!index.has(tag)) index.set(tag, entry);
  }
  return { index, data: bytes.subarray(dataAt, dataAt + view.getUint32(4)) };
};

const int32Type = 4;
const stringTypes = [6, 8, 9];

/** Values of one tag. The package with the most files that is known has a tenth of that. */
const maxValues = 1_000_000;

/** The texts of a tag, each ended by a NUL. `undefined`: there is no such tag, or it does not hold what it says. */
export const rpmTexts = ({ index, data }: RpmHeader, tag: number): readonly string[] | undefined => {
  const entry = index.get(tag);
  if (entry === undefined || !stringTypes.includes(entry.type) || entry.count > maxValues) return undefined;
  const texts: string[] = [];
  for (let at = entry.offset; texts.length < entry.count;) {
    const end = data.indexOf(0, at);
    if (end < 0) return undefined;
    texts.push(textOfBytes(data.subarray(at, end)));
    at = end + 1;
  }
  return texts;
};

export const rpmNumbers = ({ index, data }: RpmHeader, tag: number): readonly number[] | undefined => {
  const entry = index.get(tag);
  if (entry?.type !== int32Type || entry.count > maxValues || entry.offset + entry.count * 4 > data.length)
    return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: entry.count }, (_, at) => view.getUint32(entry.offset + at * 4));
};
