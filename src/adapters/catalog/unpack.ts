import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf, ok, type Result } from '../../core/result.ts';
import { invalidBytes, type Failed, type Unreadable } from '../../core/text/unreadable.ts';

/** Takes unpacked bytes; an error ends the unpacking. The chunk is free after the call. */
export type OnUnpacked = (chunk: Uint8Array) => Result<undefined, Unreadable>;

/** What zstd may keep of what it wrote. The largest window of its command line. */
const zstdWindowLog = 27;
const chunkSize = 131_072;

type PackedForm = 'gzip' | 'zstd' | 'plain';
const zstdMagics = [
  [0x28, 0xb5, 0x2f, 0xfd],
  // A frame that is skipped: its first byte is any of sixteen.
  [undefined, 0x2a, 0x4d, 0x18],
] as const;
const headLength = 4;

/** By the first bytes, as containerd does it. Whether that was right, the diff_id proves. */
const formOf = (head: Uint8Array): PackedForm => {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const isZstd = zstdMagics.some((magic) =>
    magic.every((byte, at) => (byte === undefined ? (head[at] ?? 0) >> 4 === 5 : head[at] === byte)),
  );
  return isZstd ? 'zstd' : 'plain';
};

interface Decoder {
  /** The bytes of the chunk that lie behind the end of what was packed; `undefined`: it goes on. */
  feed(chunk: Uint8Array): Promise<Uint8Array | undefined>;
  /** No more bytes come. */
  end(): Promise<void>;
  close(): void;
}

/**
 * Frees the memory of a chunk that a decoder has filled and handed out: it goes on in new memory. Otherwise what is unpacked
 * waits for a collection, and V8 begins none before tens of MiB have come together.
 */
const release = ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): void => {
  if (byteOffset + length === buffer.byteLength) buffer.transfer(0);
};

const truncated = 'a layer of it ends too early, or cannot be unpacked';

const createDecoder = (
  form: 'gzip' | 'zstd',
  onBytes: OnUnpacked,
  fail: (failure: Failed) => void,
): Decoder => {
  const stream =
    form === 'gzip'
      ? createGunzip({ chunkSize })
      : createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } });
  let fed = 0;
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      hasEnded = true;
      resolve();
    };
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', (error) => {
      fail(invalidBytes(`${truncated}: ${messageOf(error)}`));
      end();
    });
  });
  stream.on('data', (chunk: Uint8Array<ArrayBuffer>) => {
    if (hasEnded) return;
    const taken = onBytes(chunk);
    release(chunk);
    if (taken.ok) return;
    fail(taken);
    stream.destroy();
  });
  return {
    feed: async (chunk) => {
      fed += chunk.length;
      const taken = new Promise<void>((resolve) => stream.write(chunk, () => resolve()));
      await Promise.race([taken, ended]);
      return hasEnded ? chunk.subarray(chunk.length - (fed - stream.bytesWritten)) : undefined;
    },
    end: async () => {
      stream.end();
      await ended;
    },
    close: () => void stream.destroy(),
  };
};

/** Where the next member begins: zeros may lie between those of gzip, as GNU's reads them. */
const behindZeros = (form: PackedForm, chunk: Uint8Array, decoder: Decoder | undefined): Uint8Array => {
  if (form !== 'gzip' || decoder !== undefined) return chunk;
  const at = chunk.findIndex((byte) => byte !== 0);
  return at < 0 ? chunk.subarray(chunk.length) : chunk.subarray(at);
};

interface Unpacking {
  readonly onBytes: OnUnpacked;
  form: PackedForm | undefined;
  decoder: Decoder | undefined;
  failure: Failed | undefined;
}

const feedPacked = async (state: Unpacking, form: 'gzip' | 'zstd', chunk: Uint8Array): Promise<void> => {
  for (let rest = behindZeros(form, chunk, state.decoder); rest.length > 0 && state.failure === undefined;) {
    state.decoder ??= createDecoder(form, state.onBytes, (failure) => (state.failure ??= failure));
    const behind = await state.decoder.feed(rest);
    if (behind === undefined) return;
    state.decoder.close();
    state.decoder = undefined;
    rest = behindZeros(form, behind, undefined);
  }
};

const take = async (state: Unpacking, chunk: Uint8Array): Promise<void> => {
  state.form ??= formOf(chunk);
  if (state.form !== 'plain') return feedPacked(state, state.form, chunk);
  const taken = state.onBytes(chunk);
  if (!taken.ok) state.failure = taken;
  return undefined;
};

/**
 * Unpacks a layer to its end, however many members or frames it has. Node ends without an error at the end of the first
 * frame of zstd, and where zeros lie between members of gzip (V2): what follows would be code that nobody has looked at.
 */
export const unpack = async (
  packed: AsyncIterable<Uint8Array>,
  onBytes: OnUnpacked,
): Promise<Result<undefined, Unreadable>> => {
  const state: Unpacking = { onBytes, form: undefined, decoder: undefined, failure: undefined };
  let head: Uint8Array = new Uint8Array(0);
  try {
    for await (const chunk of packed) {
      const bytes = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      // A copy: the memory of a chunk is the sender's again when the next one is asked for.
      head =
        state.form === undefined && bytes.length < headLength ? Uint8Array.from(bytes) : new Uint8Array(0);
      if (head.length > 0) continue;
      await take(state, bytes);
      if (state.failure !== undefined) return state.failure;
    }
    if (head.length > 0) await take(state, head);
    await state.decoder?.end();
    return state.failure ?? ok(undefined);
  } finally {
    state.decoder?.close();
  }
};
