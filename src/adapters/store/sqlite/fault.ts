import { StoreFault, type StoreFaultKind } from '../../../gate/store.ts';

/** Primary result codes, https://sqlite.org/rescode.html; others are shown by number. */
const names: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  25: 'SQLITE_RANGE',
  26: 'SQLITE_NOTADB',
};
const rejected: ReadonlySet<string> = new Set([
  'SQLITE_TOOBIG',
  'SQLITE_CONSTRAINT',
  'SQLITE_MISMATCH',
  'SQLITE_RANGE',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
]);

const codeOf = (error: unknown): string => {
  const { errcode, code } = error as { readonly errcode?: unknown; readonly code?: unknown };
  // The low byte is the primary code, the rest its extension.
  if (typeof errcode === 'number') return names[errcode & 0xff] ?? `SQLITE_${errcode & 0xff}`;
  return typeof code === 'string' ? code : 'INTERNAL';
};

const kindOf = (code: string): StoreFaultKind => {
  if (code === 'SQLITE_NOTADB') return 'foreign';
  return rejected.has(code) ? 'rejected' : 'unavailable';
};

/** The error in terms of the port. Unknown errors count as `unavailable`: the batch is kept and tried again. */
export const toStoreFault = (error: unknown, file: string): StoreFault => {
  if (error instanceof StoreFault) return error;
  if (!(error instanceof Error)) return new StoreFault('unavailable', 'INTERNAL', String(error));
  const code = codeOf(error);
  return new StoreFault(kindOf(code), code, `${file}: ${error.message}`);
};
