import { crc32, inflateRawSync } from 'node:zlib';
import { fail, ok, type Result } from '../../core/result.ts';
import type { ByteSource } from './byte-source.ts';
import { localHeaderSize, type ZipEntry } from './zip-directory.ts';
import type { ZipFault } from './zip-fault.ts';

const localSignature = 0x04034b50;
/** Least size of what Node inflates into. */
const minChunkSize = 64;

/** Inflates into memory of exactly the size that the directory promised. Absent: it is not that size. */
const inflate = (compressed: Buffer, size: number): Buffer | undefined => {
  try {
    // With `info` Node tells how many bytes it read; its types do not.
    const { buffer, engine } = inflateRawSync(compressed, {
      info: true,
      chunkSize: Math.max(size, minChunkSize),
      maxOutputLength: Math.max(size, 1),
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    // Attack: bytes after the end of the stream, which another reader may take for more of the entry.
    return buffer.length === size && engine.bytesWritten === compressed.length ? buffer : undefined;
  } catch {
    return undefined;
  }
};

/** The bytes of one entry. Name, size and checksum are those that the directory said. */
export const readZipEntry = (source: ByteSource, entry: ZipEntry): Result<Buffer, ZipFault> => {
  const { name, start, end, size, compressedSize } = entry;
  const bytes = source.read(start, end - start);
  if (bytes.length < end - start) return fail({ kind: 'truncated', what: name });
  if (bytes.readUInt32LE(0) !== localSignature) return fail({ kind: 'damaged', what: name });
  const nameEnd = localHeaderSize + bytes.readUInt16LE(26);
  const dataStart = nameEnd + bytes.readUInt16LE(28);
  if (dataStart + compressedSize > bytes.length) return fail({ kind: 'overlap', what: name });
  // Attack: two names for one entry, of which one reader sees the first and another the second.
  if (bytes.toString('utf8', localHeaderSize, nameEnd) !== name) return fail({ kind: 'damaged', what: name });
  const data = bytes.subarray(dataStart, dataStart + compressedSize);
  const content = entry.isDeflated ? inflate(data, size) : data;
  return content !== undefined && crc32(content) === entry.crc
    ? ok(content)
    : fail({ kind: 'damaged', what: name });
};
