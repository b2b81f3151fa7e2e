import { ok, type Result } from '../../result.ts';
import { invalidBytes, type Unreadable } from '../../text/unreadable.ts';
import { textOfBytes } from './byte-text.ts';

/** Records of one extended header. A map: a record may have any name. */
export type PaxRecords = ReadonlyMap<string, string>;

const invalid = invalidBytes('an extended header of the tar cannot be read');

const newline = 0x0a;
const space = 0x20;
const equals = 0x3d;

interface RecordBounds {
  readonly content: number;
  readonly end: number;
}

const maxLengthDigits = 8;

/** `LENGTH KEY=VALUE\n`, where the length counts itself and the end of the line. */
const recordAt = (bytes: Uint8Array, start: number): RecordBounds | undefined => {
  let at = start;
  let length = 0;
  while (at < bytes.length && bytes[at] !== space) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9 || at - start >= maxLengthDigits) return undefined;
    length = length * 10 + digit;
    at += 1;
  }
  const end = start + length;
  if (at === start || length < 5 || end > bytes.length || end <= at + 1) return undefined;
  return bytes[end - 1] === newline ? { content: at + 1, end } : undefined;
};

const textKeys = new Set(['path', 'linkpath', 'uname', 'gname']);
const isRecord = (key: string, value: string): boolean =>
  key !== '' && !(textKeys.has(key) ? value : key).includes('\0');

const sparseOffset = 'GNU.sparse.offset';
const sparseLength = 'GNU.sparse.numbytes';

/** The records of an extended header. Sparse maps of the form 0.0, one record a number, become the one of 0.1. */
export const readPax = (bytes: Uint8Array): Result<PaxRecords, Unreadable> => {
  const records = new Map<string, string>();
  const sparse: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const bounds = recordAt(bytes, at);
    if (bounds === undefined) return invalid;
    const record = bytes.subarray(bounds.content, bounds.end - 1);
    const split = record.indexOf(equals);
    if (split < 0) return invalid;
    const key = textOfBytes(record.subarray(0, split));
    const value = textOfBytes(record.subarray(split + 1));
    if (!isRecord(key, value)) return invalid;
    if (key === sparseOffset || key === sparseLength) {
      if (key !== (sparse.length % 2 === 0 ? sparseOffset : sparseLength) || value.includes(','))
        return invalid;
      sparse.push(value);
    } else records.set(key, value);
    at = bounds.end;
  }
  if (sparse.length > 0) records.set('GNU.sparse.map', sparse.join(','));
  return ok(records);
};
