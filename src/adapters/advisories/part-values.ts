import type { Affected, EventKind, Rating, VersionRange } from '../../core/vulnerability/advisory.ts';

/** How an event begins in a part: short, since there are hundreds of thousands of them. */
const markOf: Readonly<Record<EventKind, string>> = {
  introduced: '+',
  fixed: '-',
  last_affected: '=',
  limit: '^',
};
const kindOf = new Map(Object.entries(markOf).map(([kind, mark]) => [mark, kind as EventKind]));

const none: readonly never[] = [];

type RangeValue = readonly string[] | 0;
/** Begins at this place of the versions of a name, and has so many. */
type Run = readonly [number, number];
/** Number of the advisory, ranges, listed versions, ratings, stream; what is empty at the end is left out. */
type EntryValue = readonly [number, readonly RangeValue[], (readonly Run[])?, (readonly Rating[])?, string?];

/** Everything about one name but the versions that its advisories list: the ecosystem, the name, the entries. */
export type NameValue = readonly [string, string, readonly EntryValue[]];

const writeRange = (range: VersionRange): RangeValue =>
  range === 'unreadable' ? 0 : range.map(({ kind, version }) => markOf[kind] + version);
const readRange = (value: RangeValue): VersionRange =>
  value === 0
    ? 'unreadable'
    : value.map((event) => ({ kind: kindOf.get(event.charAt(0)) ?? 'introduced', version: event.slice(1) }));

/** The versions that the advisories about one name list. */
export interface VersionPlaces {
  readonly versions: string[];
  /** Absent until a list has other versions than those before: most names never need it. */
  places?: Map<string, number>;
}
export const noPlaces = (): VersionPlaces => ({ versions: [] });

const firstPlaces = (versions: readonly string[]): Map<string, number> => {
  const places = new Map<string, number>();
  for (const [place, version] of versions.entries()) if (!places.has(version)) places.set(version, place);
  return places;
};
const placeOf = (version: string, known: VersionPlaces): number => {
  const { versions } = known;
  known.places ??= firstPlaces(versions);
  const place = known.places.get(version);
  if (place !== undefined) return place;
  known.places.set(version, versions.length);
  return versions.push(version) - 1;
};

/** Advisories about one name list mostly the same versions in the same order: a few runs name a thousand of them. */
const runsOf = (listed: readonly string[], known: VersionPlaces): readonly Run[] => {
  if (known.versions.length === 0) {
    for (const version of listed) known.versions.push(version);
    return [[0, listed.length]];
  }
  const runs: [number, number][] = [];
  let next = 0;
  for (const version of listed) {
    // To compare it with the one behind the last costs less than to look for it.
    const place = known.versions[next] === version ? next : placeOf(version, known);
    const last = runs.at(-1);
    if (last !== undefined && next === place) last[1] += 1;
    else runs.push([place, 1]);
    next = place + 1;
  }
  return runs;
};

/** @param places where the versions of the name stand; those that are new are added */
export const writeEntry = (
  advisory: number,
  { ranges, versions, ratings, stream }: Affected,
  places: VersionPlaces,
): string => {
  const written = ranges.map(writeRange);
  const runs = versions.length === 0 ? none : runsOf(versions, places);
  // Texts in one piece: hundreds of thousands of them are kept until the part is written.
  if (stream !== undefined) return JSON.stringify([advisory, written, runs, ratings, stream]);
  if (ratings.length > 0) return JSON.stringify([advisory, written, runs, ratings]);
  return JSON.stringify(runs.length > 0 ? [advisory, written, runs] : [advisory, written]);
};

/** Text of {@link NameValue}. */
export const writeName = (ecosystem: string, name: string, entries: readonly string[]): string =>
  `${JSON.stringify([ecosystem, name]).slice(0, -1)},[${entries.join(',')}]]`;

/** Text of the versions that the advisories about one name list. */
export const writeVersions = ({ versions }: VersionPlaces): string =>
  versions.length > 0 ? JSON.stringify(versions) : '';

/** All versions that the advisories about one name list; read when somebody asks. */
export interface ListedVersions {
  readonly all: readonly string[];
  /** False: no advisory lists it. */
  mayHold(version: string): boolean;
}

const versionsIn = ({ all }: ListedVersions, runs: readonly Run[]): readonly string[] =>
  // Most often an advisory lists all versions of which any of them speaks.
  runs.length === 1 && runs[0]?.[1] === all.length
    ? all
    : runs.flatMap(([start, length]) => all.slice(start, start + length));

/** Made by the thousand: getters of a class cost a third of those of an object. */
class ListedAffected implements Affected {
  readonly ecosystem: string;
  readonly name: string;
  readonly ranges: readonly VersionRange[];
  readonly ratings: readonly Rating[];
  readonly stream?: string;
  readonly #listed: ListedVersions;
  readonly #runs: readonly Run[];

  constructor(
    [ecosystem, name]: NameValue,
    [, ranges, runs, ratings, stream]: EntryValue,
    listed: ListedVersions,
  ) {
    this.ecosystem = ecosystem;
    this.name = name;
    this.ranges = ranges.map(readRange);
    this.ratings = ratings ?? none;
    if (stream !== undefined) this.stream = stream;
    this.#listed = listed;
    this.#runs = runs ?? none;
  }

  get versions(): readonly string[] {
    return this.#runs.length === 0 ? none : versionsIn(this.#listed, this.#runs);
  }

  mayList(version: string): boolean {
    return this.#runs.length > 0 && this.#listed.mayHold(version);
  }
}

export const affectedOf = (value: NameValue, entry: EntryValue, listed: ListedVersions): Affected =>
  new ListedAffected(value, entry, listed);
