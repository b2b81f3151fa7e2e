import { ok, type Result } from '../../../core/result.ts';
import type { AdvisoryText } from '../../../core/vulnerability/advisory.ts';
import { bufferSource } from '../../../files/zip/byte-source.ts';
import type { Part } from '../compile-part.ts';
import {
  bytesAsNumbers,
  readLayout,
  readTexts,
  textsPerBlock,
  type PartFault,
  type PartSections,
} from '../part-format.ts';
import type { NameValue } from '../part-values.ts';

/** A name, and everything that a part holds about it. */
export interface PartName {
  readonly hash: number;
  /** As it is written, and read. */
  readonly text: string;
  readonly value: NameValue;
  /** The versions that its advisories list, as they are written, and read. */
  readonly versions: string;
  readonly listed: () => readonly string[];
}

/** All that a part holds, for whoever makes another part of it. */
export interface PartContents {
  /** How many advisories there are. */
  readonly count: number;
  /** An advisory without its packages, as it is written. */
  advisoryAt(number: number): string;
  textAt(number: number): AdvisoryText;
  /** The block of these texts as it is written; absent: they are no block of this part. */
  blockOf(numbers: readonly unknown[]): Buffer | undefined;
  names(): Iterable<PartName>;
}

/** The things of a section, by their number. */
const piecesOf = (bytes: Buffer, offsets: Buffer): ((at: number) => Buffer) => {
  const numbers = bytesAsNumbers(offsets);
  return (at) => bytes.subarray(numbers[at] ?? 0, numbers[at + 1] ?? 0);
};

/** Of a part whose bytes were compared with their digests. */
export const readPartContents = ({
  index,
  texts,
}: Pick<Part, 'index' | 'texts'>): Result<PartContents, PartFault> => {
  const layout = readLayout(bufferSource(index));
  if (!layout.ok) return layout;
  const { summary, sections } = layout.value;
  const bytesOf = (name: keyof PartSections): Buffer => {
    const { start, size } = sections[name];
    return index.subarray(start, start + size);
  };
  const hashes = bytesAsNumbers(bytesOf('hashes'));
  const valueAt = piecesOf(bytesOf('values'), bytesOf('valueOffsets'));
  const versionsAt = piecesOf(bytesOf('versions'), bytesOf('versionOffsets'));
  const advisoryAt = piecesOf(bytesOf('advisories'), bytesOf('advisoryOffsets'));
  const blockAt = piecesOf(texts, bytesOf('textOffsets'));
  const count = summary.advisories;
  // Whoever asks for one text asks for the next ones too.
  let open: { readonly block: number; readonly texts: readonly AdvisoryText[] } | undefined;
  return ok({
    count,
    advisoryAt: (number) => advisoryAt(number).toString('utf8'),
    textAt: (number) => {
      const block = Math.floor(number / textsPerBlock);
      if (open?.block !== block) open = { block, texts: readTexts(blockAt(block)) };
      const text = open.texts[number % textsPerBlock];
      if (text === undefined) throw new Error('a defect: an advisory without its text');
      return text;
    },
    blockOf: (numbers) => {
      const [first] = numbers;
      if (typeof first !== 'number' || first % textsPerBlock !== 0) return undefined;
      const isWhole = numbers.length === Math.min(textsPerBlock, count - first);
      return isWhole && numbers.every((number, at) => number === first + at)
        ? blockAt(first / textsPerBlock)
        : undefined;
    },
    names: function* () {
      for (const [at, hash] of hashes.entries()) {
        const text = valueAt(at).toString('utf8');
        const value = JSON.parse(text) as NameValue;
        const versions = versionsAt(at).toString('utf8');
        const listed = () => (versions === '' ? [] : (JSON.parse(versions) as readonly string[]));
        yield { hash, text, value, versions, listed };
      }
    },
  });
};
