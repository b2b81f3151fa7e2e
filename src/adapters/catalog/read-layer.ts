import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { chooseFileOf } from '../../core/catalog/choose-file.ts';
import type { CatalogedFile } from '../../core/catalog/cataloged-file.ts';
import { algorithmOf, hexOf, type Digest } from '../../core/image/digest.ts';
import { isLazyByTail, layerTailLength, stargzTable } from '../../core/layer/layer-form.ts';
import { createLayerReader, type ChooseFile } from '../../core/layer/layer-reader.ts';
import type { LayerDirectory } from '../../core/layer/layer-tree.ts';
import type { TarLimits } from '../../core/layer/tar/tar-steps.ts';
import { ok, type Result } from '../../core/result.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../../core/text/unreadable.ts';
import { unpack } from './unpack.ts';

/** What was found in one layer. */
export interface ReadLayer {
  readonly root: LayerDirectory<CatalogedFile>;
  /** A runtime may believe a table of contents in it (V3). */
  readonly isLazy: boolean;
  /** How long it is when it is unpacked. */
  readonly unpacked: number;
}

/** How to read it. */
export interface LayerReading {
  /** What the config of the image says that it unpacks to; absent: it is no layer of an image, and nobody says so. */
  readonly diffId?: Digest;
  readonly limits: TarLimits;
  /** Files that other paths lead to, by their number. */
  readonly links?: ReadonlyMap<number, string>;
}

/** What was found in one layer, written down. The paths of 300,000 files have 20 MB. */
const maxFoundBytes = 50_331_648;

/**
 * Keeps what was found apart from the file in which it was found. Attack: files of some MB each, with one name in each of them.
 * The name is a part of the text of its file, which stays in memory as long as its part, and large texts lie outside of the
 * heap, where no limit of the thread holds.
 */
const chooseCopied = (choose: ChooseFile<CatalogedFile>): ChooseFile<CatalogedFile> => {
  let left = maxFoundBytes;
  return (path, entry, number) => {
    const reader = choose(path, entry, number);
    if (reader === undefined) return undefined;
    const found = (): Result<CatalogedFile | undefined, Unreadable> => {
      const read = reader.found();
      if (!read.ok || read.value === undefined) return read;
      const bytes = serialize(read.value);
      left -= bytes.length;
      return left < 0
        ? tooMuch('what is found in a layer of it takes more memory than it may')
        : ok(deserialize(bytes) as CatalogedFile);
    };
    return { body: reader.body, found };
  };
};

/** Keeps the last bytes of a stream. */
const createTail = () => {
  let tail = Buffer.alloc(0);
  return {
    add: (chunk: Uint8Array): void => {
      tail = Buffer.concat([tail, chunk.subarray(-layerTailLength)]).subarray(-layerTailLength);
    },
    bytes: (): Uint8Array => tail,
  };
};

/**
 * Reads a packed layer. It counts only when all of it unpacks to what the config of its image names (V2): a runtime asks the
 * same, and a reader that had seen another end of it would fail here.
 */
export const readLayer = async (
  packed: AsyncIterable<Uint8Array>,
  { diffId, limits, links }: LayerReading,
): Promise<Result<ReadLayer, Unreadable>> => {
  const reader = createLayerReader<CatalogedFile>(limits, chooseCopied(chooseFileOf(links)));
  const hash = diffId && createHash(algorithmOf(diffId));
  const tail = createTail();
  let unpacked = 0;
  // oxlint-disable-next-line func-style -- a generator has no arrow form
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const chunk of packed) {
      tail.add(chunk);
      yield chunk;
    }
  }
  const read = await unpack(watched(), (chunk) => {
    hash?.update(chunk);
    unpacked += chunk.length;
    return reader.write(chunk);
  });
  if (!read.ok) return read;
  if (diffId !== undefined && hash?.digest('hex') !== hexOf(diffId))
    return invalidBytes('a layer of it is not what its config names');
  const root = reader.end();
  if (!root.ok) return root;
  const isLazy = isLazyByTail(tail.bytes()) || root.value.children.has(stargzTable);
  return ok({ root: root.value, isLazy, unpacked });
};
