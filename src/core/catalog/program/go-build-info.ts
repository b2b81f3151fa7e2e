/*
 * Build information in a Go program: a blob of 32 bytes that begins with a magic text, in a writable segment. Since Go 1.18
 * two texts stand behind it, before that it points at them.
 * Specification: https://pkg.go.dev/debug/buildinfo and the comments of its source.
 */
import { textOfBytes } from '../../layer/tar/byte-text.ts';
import type { ElfSegment } from './elf.ts';

/** A segment with its bytes. */
export interface LoadedSegment extends ElfSegment {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface GoBuildInfo {
  /** `go1.22.3`. */
  readonly toolchain: string;
  /** Lines about modules; empty: the program was built without modules. */
  readonly modules: string;
}

const magic = Array.from('\u00ff Go buildinf:', (character) => character.charCodeAt(0));
const blobLength = 32;
const alignment = 16;
/** Longest text that is believed; the longest that is known has 200 kB. */
const maxTextLength = 16_777_216;
const maxToolchainLength = 512;

type ReadText = (at: number) => { readonly text: Uint8Array; readonly next: number } | undefined;

/** A text behind its length, seven bits a byte, the lowest first. */
const inlineText =
  (bytes: Uint8Array): ReadText =>
  (start) => {
    let length = 0;
    for (let at = start, scale = 1; at < start + 5 && at < bytes.length; at += 1, scale *= 128) {
      const byte = bytes[at] ?? 0;
      length += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      const next = at + 1 + length;
      return next > bytes.length || length > maxTextLength
        ? undefined
        : { text: bytes.subarray(at + 1, next), next };
    }
    return undefined;
  };

/** The bytes at an address. `undefined`: they are in no segment. */
const bytesAt = (
  segments: readonly LoadedSegment[],
  address: number,
  length: number,
): Uint8Array | undefined => {
  const segment = segments.find(
    (one) => address >= one.address && address + length <= one.address + one.bytes.length,
  );
  return segment?.bytes.subarray(address - segment.address, address - segment.address + length);
};

const wordOf = (bytes: Uint8Array, isBigEndian: boolean): number => {
  let value = 0;
  for (const byte of isBigEndian ? bytes : bytes.toReversed()) value = value * 256 + byte;
  return value;
};

/** A pointer to a text of Go, which is a pointer and a length. */
const pointedText =
  (segments: readonly LoadedSegment[], bytes: Uint8Array, size: number, isBigEndian: boolean): ReadText =>
  (at) => {
    const string = bytesAt(segments, wordOf(bytes.subarray(at, at + size), isBigEndian), size * 2);
    if (string === undefined) return undefined;
    const length = wordOf(string.subarray(size), isBigEndian);
    if (length > maxTextLength) return undefined;
    const text = bytesAt(segments, wordOf(string.subarray(0, size), isBigEndian), length);
    return text && { text, next: at + size };
  };

const sentinel = 16;
/** The lines about modules stand between two marks. */
const modulesOf = (text: Uint8Array): string =>
  text.length > 2 * sentinel && text[text.length - sentinel - 1] === 0x0a
    ? textOfBytes(text.subarray(sentinel, -sentinel))
    : '';

const infoAt = (
  segments: readonly LoadedSegment[],
  bytes: Uint8Array,
  at: number,
): GoBuildInfo | undefined => {
  const size = bytes[at + 14] ?? 0;
  const flags = bytes[at + 15] ?? 0;
  const isInline = (flags & 2) !== 0;
  if (!isInline && size !== 4 && size !== 8) return undefined;
  const read = isInline ? inlineText(bytes) : pointedText(segments, bytes, size, (flags & 1) !== 0);
  const toolchain = read(at + (isInline ? blobLength : alignment));
  if (toolchain === undefined || toolchain.text.length === 0) return undefined;
  if (toolchain.text.length > maxToolchainLength) return undefined;
  const modules = read(toolchain.next);
  return {
    toolchain: textOfBytes(toolchain.text),
    modules: modules === undefined ? '' : modulesOf(modules.text),
  };
};

/** `undefined`: no program of Go, or one from which the information was taken away. */
export const findGoBuildInfo = (segments: readonly LoadedSegment[]): GoBuildInfo | undefined => {
  for (const { bytes, isWritable } of segments) {
    if (!isWritable) continue;
    for (let at = 0; at + blobLength <= bytes.length; at += alignment) {
      if (bytes[at] !== 0xff || !magic.every((byte, next) => bytes[at + next] === byte)) continue;
      const info = infoAt(segments, bytes, at);
      if (info !== undefined) return info;
    }
  }
  return undefined;
};
