import { fstatSync, readSync } from 'node:fs';

/** Bytes that can be read anywhere: an archive is read from its end. */
export interface ByteSource {
  readonly size: number;
  /** Fewer bytes than asked for only at the end. */
  read(at: number, length: number): Buffer;
}

export const bufferSource = (bytes: Buffer): ByteSource => ({
  size: bytes.length,
  read: (at, length) => bytes.subarray(at, at + length),
});

/** An open file. Reads wait: it belongs into a thread of its own or a command. */
export const fileSource = (descriptor: number): ByteSource => ({
  size: fstatSync(descriptor).size,
  read: (at, length) => {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = readSync(descriptor, bytes, done, length - done, at + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  },
});
