import { constants, type Stats } from 'node:fs';
import { lstat, open, opendir, readlink, type FileHandle } from 'node:fs/promises';
import { whyNot } from '../../../files/file-problem.ts';

/** Takes bytes of the tar. `false`: no more are wanted. */
type Take = (chunk: Uint8Array) => Promise<boolean>;

const blockLength = 512;
const chunkLength = 256 * 1024;
const slash = Buffer.from('/');
/** Deeper folders no reader of layers takes. */
const maxDepth = 1000;
const maxProblems = 20;

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;

/** A size that eight gigabytes exceed is written in base 256. */
const writeSize = (block: Buffer, size: number): void => {
  if (size < 8 ** 11) block.write(octal(size, 11), 124);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
};

const headerOf = (type: string, name: Buffer, size: number): Buffer => {
  const block = Buffer.alloc(blockLength);
  name.copy(block, 0, 0, 100);
  block.write(octal(0o644, 7), 100);
  writeSize(block, size);
  block.fill(' ', 148, 156);
  block.write(type, 156);
  block.write('ustar  \0', 257, 'latin1');
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  );
  return block;
};

const padding = (length: number): Buffer =>
  Buffer.alloc((blockLength - (length % blockLength)) % blockLength);

/** GNU's long name or long link. */
const longText = (type: 'L' | 'K', text: Buffer): readonly Buffer[] => {
  const bytes = Buffer.concat([text, Buffer.alloc(1)]);
  return [headerOf(type, Buffer.from('././@LongLink'), bytes.length), bytes, padding(bytes.length)];
};

interface Walk {
  readonly take: Take;
  readonly signal: AbortSignal;
  readonly problems: string[];
  /** No more is wanted, or its time is over. */
  isOver: boolean;
}

const put = async (walk: Walk, ...chunks: readonly Uint8Array[]): Promise<void> => {
  for (const chunk of chunks) {
    if (walk.signal.aborted) walk.isOver = true;
    if (walk.isOver || chunk.length === 0) continue;
    if (!(await walk.take(chunk))) walk.isOver = true;
  }
};

const tell = ({ problems }: Walk, name: Buffer, why: string): void => {
  if (problems.length < maxProblems) problems.push(`${name.toString()} is not looked at: ${why}`);
  else problems[maxProblems] = 'more files are not looked at';
};

/** The bytes of a file. When it ends too early the rest is filled up, so that the next one is read. */
const putBytes = async (walk: Walk, name: Buffer, file: FileHandle, size: number): Promise<void> => {
  const buffer = Buffer.alloc(chunkLength);
  let isWhole = true;
  for (let left = size; left > 0 && !walk.isOver;) {
    const wanted = Math.min(buffer.length, left);
    const { bytesRead } = isWhole
      ? await file.read(buffer, 0, wanted, null).catch(() => ({ bytesRead: 0 }))
      : { bytesRead: 0 };
    if (bytesRead === 0 && isWhole) {
      isWhole = false;
      buffer.fill(0);
      tell(walk, name, 'it cannot be read to its end');
    }
    const chunk = buffer.subarray(0, isWhole ? bytesRead : wanted);
    left -= chunk.length;
    await put(walk, chunk);
  }
  await put(walk, padding(size));
};

const putFile = async (walk: Walk, name: Buffer, path: Buffer): Promise<void> => {
  // Attack: a link or a pipe in place of the file, after it was looked at.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const found = await file.stat();
    if (!found.isFile()) return tell(walk, name, 'it was replaced while it was read');
    await put(walk, ...longText('L', name), headerOf('0', name, found.size));
    await putBytes(walk, name, file, found.size);
  } finally {
    await file.close();
  }
};

/** A file or a folder: what it is called in the tar, and where it lies. */
interface Place {
  readonly name: Buffer;
  readonly path: Buffer;
  readonly depth: number;
}

const putEntry = async (walk: Walk, { name, path, depth }: Place, found: Stats): Promise<void> => {
  if (found.isSymbolicLink()) {
    const link = await readlink(path, 'buffer');
    await put(walk, ...longText('L', name), ...longText('K', link), headerOf('2', name, 0));
  } else if (found.isDirectory()) {
    await put(walk, ...longText('L', name), headerOf('5', name, 0));
    await putFolder(walk, { name, path, depth });
  } else if (found.isFile()) await putFile(walk, name, path);
};

/** File systems that the kernel makes, where nothing is installed. */
const kernelFolders: ReadonlySet<string> = new Set(['proc', 'sys', 'dev']);

const putFolder = async (walk: Walk, { name: folder, path, depth }: Place): Promise<void> => {
  if (depth > maxDepth) return tell(walk, folder, 'it lies too deep');
  const { dev } = await lstat(path);
  for await (const entry of await opendir(path, { encoding: 'buffer' as BufferEncoding })) {
    if (walk.isOver) return;
    const own = Buffer.from(entry.name as unknown as Buffer);
    const name = folder.length === 0 ? own : Buffer.concat([folder, slash, own]);
    const below = Buffer.concat([path, slash, own]);
    try {
      const found = await lstat(below);
      if (depth === 0 && found.dev !== dev && kernelFolders.has(own.toString())) continue;
      // In a layer such a name takes a file away.
      if (own.subarray(0, 4).equals(Buffer.from('.wh.'))) tell(walk, name, 'its name is a mark of layers');
      else await putEntry(walk, { name, path: below, depth: depth + 1 }, found);
    } catch (error) {
      tell(walk, name, whyNot(error));
    }
  }
};

/**
 * Writes the files of a folder as a tar, as a layer has them. Links are written as links: whoever reads the layer resolves
 * them within it, so that none leads out of the folder.
 * @returns what could not be read
 */
export const streamFolder = async (
  folder: string,
  take: Take,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const walk: Walk = { take, signal, problems: [], isOver: false };
  await putFolder(walk, { name: Buffer.alloc(0), path: Buffer.from(folder), depth: 0 });
  await put(walk, Buffer.alloc(2 * blockLength));
  return walk.problems;
};
