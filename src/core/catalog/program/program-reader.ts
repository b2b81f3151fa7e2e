import { ok, type Result } from '../../result.ts';
import type { Unreadable } from '../../text/unreadable.ts';
import type { TarBody } from '../../layer/tar/tar-entry.ts';
import { elfHeadLength, isElfByte, isProgramHead, readElf, type ElfProgram } from './elf.ts';
import { findGoBuildInfo, type LoadedSegment } from './go-build-info.ts';
import { readGoModules } from './go-modules.ts';
import { noPackages, type LanguagePackages } from '../language/language-package.ts';

/** What a program or a shared library says of itself. */
export interface Program extends LanguagePackages {
  /** Whether it says what it was built from. */
  readonly isTelling: boolean;
}

/** Data of one program that are kept while it is read. The largest programs of Go that are known have 150 MB, code counted. */
export const maxProgramData = 134_217_728;

const noHead = new Uint8Array(0);
const silent: Program = { ...noPackages, isTelling: false };

/**
 * The segments whose bytes are needed: data that may hold the blob, and constants that older blobs point at. The writable ones
 * come first, so that a large program is still read when it holds the texts themselves. Most dynamic programs are none of Go,
 * and have no blob that points anywhere: the constants of Node alone have 60 MB. One of Go that was built before 1.18, is
 * dynamic and lost its note says nothing of itself, which is a gap.
 */
const neededOf = ({ segments, isDynamic, hasGoNote }: ElfProgram, size: number): readonly LoadedSegment[] => {
  const data = segments.filter(
    ({ isExecutable, offset, length }) => !isExecutable && offset + length <= size,
  );
  const constants = isDynamic && !hasGoNote ? [] : data.filter((one) => !one.isWritable);
  let left = maxProgramData;
  return [...data.filter((one) => one.isWritable), ...constants].flatMap((one) => {
    if (one.length > left) return [];
    left -= one.length;
    return [{ ...one, bytes: new Uint8Array(one.length) }];
  });
};

/** Copies the part of a chunk that lies in a segment. */
const copyInto = ({ offset, length, bytes }: LoadedSegment, chunk: Uint8Array, at: number): void => {
  const from = Math.max(offset, at);
  const to = Math.min(offset + length, at + chunk.length);
  if (from < to) bytes.set(chunk.subarray(from - at, to - at), from - offset);
};

const programIn = (segments: readonly LoadedSegment[]): Result<Program, Unreadable> => {
  const info = findGoBuildInfo(segments);
  if (info === undefined) return ok(silent);
  const modules = readGoModules(info.toolchain, info.modules);
  return modules.ok ? ok({ ...modules.value, isTelling: info.modules !== '' }) : modules;
};

/**
 * Reads a file that may be a program, while its bytes go by: its code, which is most of it, is never kept. What was kept is
 * freed at once when it was read, because the data of many programs would wait together for a collection.
 * @param size bytes of the file
 */
export const createProgramReader = (
  size: number,
): { readonly body: TarBody; readonly found: () => Result<Program | undefined, Unreadable> } => {
  let head = noHead;
  let at = 0;
  let segments: readonly LoadedSegment[] | undefined;
  let isProgram = false;
  const takeHead = (): void => {
    const program = readElf(head);
    // A table that lies elsewhere is read by the kernel all the same: such a program says nothing, and is still one.
    isProgram = program !== undefined || isProgramHead(head);
    segments = program === undefined ? [] : neededOf(program, size);
    for (const segment of segments) copyInto(segment, head, 0);
  };
  /** Most files are no programs: their first byte says so, and nothing of them is kept. */
  const begin = (first: number | undefined): void => {
    if (isElfByte(first)) head = new Uint8Array(Math.min(size, elfHeadLength));
    else segments = [];
  };
  const write = (chunk: Uint8Array): void => {
    if (at === 0) begin(chunk[0]);
    if (segments !== undefined) {
      for (const segment of segments) copyInto(segment, chunk, at);
      at += chunk.length;
      return;
    }
    const taken = Math.min(head.length - at, chunk.length);
    head.set(chunk.subarray(0, taken), at);
    at += taken;
    if (at < head.length) return;
    takeHead();
    if (taken < chunk.length) write(chunk.subarray(taken));
  };
  return {
    body: {
      write,
      hole: (length) => {
        if (at === 0) begin(0);
        // Segments are zeros until something is written into them; only the head has to be filled up.
        const inHead = segments === undefined ? Math.min(length, head.length - at) : 0;
        if (inHead > 0) write(new Uint8Array(inHead));
        at += length - inHead;
      },
      end: () => {
        if (segments === undefined) takeHead();
      },
    },
    found: () => {
      if (!isProgram) return ok(undefined);
      const found = programIn(segments ?? []);
      for (const { bytes } of segments ?? []) bytes.buffer.transfer(0);
      segments = [];
      return found;
    },
  };
};
