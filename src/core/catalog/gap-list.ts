import { shownName } from '../text/shown-text.ts';
import type { Gap, GapKind } from '../vulnerability/gap.ts';

/** So many examples of one gap are named; the others are counted. */
const maxExamples = 5;

export interface GapList {
  /** @param about what examples have in common; empty: their kind alone */
  add(kind: GapKind, about: string, example: string): void;
  all(): readonly Gap[];
}

const whatOf = (about: string, examples: readonly string[], count: number): string => {
  const named = examples.map(shownName).join(', ');
  const more = count - examples.length;
  return `${about === '' ? '' : `${about}: `}${named}${more === 0 ? '' : ` and ${more} more`}`;
};

/** Gaps of one kind about one thing are one gap: an image with a thousand jars has not a thousand. */
export const createGapList = (): GapList => {
  const groups = new Map<string, { kind: GapKind; about: string; count: number; examples: string[] }>();
  return {
    add: (kind, about, example) => {
      const key = `${kind} ${about}`;
      const group = groups.get(key) ?? { kind, about, count: 0, examples: [] };
      groups.set(key, group);
      group.count += 1;
      if (group.examples.length < maxExamples) group.examples.push(example);
    },
    all: () =>
      [...groups.values()].map(({ kind, about, count, examples }) => ({
        kind,
        what: whatOf(about, examples, count),
      })),
  };
};
