import type { Evaluation } from '../../evaluate/evaluation.ts';
import { BuiltinFault } from '../../evaluate/fault.ts';
import { RegoSet, type RegoValue } from '../../values/value.ts';
import {
  integerAt,
  itemsAt,
  objectAt,
  textAt,
  textsOf,
  wrongOperand,
  type BuiltinTable,
} from '../builtin.ts';
import { lowerText, upperText } from './letter-case.ts';

const separate = (text: string, separator: string, ctx: Evaluation): readonly string[] => {
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  ctx.shared.budget.spend(parts.length);
  return parts;
};

/** The text with `old` replaced, at each code point where it is empty. */
const replaced = (text: string, [old, fresh]: readonly [string, string], ctx: Evaluation): string => {
  if (old === '') {
    const all = Array.from(text);
    ctx.shared.budget.spend(all.length);
    ctx.shared.budget.allocate(text.length + (all.length + 1) * fresh.length);
    return fresh + all.map((character) => character + fresh).join('');
  }
  const parts = text.split(old);
  ctx.shared.budget.spend(parts.length);
  ctx.shared.budget.allocate(text.length + (parts.length - 1) * (fresh.length - old.length));
  return parts.join(fresh);
};

const joined = (args: readonly RegoValue[], ctx: Evaluation): string => {
  const separator = textAt(args, 1);
  const isArray = Array.isArray(args[1]);
  const texts = textsOf(itemsAt(args, 2), 2, isArray ? 'array of strings' : 'set of strings');
  ctx.shared.budget.allocate(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
};

const placeOf = (text: string, unit: number): number =>
  unit < 0 ? -1 : Array.from(text.slice(0, unit)).length;

const soughtAt = (args: readonly RegoValue[]): string => {
  const sought = textAt(args, 2);
  if (sought === '') throw new BuiltinFault('empty search character');
  return sought;
};

const indexOf = (args: readonly RegoValue[]): RegoValue => {
  const text = textAt(args, 1);
  return placeOf(text, text.indexOf(soughtAt(args)));
};

const indexesOf = (args: readonly RegoValue[], ctx: Evaluation): RegoValue => {
  const all = Array.from(textAt(args, 1));
  const sought = Array.from(soughtAt(args));
  const places: number[] = [];
  for (let from = 0; from + sought.length <= all.length; from++) {
    const other = sought.findIndex((character, at) => all[from + at] !== character);
    if (other < 0) places.push(from);
    // Attack: a text of one letter, and half of it sought at each of its places.
    ctx.shared.budget.spend(Math.floor((other < 0 ? sought.length : other) / 16));
  }
  return places;
};

const substring = (args: readonly RegoValue[]): string => {
  const text = textAt(args, 1);
  const from = Number(integerAt(args, 2));
  const length = Number(integerAt(args, 3));
  if (from < 0) throw new BuiltinFault('negative offset');
  const isPlain = !/[\ud800-\udfff]/.test(text);
  const end = length < 0 ? undefined : from + length;
  return isPlain ? text.slice(from, end) : Array.from(text).slice(from, end).join('');
};

const replaceAll = (args: readonly RegoValue[], ctx: Evaluation): string => {
  const patterns = objectAt(args, 1);
  const text = textAt(args, 2);
  const pairs = patterns.entries().map(([old, fresh]): readonly [string, string] => {
    if (typeof old !== 'string')
      throw new BuiltinFault('operand 1 non-string key found in pattern object', 'eval_type_error');
    if (typeof fresh !== 'string')
      throw new BuiltinFault('operand 1 non-string value found in pattern object', 'eval_type_error');
    return [old, fresh];
  });
  let result = '';
  for (let at = 0; at < text.length;) {
    ctx.shared.budget.spend(pairs.length);
    const pair = pairs.find(([old]) => old !== '' && text.startsWith(old, at));
    result += pair?.[1] ?? text.charAt(at);
    ctx.shared.budget.allocate((pair?.[1] ?? '').length);
    at += pair?.[0].length ?? 1;
  }
  return result;
};

const trimmedLeft = (text: string, cut: ReadonlySet<string>): string => {
  const all = Array.from(text);
  const from = all.findIndex((character) => !cut.has(character));
  return from < 0 ? '' : all.slice(from).join('');
};

const trimmedRight = (text: string, cut: ReadonlySet<string>): string => {
  const all = Array.from(text);
  return all.slice(0, all.findLastIndex((character) => !cut.has(character)) + 1).join('');
};

const cutAt = (args: readonly RegoValue[]): ReadonlySet<string> => new Set(textAt(args, 2));

/** What Go takes for space. */
const isSpace = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

const trimmedSpace = (text: string): string => {
  let from = 0;
  let end = text.length;
  while (from < end && isSpace.test(text.charAt(from))) from += 1;
  while (end > from && isSpace.test(text.charAt(end - 1))) end -= 1;
  return text.slice(from, end);
};

const textOrTexts = (args: readonly RegoValue[], at: number): readonly string[] => {
  const value = args[at - 1] ?? null;
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) && !(value instanceof RegoSet))
    return wrongOperand(at, 'one of {string, set, array}', value);
  return textsOf(itemsAt(args, at), at, Array.isArray(value) ? 'array of strings' : 'set of strings');
};

const anyMatch =
  (test: (text: string, part: string) => boolean) =>
  (args: readonly RegoValue[], ctx: Evaluation): boolean => {
    const texts = textOrTexts(args, 1);
    const parts = textOrTexts(args, 2);
    ctx.shared.budget.spend(texts.length * parts.length);
    return texts.some((text) => parts.some((part) => test(text, part)));
  };

const countOf = (text: string, part: string): number =>
  part === '' ? Array.from(text).length + 1 : text.split(part).length - 1;

const two =
  (test: (text: string, part: string) => RegoValue) =>
  (args: readonly RegoValue[]): RegoValue =>
    test(textAt(args, 1), textAt(args, 2));

/** Policy Reference, "Strings". */
export const strings: BuiltinTable = {
  concat: joined,
  contains: two((text, part) => text.includes(part)),
  startswith: two((text, part) => text.startsWith(part)),
  endswith: two((text, part) => text.endsWith(part)),
  indexof: indexOf,
  indexof_n: indexesOf,
  substring,
  lower: (args) => lowerText(textAt(args, 1)),
  upper: (args) => upperText(textAt(args, 1)),
  split: (args, ctx) => separate(textAt(args, 1), textAt(args, 2), ctx),
  replace: (args, ctx) => replaced(textAt(args, 1), [textAt(args, 2), textAt(args, 3)], ctx),
  trim: (args) => trimmedRight(trimmedLeft(textAt(args, 1), cutAt(args)), cutAt(args)),
  trim_left: (args) => trimmedLeft(textAt(args, 1), cutAt(args)),
  trim_right: (args) => trimmedRight(textAt(args, 1), cutAt(args)),
  trim_prefix: two((text, part) => (text.startsWith(part) ? text.slice(part.length) : text)),
  trim_suffix: two((text, part) => (part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text)),
  trim_space: (args) => trimmedSpace(textAt(args, 1)),
  'strings.any_prefix_match': anyMatch((text, part) => text.startsWith(part)),
  'strings.any_suffix_match': anyMatch((text, part) => text.endsWith(part)),
  'strings.count': two(countOf),
  'strings.replace_n': replaceAll,
  'strings.reverse': (args) => Array.from(textAt(args, 1)).reverse().join(''),
};
