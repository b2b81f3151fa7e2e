import { BuiltinFault } from '../../evaluate/fault.ts';
import { BigFloat } from '../../values/big-float.ts';
import type { ExactNumber } from '../../values/exact-number.ts';
import { wholeNumberOf, isNumber, numberFromBig, numberFromFloat } from '../../values/number.ts';
import { RegoSet, type RegoValue } from '../../values/value.ts';
import { numberAt, wrongOperand, type BuiltinTable } from '../builtin.ts';

type Num = number | ExactNumber;

const exactly = (value: number): boolean => Number.isSafeInteger(value);

export const plus = (one: Num, other: Num): Num => {
  if (typeof one === 'number' && typeof other === 'number') {
    const sum = one + other;
    if (exactly(one) && exactly(other) && exactly(sum)) return sum;
  }
  return numberFromFloat(BigFloat.of(one).plus(BigFloat.of(other)));
};

export const multiplied = (one: Num, other: Num): Num => {
  if (typeof one === 'number' && typeof other === 'number') {
    const product = one * other;
    // Minus zero is no number of Rego.
    if (exactly(one) && exactly(other) && exactly(product)) return product === 0 ? 0 : product;
  }
  return numberFromFloat(BigFloat.of(one).times(BigFloat.of(other)));
};

const minusNumbers = (one: Num, other: Num): Num => {
  if (typeof one === 'number' && typeof other === 'number') {
    const difference = one - other;
    if (exactly(one) && exactly(other) && exactly(difference)) return difference;
  }
  return numberFromFloat(BigFloat.of(one).minus(BigFloat.of(other)));
};

export const withoutMembers = (one: RegoSet, other: RegoSet): RegoSet =>
  RegoSet.of([...one.values()].filter((member) => !other.has(member)));

const minus = (args: readonly RegoValue[]): RegoValue => {
  const [one = null, other = null] = args;
  if (isNumber(one)) return minusNumbers(one, numberAt(args, 2));
  if (!(one instanceof RegoSet)) return wrongOperand(1, 'one of {number, set}', one);
  return other instanceof RegoSet ? withoutMembers(one, other) : wrongOperand(2, 'set', other);
};

const divided = (one: Num, other: Num): Num => {
  const divisor = BigFloat.of(other);
  if (divisor.mantissa === 0n) throw new BuiltinFault('divide by zero');
  if (typeof one === 'number' && typeof other === 'number') {
    const quotient = one / other;
    if (exactly(one) && exactly(other) && exactly(quotient)) return quotient === 0 ? 0 : quotient;
  }
  return numberFromFloat(BigFloat.of(one).dividedBy(divisor));
};

const remainder = (one: Num, other: Num): Num => {
  const left = wholeNumberOf(one);
  const right = wholeNumberOf(other);
  if (left === undefined || right === undefined) throw new BuiltinFault('modulo on floating-point number');
  if (right === 0n) throw new BuiltinFault('modulo by zero');
  return numberFromBig(left % right);
};

const half = BigFloat.parse('0.5');

/** Halves go away from zero. */
const rounded = (value: BigFloat): bigint =>
  (value.mantissa < 0n ? value.minus(half) : value.plus(half)).truncated();

const floored = (value: BigFloat): bigint => {
  const whole = value.truncated();
  return value.isInteger || value.mantissa > 0n ? whole : whole - 1n;
};

const toInteger =
  (convert: (value: BigFloat) => bigint) =>
  (args: readonly RegoValue[]): Num => {
    const value = numberAt(args, 1);
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    return numberFromBig(convert(BigFloat.of(value)));
  };

const absolute = (value: Num): Num => {
  if (typeof value === 'number') return Math.abs(value);
  const number = BigFloat.of(value);
  if (number.mantissa >= 0n) return value;
  return numberFromFloat(new BigFloat(-number.mantissa, number.exponent));
};

const two =
  (compute: (one: Num, other: Num) => Num) =>
  (args: readonly RegoValue[]): Num =>
    compute(numberAt(args, 1), numberAt(args, 2));

/** Policy Reference, "Numbers". */
export const arithmetic: BuiltinTable = {
  plus: two(plus),
  minus,
  mul: two(multiplied),
  div: two(divided),
  rem: two(remainder),
  round: toInteger(rounded),
  floor: toInteger(floored),
  ceil: toInteger((value) => (value.isInteger ? value.truncated() : floored(value) + 1n)),
  abs: (args) => absolute(numberAt(args, 1)),
};
