import { stat } from 'node:fs/promises';
import { createTarReader } from '../../../core/layer/tar/tar-reader.ts';
import type { TarBody, TarEntry } from '../../../core/layer/tar/tar-entry.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { whyNot } from '../../../files/file-problem.ts';
import { streamSection, type FileSection } from '../../../files/file-section.ts';
import type { ImageContents } from './image-contents.ts';

/** Archives hold their layers unpacked, and may hold several images. */
const limits = { entries: 50_000, bytes: 64 * 2 ** 30, name: 1024 };
const timeMs = 300_000;
const maxLinks = 8;

/** What a name stands for. */
type Named =
  | { readonly kind: 'file'; readonly section: FileSection }
  | { readonly kind: 'link'; readonly to: string | undefined }
  /** Why it cannot be looked up. */
  | { readonly kind: 'problem'; readonly why: string };

/** A name without `.` and `..`; `undefined`: it leads out of the archive. */
const plainName = (name: string): string | undefined => {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
};

/** `docker save` once wrote a layer that two images have as a link beside it. */
const linkOf = (name: string, { kind, link }: TarEntry): string | undefined =>
  plainName(kind === 'symlink' ? `${name.slice(0, name.lastIndexOf('/') + 1)}${link}` : link);

/** Says where each file of the archive begins. */
const createTarIndex = (path: string) => {
  const names = new Map<string, Named>();
  /** The chunk that is read, and where it begins in the archive. */
  let chunk: Uint8Array = new Uint8Array(0);
  let start = 0;
  const put = (name: string, named: Named): void => {
    // Attack: readers disagree on which of two files counts, so that one of them is shown here and the other one runs.
    const twice = { kind: 'problem', why: 'the archive holds it twice' } as const;
    names.set(name, names.has(name) ? twice : named);
  };
  const bodyOf = (name: string, { size }: TarEntry): TarBody => {
    let offset: number | undefined;
    let isSparse = false;
    return {
      write: (bytes) => (offset ??= start + bytes.byteOffset - chunk.byteOffset),
      hole: () => (isSparse = true),
      end: () => {
        const section = { path, offset: offset ?? 0, length: size };
        put(name, isSparse ? { kind: 'problem', why: 'it has holes' } : { kind: 'file', section });
      },
    };
  };
  const reader = createTarReader(limits, (entry) => {
    const name = plainName(entry.name);
    if (name === undefined || name === '') return ok(undefined);
    if (entry.kind === 'file') return ok(bodyOf(name, entry));
    if (entry.kind === 'symlink' || entry.kind === 'hardlink')
      put(name, { kind: 'link', to: linkOf(name, entry) });
    return ok(undefined);
  });
  return {
    names,
    write: (bytes: Uint8Array) => {
      chunk = bytes;
      const read = reader.write(bytes);
      start += bytes.length;
      return read;
    },
    end: () => reader.end(),
  };
};

const isPacked = ([one, two]: Uint8Array): boolean =>
  (one === 0x1f && two === 0x8b) || (one === 0x28 && two === 0xb5);

/** The files of an archive. */
export interface ArchiveContents extends ImageContents {
  /** Whether the name stands in it, if only as something that cannot be read. */
  holds(name: string): boolean;
}

/** An archive, read once to find where its files begin. Nothing of it is written to the disk. */
export const tarContents = async (path: string): Promise<Result<ArchiveContents, string>> => {
  const index = createTarIndex(path);
  let why: string | undefined;
  let isFirst = true;
  try {
    const length = (await stat(path)).size;
    const onChunk = (chunk: Uint8Array): boolean => {
      if (isFirst && isPacked(chunk)) why = 'it is compressed; unpack it to a plain tar first';
      isFirst = false;
      const read = why === undefined ? index.write(chunk) : ok(undefined);
      if (!read.ok) why = read.error.why;
      return why === undefined;
    };
    const read = await streamSection({ path, offset: 0, length }, onChunk, AbortSignal.timeout(timeMs));
    if (!read.ok) why ??= read.error;
  } catch (error) {
    why ??= whyNot(error);
  }
  const end = index.end();
  if (why === undefined && !end.ok) why = end.error.why;
  if (why !== undefined) return fail(`the archive cannot be read: ${why}`);
  const find = (wanted: string): Result<FileSection, string> => {
    let name = plainName(wanted);
    for (let links = 0; name !== undefined && links <= maxLinks; links += 1) {
      const named = index.names.get(name);
      if (named === undefined) return fail('the archive does not hold it');
      if (named.kind === 'problem') return fail(named.why);
      if (named.kind === 'file') return ok(named.section);
      name = named.to;
    }
    return fail('its links lead nowhere');
  };
  return ok({ find: (name) => Promise.resolve(find(name)), holds: (name) => index.names.has(name) });
};
