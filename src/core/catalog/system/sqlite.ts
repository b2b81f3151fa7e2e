/*
 * Rows of one table of a SQLite file, read without SQLite: the bytes come from an image, and a native parser of the gate is
 * no place for them (V5). Only what the rpm database needs: table b-trees and overflow pages.
 * Specification: https://www.sqlite.org/fileformat2.html
 */
import { ok, type Result } from '../../result.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../../text/unreadable.ts';
import { textOfBytes } from '../../layer/tar/byte-text.ts';

const magic = 'SQLite format 3\0';
const invalid = invalidBytes('its SQLite file is damaged');

/** A column as it is stored; numbers that no double holds are not needed and are `undefined`, as NULL is. */
export type SqliteValue = number | string | Uint8Array | undefined;

interface SqliteFile {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly pageSize: number;
  /** Bytes of a page that hold data. */
  readonly usable: number;
  readonly pages: number;
  /** Pages that may still be looked at: pages that name one another in a circle end here. */
  left: number;
  /** Bytes of payload that may still be read: cells may lie over one another. */
  payload: number;
  /** For the row that is read just now, when it lies in several pages. */
  scratch: Uint8Array;
}

interface Varint {
  readonly value: number;
  readonly next: number;
}

/** Big-endian, seven bits a byte; the ninth byte has eight. Lengths that no file has lose bits, and are refused. */
const varintAt = (bytes: Uint8Array, start: number): Varint => {
  let value = 0;
  for (let at = start; at < start + 8; at += 1) {
    const byte = bytes[at] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return { value: value * 256 + (bytes[start + 8] ?? 0), next: start + 9 };
};

const openFile = (bytes: Uint8Array): SqliteFile | undefined => {
  if (bytes.length < 512 || textOfBytes(bytes.subarray(0, magic.length)) !== magic) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const written = view.getUint16(16);
  const pageSize = written === 1 ? 65_536 : written;
  const usable = pageSize - view.getUint8(20);
  const isUtf8 = view.getUint32(56) === 1;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0 || usable < 480 || !isUtf8) return undefined;
  const pages = Math.floor(bytes.length / pageSize);
  return {
    bytes,
    view,
    pageSize,
    usable,
    pages,
    left: pages,
    payload: bytes.length,
    scratch: new Uint8Array(0),
  };
};

/** A page by its number, from 1. `undefined`: there is none, or more were looked at than there are. */
const pageAt = (file: SqliteFile, number: number): Uint8Array | undefined => {
  file.left -= 1;
  if (file.left < 0 || number < 1 || number > file.pages) return undefined;
  return file.bytes.subarray((number - 1) * file.pageSize, (number - 1) * file.pageSize + file.usable);
};

const number16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
const number32 = (bytes: Uint8Array, at: number): number =>
  number16(bytes, at) * 65_536 + number16(bytes, at + 2);

/** How many bytes of a payload stand in its cell; the rest is in overflow pages. */
const localLength = ({ usable }: SqliteFile, length: number): number => {
  const most = usable - 35;
  if (length <= most) return length;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const local = least + ((length - least) % (usable - 4));
  return local <= most ? local : least;
};

const payloadAt = (file: SqliteFile, page: Uint8Array, cell: number): Uint8Array | undefined => {
  const { value: length, next: afterLength } = varintAt(page, cell);
  const { next: start } = varintAt(page, afterLength);
  file.payload -= length;
  if (file.payload < 0) return undefined;
  const local = localLength(file, length);
  if (start + local > page.length) return undefined;
  if (local === length) return page.subarray(start, start + length);
  if (file.scratch.length < length) file.scratch = new Uint8Array(length);
  const payload = file.scratch.subarray(0, length);
  payload.set(page.subarray(start, start + local));
  let filled = local;
  let overflow = number32(page, start + local);
  while (filled < length) {
    const next = pageAt(file, overflow);
    if (next === undefined) return undefined;
    const part = next.subarray(4, 4 + length - filled);
    payload.set(part, filled);
    filled += part.length;
    overflow = number32(next, 0);
  }
  return payload;
};

const integerOf = (bytes: Uint8Array): SqliteValue => {
  let value = (bytes[0] ?? 0) >= 0x80 ? -1 : 0;
  for (const byte of bytes) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
};

const integerLengths = [0, 1, 2, 3, 4, 6, 8];
/** Bytes that a value of this type takes. */
const lengthOf = (type: number): number => {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return type === 7 ? 8 : (integerLengths[type] ?? 0);
};

const valueOf = (type: number, bytes: Uint8Array): SqliteValue => {
  if (type >= 12) return type % 2 === 0 ? bytes : textOfBytes(bytes);
  if (type === 8 || type === 9) return type - 8;
  return type >= 1 && type <= 6 ? integerOf(bytes) : undefined;
};

const maxColumns = 64;

const readRecord = (payload: Uint8Array): readonly SqliteValue[] | undefined => {
  const { value: headerLength, next } = varintAt(payload, 0);
  if (headerLength > payload.length) return undefined;
  const values: SqliteValue[] = [];
  let data = headerLength;
  for (let at = next; at < headerLength && values.length < maxColumns;) {
    const type = varintAt(payload, at);
    const length = lengthOf(type.value);
    if (data + length > payload.length) return undefined;
    values.push(valueOf(type.value, payload.subarray(data, data + length)));
    data += length;
    at = type.next;
  }
  return values;
};

const leafPage = 0x0d;
const interiorPage = 0x05;

/** Where the cells of a page stand; the first page begins behind the header of the file. */
const cellsOf = (page: Uint8Array, head: number, isLeaf: boolean): readonly number[] | undefined => {
  const count = number16(page, head + 3);
  const pointers = head + (isLeaf ? 8 : 12);
  if (pointers + count * 2 > page.length) return undefined;
  return Array.from({ length: count }, (_, at) => number16(page, pointers + at * 2));
};

type Row = readonly SqliteValue[];
/** Takes a row. Bytes in it are others after the call. An error ends the reading. */
type OnRow = (row: Row) => Result<undefined, Unreadable>;

/** Hands on the rows of a leaf. */
const readLeaf = (
  file: SqliteFile,
  page: Uint8Array,
  cells: readonly number[],
  onRow: OnRow,
): Result<undefined, Unreadable> => {
  for (const cell of cells) {
    const payload = payloadAt(file, page, cell);
    const row = payload && readRecord(payload);
    if (row === undefined) return invalid;
    const taken = onRow(row);
    if (!taken.ok) return taken;
  }
  return ok(undefined);
};

/** Hands on the rows of the table whose root page is given, in their order. */
const readRows = (
  file: SqliteFile,
  root: number,
  maxRows: number,
  onRow: OnRow,
): Result<undefined, Unreadable> => {
  let rows = 0;
  const counted: OnRow = (row) => {
    rows += 1;
    return rows > maxRows ? tooMuch(`its table has more than ${maxRows} rows`) : onRow(row);
  };
  const waiting = [root];
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    const page = pageAt(file, number);
    const head = number === 1 ? 100 : 0;
    const kind = page?.[head];
    const cells = page && cellsOf(page, head, kind === leafPage);
    if (page === undefined || cells === undefined) return invalid;
    if (kind === interiorPage)
      waiting.push(number32(page, head + 8), ...cells.toReversed().map((cell) => number32(page, cell)));
    else {
      const read = kind === leafPage ? readLeaf(file, page, cells, counted) : invalid;
      if (!read.ok) return read;
    }
  }
  return ok(undefined);
};

/**
 * Reads every row of a table, one after another: all of them at once would stand in memory beside the file. The columns stand
 * in the order of its `CREATE TABLE`; the key is no column of a row.
 */
export const readSqliteTable = (
  bytes: Uint8Array,
  table: string,
  maxRows: number,
  onRow: OnRow,
): Result<undefined, Unreadable> => {
  const file = openFile(bytes);
  if (file === undefined) return invalid;
  let described: Row | undefined;
  const schema = readRows(file, 1, 1024, (row) => {
    const [kind, name] = row;
    if (kind === 'table' && name === table) described ??= row;
    return ok(undefined);
  });
  if (!schema.ok) return schema;
  const root = described?.[3];
  if (typeof root !== 'number') return invalidBytes(`its SQLite file has no table ${table}`);
  return readRows(file, root, maxRows, onRow);
};
