/**
 * Edits (insert, remove, replace, swap two neighbours) between two short texts. Quadratic, so callers pass
 * field names and enum values, never unbounded input.
 */
export const editDistance = (a: string, b: string): number => {
  let older: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (older[j - 2] ?? 0) + 1);
      row.push(best);
    }
    older = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
};

const longestWorthComparing = 64;

/**
 * The candidate that was probably meant: the same word in another case, or at most one edit for every three
 * letters away. `undefined` when nothing is near: a far-fetched suggestion is worse than none.
 */
export const suggest = (given: string, candidates: readonly string[]): string | undefined => {
  if (given.length > longestWorthComparing) return undefined;
  const word = given.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
};
