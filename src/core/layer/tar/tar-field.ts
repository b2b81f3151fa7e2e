import { textOfBytes } from './byte-text.ts';

/** The bytes before the first NUL. */
const beforeNul = (field: Uint8Array): Uint8Array => {
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
};

/** A text field: it ends at the first NUL or with the field. */
export const textField = (field: Uint8Array): string => textOfBytes(beforeNul(field));

const isPadding = (byte: number | undefined): boolean => byte === 0x20 || byte === 0;

const octalField = (field: Uint8Array): number | undefined => {
  let from = 0;
  let to = field.length;
  while (from < to && isPadding(field[from])) from += 1;
  while (to > from && isPadding(field[to - 1])) to -= 1;
  let value = 0;
  for (const byte of beforeNul(field.subarray(from, to))) {
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  return value;
};

/** Two's complement, big-endian; the highest bit only marks the form. */
const binaryField = (field: Uint8Array): number => {
  const inverted = ((field[0] ?? 0) & 0x40) === 0 ? 0 : 0xff;
  let value = 0;
  for (const [at, byte] of field.entries())
    value = value * 256 + ((byte ^ inverted) & (at === 0 ? 0x7f : 0xff));
  return inverted === 0 ? value : -1 - value;
};

/**
 * A numeric field, octal or base-256. `undefined`: neither, or more than a number holds exactly; no file has that size.
 */
export const numberField = (field: Uint8Array): number | undefined => {
  const value = ((field[0] ?? 0) & 0x80) === 0 ? octalField(field) : binaryField(field);
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
};

const decimal = /^[+-]?[0-9]{1,512}$/;

/** A decimal number of a PAX record or a sparse map. */
export const decimalField = (text: string): number | undefined => {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
};
