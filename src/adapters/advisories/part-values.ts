import type { Affected, EventKind, Rating, VersionRange } from '../../core/vulnerability/advisory.ts';

/** How an event begins in a part: short, since there are hundreds of thousands of them. */
const markOf: Readonly<Record<EventKind, string>> = {
  introduced: '+',
  fixed: '-',
  last_affected: '=',
  limit: '^',
};
const kindOf = new Map(Object.entries(markOf).map(([kind, mark]) => [mark, kind as EventKind]));

type RangeValue = readonly string[] | 0;
/** Number of the advisory, ranges, versions, ratings, stream; what is empty at the end is left out. */
export type EntryValue = readonly [
  number,
  readonly RangeValue[],
  (readonly string[])?,
  (readonly Rating[])?,
  string?,
];

const writeRange = (range: VersionRange): RangeValue =>
  range === 'unreadable' ? 0 : range.map(({ kind, version }) => markOf[kind] + version);
const readRange = (value: RangeValue): VersionRange =>
  value === 0
    ? 'unreadable'
    : value.map((event) => ({ kind: kindOf.get(event.charAt(0)) ?? 'introduced', version: event.slice(1) }));

export const writeEntry = (advisory: number, { ranges, versions, ratings, stream }: Affected): EntryValue => {
  const written = ranges.map(writeRange);
  if (stream !== undefined) return [advisory, written, versions, ratings, stream];
  if (ratings.length > 0) return [advisory, written, versions, ratings];
  return versions.length > 0 ? [advisory, written, versions] : [advisory, written];
};

export const readEntry = (
  ecosystem: string,
  name: string,
  [, ranges, versions = [], ratings = [], stream]: EntryValue,
): Affected => ({
  ecosystem,
  name,
  ranges: ranges.map(readRange),
  versions,
  ratings,
  ...(stream === undefined ? {} : { stream }),
});
