import { RegoObject, RegoSet, type RegoValue } from '../values/value.ts';

/** How many characters of a text, or items of a collection, a step of the budget pays for. */
interface Price {
  readonly characters: number;
  readonly items: number;
}

/** It goes over its arguments in JavaScript. */
const usual: Price = { characters: 16, items: 4 };
/** The engine itself goes over a text, many characters at a time. */
const quick: Price = { characters: 256, items: 4 };
/** It reads a part whose size does not depend on that of its arguments, or has a price of its own. */
const free: Price = { characters: Infinity, items: Infinity };

const prices: ReadonlyMap<string, Price> = new Map([
  ...['contains', 'indexof', 'split', 'replace', 'concat', 'lower', 'upper', 'json.marshal', 'sprintf'].map(
    (name) => [name, quick] as const,
  ),
  ...['startswith', 'endswith', 'trim_prefix', 'trim_suffix', 'count', 'object.get', 'type_name'].map(
    (name) => [name, free] as const,
  ),
  ...['null', 'boolean', 'number', 'string', 'array', 'set', 'object'].map(
    (type) => [`is_${type}`, free] as const,
  ),
  ...['plus', 'mul', 'div', 'rem', 'round', 'floor', 'ceil', 'abs', 'numbers.range'].map(
    (name) => [name, free] as const,
  ),
]);

export const priceOf = (name: string): Price => prices.get(name) ?? usual;

const sizeSteps = (value: RegoValue, { characters, items }: Price): number => {
  if (typeof value === 'string') return value.length / characters;
  if (Array.isArray(value)) return value.length / items;
  return value instanceof RegoObject || value instanceof RegoSet ? value.size / items : 0;
};

/**
 * What calling a builtin costs, in steps. Attack: `crypto.sha256` of a megabyte, or a list of a hundred thousand that is
 * sorted, for each of ten thousand volumes: a step each, and minutes in which nobody else is answered.
 */
export const stepsOfCall = (args: readonly RegoValue[], price: Price): number => {
  let steps = 1;
  for (const value of args) steps += sizeSteps(value, price);
  return Math.floor(steps);
};
