import type { ImagePattern } from '../../image/pattern.ts';
import { matchesGlob } from '../match/glob.ts';

/**
 * Whether the path glob `outer` matches every path that `inner` matches, component by component. Says yes only
 * when sure. Filled from the end, so time is |outer| x |inner| components, whatever the number of `**`.
 */
const coversPath = (outer: readonly string[], inner: readonly string[]): boolean =>
  coversEnd(outer[0], inner[0]) && coversEnd(outer.at(-1), inner.at(-1)) && coversComponents(outer, inner);

/**
 * Comparing the first and the last components decides most pairs fast: a policy may have two lists of a thousand
 * patterns.
 */
const coversEnd = (outer = '', inner = ''): boolean =>
  outer === '**' || (inner !== '**' && matchesGlob(outer, inner));

const coversComponents = (outer: readonly string[], inner: readonly string[]): boolean => {
  const width = inner.length + 1;
  const covered = new Set<number>([outer.length * width + inner.length]);
  const covers = (o: number, i: number): boolean => covered.has(o * width + i);
  for (let o = outer.length - 1; o >= 0; o--) {
    for (let i = inner.length - 1; i >= 0; i--) {
      const from = outer[o] ?? '';
      const component = inner[i] ?? '';
      // `**` takes this component and then goes on, or has taken enough.
      const holds =
        from === '**'
          ? covers(o, i + 1) || covers(o + 1, i + 1)
          : component !== '**' && matchesGlob(from, component) && covers(o + 1, i + 1);
      if (holds) covered.add(o * width + i);
    }
  }
  return covers(0, 0);
};

const coversHost = (outer: ImagePattern, inner: ImagePattern): boolean => {
  if (outer.registry === undefined) return true;
  if (inner.registry === undefined || outer.registry.hostname !== inner.registry.hostname) return false;
  return outer.registry.port === inner.registry.port || (outer.isWide && outer.registry.port === undefined);
};

/** Whether a deny pattern matches every image that an allow pattern matches: the latter then allows nothing. */
export const coversPattern = (outer: ImagePattern, inner: ImagePattern): boolean => {
  if (!coversHost(outer, inner)) return false;
  return outer.registry === undefined || coversPath(outer.path.split('/'), inner.path.split('/'));
};

/**
 * Whether every name that the glob `inner` matches is matched by `outer`: a `*` of `inner` is just a character
 * that only a `*` of `outer` can take.
 */
export const coversGlob = (outer: string, inner: string): boolean => matchesGlob(outer, inner);
