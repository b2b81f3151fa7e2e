import { wholeNumberOf } from '../../values/number.ts';
import type { RegoValue } from '../../values/value.ts';
import { arrayAt, numberAt, type BuiltinTable } from '../builtin.ts';

const indexAt = (args: readonly RegoValue[], at: number): number =>
  Number(wholeNumberOf(numberAt(args, at)) ?? 0);

const slice = (args: readonly RegoValue[]): RegoValue => {
  const items = arrayAt(args, 1);
  const from = Math.max(0, indexAt(args, 2));
  const to = Math.min(items.length, indexAt(args, 3));
  return to < from ? [] : items.slice(from, to);
};

/** Policy Reference, "Arrays". */
export const arrays: BuiltinTable = {
  'array.concat': (args, ctx) => {
    const all = [...arrayAt(args, 1), ...arrayAt(args, 2)];
    ctx.shared.budget.spend(all.length);
    return all;
  },
  'array.flatten': (args) =>
    arrayAt(args, 1).flatMap((item) => (Array.isArray(item) ? (item as readonly RegoValue[]) : [item])),
  'array.reverse': (args) => arrayAt(args, 1).toReversed(),
  'array.slice': slice,
};
