import { ok, type Result } from '../../result.ts';
import { invalidBytes, type Unreadable } from '../../text/unreadable.ts';
import { numberField, textField } from './tar-field.ts';

export const blockLength = 512;

/** A header block, as it stands there: nothing that another header says about the file is in it. */
export interface TarHeader {
  readonly form: 'v7' | 'ustar' | 'star' | 'gnu';
  /** One character: `0` is a file, `5` a directory, and so on. */
  readonly type: string;
  readonly name: string;
  readonly link: string;
  readonly size: number;
  readonly mode: number;
}

/** The sum of all bytes, those of the checksum itself as spaces. Old writers have added signed bytes. */
const hasItsChecksum = (block: Uint8Array): boolean => {
  const wanted = numberField(block.subarray(148, 156));
  let sum = 0;
  let signed = 0;
  for (let at = 0; at < blockLength; at += 1) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
    sum += byte;
    signed += byte < 0x80 ? byte : byte - 256;
  }
  return wanted === sum || wanted === signed;
};

const holds = (block: Uint8Array, at: number, text: string): boolean => {
  for (let index = 0; index < text.length; index += 1)
    if (block[at + index] !== text.charCodeAt(index)) return false;
  return true;
};

const formOf = (block: Uint8Array): TarHeader['form'] => {
  if (holds(block, 257, 'ustar\0')) return holds(block, 508, 'tar\0') ? 'star' : 'ustar';
  return holds(block, 257, 'ustar  \0') ? 'gnu' : 'v7';
};

const isAscii = (text: string): boolean => {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
};

/** A time of a GNU header, which may be left out. */
const isTime = (block: Uint8Array, at: number): boolean =>
  block[at] === 0 || numberField(block.subarray(at, at + 12)) !== undefined;

/**
 * What stands before the name. A GNU header has times in this place, but an old writer put a prefix there: Go's reader
 * takes it for one when the times cannot be read.
 */
const prefixOf = (block: Uint8Array, form: TarHeader['form']): string => {
  if (form === 'v7') return '';
  if (form === 'star') return textField(block.subarray(345, 476));
  const prefix = textField(block.subarray(345, 500));
  if (form === 'ustar') return prefix;
  return (isTime(block, 345) && isTime(block, 357)) || !isAscii(prefix) ? '' : prefix;
};

export const isZeroBlock = (block: Uint8Array): boolean => {
  for (let at = 0; at < block.length; at += 1) if (block[at] !== 0) return false;
  return true;
};

/** Reads a header block as Go's `archive/tar` does. */
export const readTarHeader = (block: Uint8Array): Result<TarHeader, Unreadable> => {
  if (!hasItsChecksum(block)) return invalidBytes('a header of the tar has a wrong checksum');
  const size = numberField(block.subarray(124, 136));
  const mode = numberField(block.subarray(100, 108));
  if (size === undefined || mode === undefined)
    return invalidBytes('a header of the tar holds a number that cannot be read');
  const form = formOf(block);
  const prefix = prefixOf(block, form);
  const name = textField(block.subarray(0, 100));
  return ok({
    form,
    type: String.fromCharCode(block[156] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: textField(block.subarray(157, 257)),
    size,
    mode,
  });
};
