import type { Match } from '../../../src/core/vulnerability/match.ts';
import { purlOf, type AskedPackage } from './asked-package.ts';
import { differenceFor, type DifferentMatch, type MatchDifference } from './differences.ts';
import type { MatchedIds } from './osv-scanner.ts';
import type { PublishedRecord } from './published-records.ts';

export interface MatchComparison {
  readonly packages: number;
  /** Matches that both have. */
  readonly both: number;
  readonly ours: number;
  readonly theirs: number;
  readonly explained: ReadonlyMap<MatchDifference, readonly DifferentMatch[]>;
  readonly unexplained: readonly DifferentMatch[];
}

/** Holds our matches against those of another program, by package and advisory. */
export const compareMatches = (
  data: MatchDifference['data'],
  packages: readonly AskedPackage[],
  records: ReadonlyMap<string, PublishedRecord>,
  ours: ReadonlyMap<string, readonly Match[]>,
  theirs: MatchedIds,
): MatchComparison => {
  const counts = { both: 0, ours: 0, theirs: 0 };
  const explained = new Map<MatchDifference, DifferentMatch[]>();
  const unexplained: DifferentMatch[] = [];
  const differ = (found: DifferentMatch): void => {
    const row = differenceFor(data, found);
    if (row === undefined) unexplained.push(found);
    else
      explained
        .set(row, explained.get(row) ?? [])
        .get(row)!
        .push(found);
  };
  for (const asked of packages) {
    const purl = purlOf(asked);
    const mine = new Map((ours.get(purl) ?? []).map((match) => [match.advisory.id, match]));
    const others = theirs.get(purl) ?? new Set();
    counts.ours += mine.size;
    counts.theirs += others.size;
    for (const [id, match] of mine)
      if (others.has(id)) counts.both += 1;
      else differ({ asked, match, record: records.get(id)! });
    for (const id of others) if (!mine.has(id)) differ({ asked, record: records.get(id)! });
  }
  return { packages: packages.length, ...counts, explained, unexplained };
};

export const shownDifference = ({ asked, match, record }: DifferentMatch): string =>
  `${purlOf(asked)} ${record.id}: ${match === undefined ? 'only theirs' : `only ours (${match.range}${match.isImprecise ? ', imprecise' : ''})`}`;

const percent = (part: number, whole: number): string =>
  whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(3)} %`;
const shownAtOnce = 20;

/** For people, and how many matches nobody explained. */
export const reportOf = (
  what: string,
  { packages, both, ours, theirs, explained, unexplained }: MatchComparison,
): { readonly lines: readonly string[]; readonly failures: number } => ({
  lines: [
    ...unexplained.slice(0, shownAtOnce).map(shownDifference),
    ...[...explained].map(
      ([row, found]) => `  ${found.length} times ${row.rule}: ${row.why} (${shownDifference(found[0]!)})`,
    ),
    `${what}: ${packages} packages; of ${theirs} matches of theirs ${percent(both, theirs)} are ours, of ${ours} of ours ${percent(both, ours)} are theirs; ${unexplained.length} unexplained`,
  ],
  failures: unexplained.length,
});
