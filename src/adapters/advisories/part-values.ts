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
/** Begins at this place of the versions of a name, and has so many. */
type Run = readonly [number, number];
/** Number of the advisory, ranges, listed versions, ratings, stream; what is empty at the end is left out. */
type EntryValue = readonly [number, readonly RangeValue[], (readonly Run[])?, (readonly Rating[])?, string?];

/** Everything about one name: all versions that its advisories list, each once, and the entries. */
export type NameValue = readonly [readonly string[], readonly EntryValue[]];

const writeRange = (range: VersionRange): RangeValue =>
  range === 'unreadable' ? 0 : range.map(({ kind, version }) => markOf[kind] + version);
const readRange = (value: RangeValue): VersionRange =>
  value === 0
    ? 'unreadable'
    : value.map((event) => ({ kind: kindOf.get(event.charAt(0)) ?? 'introduced', version: event.slice(1) }));

/** Advisories about one name list mostly the same versions in the same order: a few runs name a thousand of them. */
const runsOf = (versions: readonly string[], places: Map<string, number>): readonly Run[] => {
  const runs: [number, number][] = [];
  for (const version of versions) {
    let place = places.get(version);
    if (place === undefined) {
      place = places.size;
      places.set(version, place);
    }
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === place) last[1] += 1;
    else runs.push([place, 1]);
  }
  return runs;
};

/** @param places where the versions of the name stand; those that are new are added */
export const writeEntry = (
  advisory: number,
  { ranges, versions, ratings, stream }: Affected,
  places: Map<string, number>,
): string => {
  const written = ranges.map(writeRange);
  const runs = runsOf(versions, places);
  if (stream !== undefined) return JSON.stringify([advisory, written, runs, ratings, stream]);
  if (ratings.length > 0) return JSON.stringify([advisory, written, runs, ratings]);
  return JSON.stringify(runs.length > 0 ? [advisory, written, runs] : [advisory, written]);
};

/** Text of {@link NameValue}. */
export const writeName = (places: ReadonlyMap<string, number>, entries: readonly string[]): string =>
  `[${JSON.stringify([...places.keys()])},[${entries.join(',')}]]`;

const versionsIn = (listed: readonly string[], runs: readonly Run[]): readonly string[] =>
  // Most often an advisory lists all versions of which any of them speaks.
  runs.length === 1 && runs[0]?.[1] === listed.length
    ? listed
    : runs.flatMap(([start, length]) => listed.slice(start, start + length));

interface ReadEntry {
  readonly advisory: number;
  readonly affected: Affected;
}
export const readName = (
  ecosystem: string,
  name: string,
  [listed, entries]: NameValue,
): readonly ReadEntry[] =>
  entries.map(([advisory, ranges, runs = [], ratings = [], stream]) => ({
    advisory,
    affected: {
      ecosystem,
      name,
      ranges: ranges.map(readRange),
      // Lists are long, and asked only when no range holds a version.
      get versions() {
        return versionsIn(listed, runs);
      },
      ratings,
      ...(stream === undefined ? {} : { stream }),
    },
  }));
