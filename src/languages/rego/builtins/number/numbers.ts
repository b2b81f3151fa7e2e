import type { Evaluation } from '../../evaluate/evaluation.ts';
import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { BigFloat } from '../../values/big-float.ts';
import { wholeNumberOf, isNumber, numberFromBig, numberOf } from '../../values/number.ts';
import { quotedText } from '../../values/value-text.ts';
import type { RegoValue } from '../../values/value.ts';
import { integerAt, numberAt, textAt, wrongOperand, type BuiltinTable } from '../builtin.ts';
import { seededBytes } from './digest.ts';

const range = (args: readonly RegoValue[], step: bigint, ctx: Evaluation): RegoValue => {
  const from = integerAt(args, 1);
  const to = integerAt(args, 2);
  if (step <= 0n) throw new BuiltinFault('numbers.range_step: step must be a positive integer');
  const distance = from <= to ? to - from : from - to;
  const count = distance / step + 1n;
  ctx.shared.budget.spend(Number(count));
  ctx.shared.budget.allocate(Math.min(Number(count) * 8, 1024 * 1024));
  const stride = from <= to ? step : -step;
  return Array.from({ length: Number(count) }, (_unused, at) => numberFromBig(from + BigInt(at) * stride));
};

const numeric = /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,400})?$/;
const hexadecimal = /^[+-]?0x[0-9a-f_]{0,400}(?:\.[0-9a-f_]{0,400})?p[+-]?\d{1,400}$/i;
const json = /^-?(?:0|[1-9]\d{0,399})(?:\.\d{1,400})?(?:[eE][+-]?\d{1,9})?$/;

const numberOfText = (text: string): RegoValue => {
  if (/^[+-]?(?:inf|infinity|nan)$/i.test(text))
    throw new BuiltinFault('operand 1 must be valid number', 'eval_type_error');
  if (/^[+-]?[\d.]{401}|[eE][+-]?\d{401}/.test(text)) throw beyondBound('a number has over 400 digits');
  // Go reads `0x1p4`, and OPA goes on to compute with it.
  if (hexadecimal.test(text)) throw beyondBound('a number in hexadecimal is not read here');
  if (!numeric.test(text) || !Number.isFinite(Number(text)))
    throw new BuiltinFault(`strconv.ParseFloat: parsing ${quotedText(text)}: invalid syntax`);
  return json.test(text) ? numberOf(text) : numberOf(BigFloat.parse(String(Number(text))).text());
};

const toNumber = (args: readonly RegoValue[]): RegoValue => {
  const [value = null] = args;
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isNumber(value)) return value;
  return typeof value === 'string'
    ? numberOfText(value)
    : wrongOperand(1, 'one of {boolean, null, number, string}', value);
};

const formatInt = (args: readonly RegoValue[]): string => {
  const value = BigFloat.of(numberAt(args, 1));
  const base = wholeNumberOf(numberAt(args, 2));
  if (base !== 2n && base !== 8n && base !== 10n && base !== 16n)
    throw new BuiltinFault('operand 2 must be one of {2, 8, 10, 16}', 'eval_type_error');
  return (wholeNumberOf(numberAt(args, 1)) ?? value.truncated()).toString(Number(base));
};

/** The same number for the same text and bound, as long as the seed is the same. */
const random = (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const bound = integerAt(args, 2);
  if (bound === 0n) return 0;
  const most = bound < 0n ? -bound : bound;
  const bytes = seededBytes(ctx.shared.surroundings.seed, `rand.intn ${textAt(args, 1)} ${most}`);
  const drawn = bytes.slice(0, 16).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return numberFromBig(drawn % most);
};

/** Policy Reference, "Numbers" and "Conversions". */
export const numbers: BuiltinTable = {
  'numbers.range': (args, ctx) => range(args, 1n, ctx),
  'numbers.range_step': (args, ctx) => range(args, integerAt(args, 3), ctx),
  'rand.intn': random,
  to_number: toNumber,
  format_int: formatInt,
};
