import { fail, ok, type Result } from '../../result.ts';

/**
 * Edits (insert, remove, replace, swap two neighbours) between two short texts. Quadratic, so callers pass
 * field names and enum values, never unbounded input.
 */
export const editDistance = (a: string, b: string): number => {
  const width = b.length + 1;
  const table: number[] = [];
  const at = (i: number, j: number): number => table[i * width + j] ?? 0;
  const cheapest = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const same = a[i - 1] === b[j - 1];
    const best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
    const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    return isSwap ? Math.min(best, at(i - 2, j - 2) + 1) : best;
  };
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) table.push(cheapest(i, j));
  }
  return at(a.length, b.length);
};

const maxComparedLength = 64;

/**
 * The candidate that was probably meant: the same word in another case, or at most one edit away for every three
 * letters begun. `undefined` when nothing is near: a far-fetched suggestion is worse than none.
 * @example
 * suggest('registeries', ['registries', 'digest']) // 'registries'
 * suggest('x', ['registries', 'digest']) // undefined
 */
export const suggest = (given: string, candidates: readonly string[]): string | undefined => {
  if (given.length > maxComparedLength) return undefined;
  const word = given.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.ceil(word.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
};

/** One of a few words. @returns why it is none, in words that follow it: `is not one of table, json; did you mean json?` */
export const oneOfWords = <const T extends string>(text: string, words: readonly T[]): Result<T, string> => {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return ok(word);
  const near = suggest(text, words);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return fail(`is not one of ${words.join(', ')}${meant}`);
};
