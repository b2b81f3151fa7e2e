import type { ImagePattern } from '../../image/pattern.ts';

/** One of two globs, at a position. */
type Overlap = (left: number, right: number) => boolean;

interface Globs {
  readonly left: string;
  readonly right: string;
}

/** Fills a table from the end: time is |left| x |right|, whatever the number of wildcards. */
const fill = (left: number, right: number, holds: (overlap: Overlap, l: number, r: number) => boolean) => {
  const width = right + 1;
  const found = new Set<number>();
  const overlap: Overlap = (l, r) => found.has(l * width + r);
  for (let l = left; l >= 0; l--) {
    for (let r = right; r >= 0; r--) if (holds(overlap, l, r)) found.add(l * width + r);
  }
  return overlap(0, 0);
};

/** A star matches nothing here, or the next character of the other glob, which may be a star itself. */
const starOverlaps = (overlap: Overlap, l: number, r: number, { left, right }: Globs): boolean =>
  (left[l] === '*' && (overlap(l + 1, r) || (r < right.length && overlap(l, r + 1)))) ||
  (right[r] === '*' && (overlap(l, r + 1) || (l < left.length && overlap(l + 1, r))));

/** Whether some text matches both globs, in which `*` stands for any run of characters. */
export const globsOverlap = (left: string, right: string): boolean =>
  fill(left.length, right.length, (overlap, l, r) => {
    if (starOverlaps(overlap, l, r, { left, right })) return true;
    if (l === left.length || r === right.length) return l === left.length && r === right.length;
    return left[l] === right[r] && overlap(l + 1, r + 1);
  });

const isTree = (component: string | undefined): boolean => component === '**';

/** Whether some path matches both path globs: each component of it by one of each, `**` by one or more. */
const pathsOverlap = (left: readonly string[], right: readonly string[]): boolean =>
  fill(left.length, right.length, (overlap, l, r) => {
    const [a, b] = [left[l], right[r]];
    if (a === undefined || b === undefined) return a === b;
    if (!isTree(a) && !isTree(b) && !globsOverlap(a, b)) return false;
    return overlap(l + 1, r + 1) || (isTree(a) && overlap(l, r + 1)) || (isTree(b) && overlap(l + 1, r));
  });

/** Whether some image matches both of two patterns of allow lists, where hosts are exact. */
export const patternsOverlap = (left: ImagePattern, right: ImagePattern): boolean => {
  if (left.registry === undefined || right.registry === undefined) return true;
  if (left.registry.host !== right.registry.host) return false;
  return pathsOverlap(left.path.split('/'), right.path.split('/'));
};
