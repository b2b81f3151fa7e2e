import type { RegoValue } from '../../values/value.ts';
import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { numberOf } from '../../values/number.ts';
import { textAt, type BuiltinTable } from '../builtin.ts';

const powers = 'kmgtpe';

/** How many a unit stands for: `k` is 1000, `ki` 1024. */
const factorOf = (unit: string): bigint | undefined => {
  const power = powers.indexOf(unit.charAt(0)) + 1;
  if (unit.length === 0) return 1n;
  if (power === 0 || unit.length > 2) return undefined;
  if (unit.length === 1) return 1000n ** BigInt(power);
  return unit.charAt(1) === 'i' ? 1024n ** BigInt(power) : undefined;
};

interface Amount {
  readonly number: string;
  readonly unit: string;
}

const maxExponentDigits = 3;

/** The number that a quantity begins with, and its unit. An `e` is an exponent when digits stand behind it. */
const amountOf = (text: string, name: string): Amount => {
  if (/^[+-]?[\d.]{401}/.test(text)) throw beyondBound(`${name}: an amount has over 400 digits`);
  const [number = ''] = /^[+-]?[0-9.]{0,400}(?:[eE][+-]?\d{1,400})?/.exec(text) ?? [];
  const exponent = /[eE][+-]?(\d{1,400})$/.exec(number)?.[1];
  if (exponent !== undefined && exponent.length > maxExponentDigits)
    throw new BuiltinFault(`${name}: exponent too large`);
  return { number, unit: text.slice(number.length) };
};

interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const ratioOf = (number: string, name: string, what = 'amount'): Ratio => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d{0,400})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(number) ?? [];
  if (whole === '' && fraction === '') throw new BuiltinFault(`${name}: could not parse ${what} to a number`);
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const power = Number(exponent) - fraction.length;
  const scale = 10n ** BigInt(Math.abs(power));
  return power < 0
    ? { numerator: digits, denominator: scale }
    : { numerator: digits * scale, denominator: 1n };
};

/** Ten digits behind the point, halves away from zero. */
const tenDigits = ({ numerator, denominator }: Ratio): string => {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const scaled = (2n * magnitude * 10n ** 10n + denominator) / (2n * denominator);
  const digits = scaled.toString().padStart(11, '0');
  return `${numerator < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`;
};

const cleaned = (args: readonly RegoValue[], name: string): string => {
  const text = textAt(args, 1).replaceAll('"', '');
  if (text.includes(' ')) throw new BuiltinFault(`${name}: spaces not allowed in resource strings`);
  return text;
};

const parse = (args: readonly RegoValue[]): RegoValue => {
  const name = 'units.parse';
  const { number, unit } = amountOf(cleaned(args, name), name);
  if (number === '') throw new BuiltinFault(`${name}: no amount provided`);
  const shown = unit.charAt(0) + unit.slice(1).toLowerCase();
  const factor = shown === 'm' ? 1n : factorOf(shown.toLowerCase());
  if (factor === undefined) throw new BuiltinFault(`${name}: unit ${shown} not recognized`);
  const { numerator, denominator } = ratioOf(number, name);
  const ratio = { numerator: numerator * factor, denominator: denominator * (shown === 'm' ? 1000n : 1n) };
  if (ratio.numerator % ratio.denominator === 0n)
    return numberOf((ratio.numerator / ratio.denominator).toString());
  return numberOf(tenDigits(ratio));
};

const parseBytes = (args: readonly RegoValue[]): RegoValue => {
  const name = 'units.parse_bytes';
  const { number, unit } = amountOf(cleaned(args, name).toLowerCase(), name);
  if (number === '') throw new BuiltinFault(`${name}: no byte amount provided`);
  const factor = factorOf(unit.replace(/b$/, ''));
  if (factor === undefined) throw new BuiltinFault(`${name}: byte unit ${unit} not recognized`);
  const { numerator, denominator } = ratioOf(number, name, 'byte amount');
  return numberOf(((numerator * factor) / denominator).toString());
};

/** Policy Reference, "Units". */
export const units: BuiltinTable = { 'units.parse': parse, 'units.parse_bytes': parseBytes };
