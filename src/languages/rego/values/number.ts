import type { BigFloat } from './big-float.ts';
import { decimalOf, decimalText } from './decimal-text.ts';
import { ExactNumber } from './exact-number.ts';
import type { RegoValue } from './value.ts';

export const isNumber = (value: RegoValue | undefined): value is number | ExactNumber =>
  typeof value === 'number' || value instanceof ExactNumber;

/** A number with this text, as JSON and Rego write it. */
export const numberOf = (text: string): number | ExactNumber => {
  const value = Number(text);
  const isExact = Number.isSafeInteger(value) || !Number.isInteger(value);
  return isExact && String(value) === text ? value : new ExactNumber(text);
};

/** Whether JavaScript and Go write a float64 alike, as they do most numbers of objects. */
const isPlainFloat = (value: number): boolean =>
  Number.isInteger(value) && value > -1e6 && value < 1e6 && !Object.is(value, -0);

/** A number that Go holds as float64: `1e+06` from a million on, as Gatekeeper's reviews have it. */
export const floatNumber = (value: number): number | ExactNumber =>
  isPlainFloat(value) ? value : numberOf(decimalText(decimalOf(value), false));

export const numberFromBig = (value: bigint): number | ExactNumber => numberOf(value.toString());
export const numberFromFloat = (value: BigFloat): number | ExactNumber => numberOf(value.text());

export const numberText = (value: number | ExactNumber): string =>
  typeof value === 'number' ? String(value) : value.text;

export const numberAsFloat = (value: number | ExactNumber): number =>
  typeof value === 'number' ? value : value.float;

/** The integer that the text of a number says; a text with an exponent or a point says none. */
export const wholeNumberOf = (value: RegoValue): bigint | undefined => {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return value instanceof ExactNumber && /^-?\d{1,8000}$/.test(value.text) ? BigInt(value.text) : undefined;
};

/** The same within what the engine counts with exactly. */
export const smallIntegerOf = (value: RegoValue | undefined): number | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  const integer = value instanceof ExactNumber ? wholeNumberOf(value) : undefined;
  return integer !== undefined && Number.isSafeInteger(Number(integer)) ? Number(integer) : undefined;
};
