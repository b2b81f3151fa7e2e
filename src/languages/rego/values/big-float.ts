import { decimalText } from './decimal-text.ts';
import { ExactNumber } from './exact-number.ts';

const precision = 64;

const bitLength = (value: bigint): number => {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)));
};

const magnitudeOf = (value: bigint): bigint => (value < 0n ? -value : value);

/** How far the exponents of a text may go: beyond, a text of 12 characters would be a number of gigabytes. */
const maxExponent = 4096;

/** Digits behind which those of a decimal text say nothing in 64 bits but whether there are any. */
const maxDigits = 1100;

export class NumberTooLarge extends Error {}

/**
 * A binary number with 64 bits of mantissa, rounded to even. OPA computes with these where small integers do not do, so its
 * sums have these digits.
 */
export class BigFloat {
  readonly mantissa: bigint;
  readonly exponent: number;

  /** `sticky`: something below the last bit was cut off. */
  constructor(mantissa: bigint, exponent: number, sticky = false) {
    const magnitude = magnitudeOf(mantissa);
    const extra = bitLength(magnitude) - precision;
    if (extra <= 0) {
      this.mantissa = mantissa;
      this.exponent = mantissa === 0n ? 0 : exponent;
      return;
    }
    const shift = BigInt(extra);
    const kept = magnitude >> shift;
    const rest = magnitude - (kept << shift);
    const half = 1n << (shift - 1n);
    const isUp = rest > half || (rest === half && (sticky || (kept & 1n) === 1n));
    const rounded = isUp ? kept + 1n : kept;
    this.mantissa = mantissa < 0n ? -rounded : rounded;
    this.exponent = exponent + extra;
  }

  static #ratio(numerator: bigint, denominator: bigint, exponent = 0): BigFloat {
    const shift = Math.max(0, precision + 2 + bitLength(denominator) - bitLength(magnitudeOf(numerator)));
    const shifted = numerator << BigInt(shift);
    const quotient = shifted / denominator;
    const isExact = quotient * denominator === shifted;
    // One more bit says that something is left, so that a half is no longer one.
    const guarded = (quotient << 1n) + (isExact ? 0n : numerator < 0n ? -1n : 1n);
    return new BigFloat(guarded, exponent - shift - 1, !isExact);
  }

  /** @throws {NumberTooLarge} for an exponent that nobody writes */
  static parse(text: string): BigFloat {
    const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
      /^(-?)(\d{1,8000})(?:\.(\d{1,8000}))?(?:[eE]([+-]?\d{1,9}))?$/.exec(text) ?? [];
    const all = `${whole}${fraction}`.slice(0, maxDigits);
    const cut = whole.length + fraction.length - all.length;
    const power = Number(exponent) - fraction.length + cut;
    if (Math.abs(power) > maxExponent + maxDigits)
      throw new NumberTooLarge('number has too large an exponent');
    const digits = BigInt(all) * (sign === '-' ? -1n : 1n);
    return power >= 0
      ? new BigFloat(digits * 10n ** BigInt(power), 0)
      : BigFloat.#ratio(digits, 10n ** BigInt(-power));
  }

  static fromNumber(value: number): BigFloat {
    if (Number.isSafeInteger(value)) return new BigFloat(BigInt(value), 0);
    let exponent = 0;
    let scaled = value;
    while (!Number.isInteger(scaled)) {
      scaled *= 2;
      exponent -= 1;
    }
    return new BigFloat(BigInt(scaled), exponent);
  }

  /** A number that prints as JavaScript prints it means this text, not the binary fraction that is next to it. */
  static of(value: number | ExactNumber): BigFloat {
    if (value instanceof ExactNumber) return BigFloat.parse(value.text);
    return Number.isSafeInteger(value) ? new BigFloat(BigInt(value), 0) : BigFloat.parse(String(value));
  }

  #aligned(other: BigFloat): readonly [bigint, bigint, number] {
    const low = Math.min(this.exponent, other.exponent);
    return [
      this.mantissa << BigInt(this.exponent - low),
      other.mantissa << BigInt(other.exponent - low),
      low,
    ];
  }

  plus(other: BigFloat): BigFloat {
    const [one, two, exponent] = this.#aligned(other);
    return new BigFloat(one + two, exponent);
  }

  minus(other: BigFloat): BigFloat {
    const [one, two, exponent] = this.#aligned(other);
    return new BigFloat(one - two, exponent);
  }

  times(other: BigFloat): BigFloat {
    return new BigFloat(this.mantissa * other.mantissa, this.exponent + other.exponent);
  }

  dividedBy(other: BigFloat): BigFloat {
    const sign = other.mantissa < 0n ? -1n : 1n;
    return BigFloat.#ratio(this.mantissa * sign, other.mantissa * sign, this.exponent - other.exponent);
  }

  compare(other: BigFloat): number {
    const [one, two] = this.#aligned(other);
    if (one === two) return 0;
    return one < two ? -1 : 1;
  }

  equals(other: BigFloat): boolean {
    return this.compare(other) === 0;
  }

  get isInteger(): boolean {
    return this.exponent >= 0 || (this.mantissa & ((1n << BigInt(-this.exponent)) - 1n)) === 0n;
  }

  /** Toward zero. */
  truncated(): bigint {
    if (this.exponent >= 0) return this.mantissa << BigInt(this.exponent);
    return this.mantissa / (1n << BigInt(-this.exponent));
  }

  /** The value rounded to so many decimal digits, and the place of its point. */
  #rounded(count: number): { readonly digits: bigint; readonly power: number } {
    const magnitude = magnitudeOf(this.mantissa);
    const bits = bitLength(magnitude) + this.exponent;
    let power = Math.floor((bits - 1) * Math.LOG10E * Math.LN2) + 1 - count;
    for (;;) {
      const up = 10n ** BigInt(Math.abs(power));
      const numerator =
        (this.exponent >= 0 ? magnitude << BigInt(this.exponent) : magnitude) * (power < 0 ? up : 1n);
      const denominator = (this.exponent < 0 ? 1n << BigInt(-this.exponent) : 1n) * (power > 0 ? up : 1n);
      const twice = (2n * numerator) / denominator;
      const half = (twice & 1n) === 1n;
      const exact = twice * denominator === 2n * numerator;
      const floor = twice >> 1n;
      const digits = half && (!exact || (floor & 1n) === 1n) ? floor + 1n : floor;
      if (digits < 10n ** BigInt(count)) return { digits, power };
      power += 1;
    }
  }

  /** Whether a decimal is within half of the last of 64 bits: also below a power of two, where the bits are finer. */
  #isSaidBy(digits: bigint, power: number): boolean {
    const magnitude = magnitudeOf(this.mantissa);
    const extra = precision - bitLength(magnitude);
    const exponent = this.exponent - extra;
    const scale = 10n ** BigInt(Math.max(0, -power));
    const up = BigInt(Math.max(0, exponent));
    const down = BigInt(Math.max(0, -exponent));
    const exact = ((magnitude << BigInt(extra)) << up) * scale;
    const said = (digits * 10n ** BigInt(Math.max(0, power))) << down;
    const distance = 2n * magnitudeOf(said - exact);
    const bit = (1n << up) * scale;
    return distance < bit || (distance === bit && (extra > 0 || (magnitude & 1n) === 0n));
  }

  #shortest(): { readonly digits: bigint; readonly power: number } {
    for (let count = 1; ; count++) {
      const rounded = this.#rounded(count);
      if (count > 24 || this.#isSaidBy(rounded.digits, rounded.power)) return rounded;
    }
  }

  /** As OPA writes the result of a computation: integers plainly, fractions with the fewest digits that say them. */
  text(): string {
    if (this.mantissa === 0n) return '0';
    if (Math.abs(this.exponent) > 4 * maxExponent)
      throw new NumberTooLarge('number has too large an exponent');
    const isInteger = this.isInteger;
    if (isInteger && this.exponent <= 0) return this.truncated().toString();
    const { digits, power } = this.#shortest();
    return decimalText({ digits: digits.toString(), power, isNegative: this.mantissa < 0n }, isInteger);
  }
}
