import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { numberFromBig } from '../../values/number.ts';
import type { RegoValue } from '../../values/value.ts';
import { integerAt, type BuiltinTable } from '../builtin.ts';

/** A longer shift would make a number that nobody can use. */
const maxShift = 4096n;

const shiftAt = (args: readonly RegoValue[]): bigint => {
  const shift = integerAt(args, 2);
  if (shift < 0n)
    throw new BuiltinFault(
      'operand 2 must be an unsigned integer number but got a negative integer',
      'eval_type_error',
    );
  if (shift > maxShift) throw beyondBound(`a shift is over ${maxShift} bits`);
  return shift;
};

const two = (compute: (one: bigint, other: bigint) => bigint) => (args: readonly RegoValue[]) =>
  numberFromBig(compute(integerAt(args, 1), integerAt(args, 2)));

/** Policy Reference, "Bitwise". */
export const bits: BuiltinTable = {
  'bits.and': two((one, other) => one & other),
  'bits.or': two((one, other) => one | other),
  'bits.xor': two((one, other) => one ^ other),
  'bits.negate': (args) => numberFromBig(~integerAt(args, 1)),
  'bits.lsh': (args) => numberFromBig(integerAt(args, 1) << shiftAt(args)),
  'bits.rsh': (args) => numberFromBig(integerAt(args, 1) >> shiftAt(args)),
};
