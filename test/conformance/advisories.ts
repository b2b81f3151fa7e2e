import { reportOf } from '../oracles/matches/compare-matches.ts';
import { matchDifferences, type MatchDifference } from '../oracles/matches/differences.ts';
import { comparedIn, comparePublished } from '../oracles/matches/published.ts';

/** A folder as OSV publishes it, with ecosystems that others judge from a list, too. */
export const isAdvisories = (dir: string): boolean => comparedIn(dir).length > 0;

/** How many of their matches have to be ours, and of ours theirs, as parts of one. */
const aims = { theirs: 0.999, ours: 0.995 };
const allEcosystems = 3;

/** Asks osv-scanner, rpm's comparison and us about every package of a folder; `say` takes a line for people. */
export const runAdvisories = (
  dir: string,
  say: (line: string) => void,
): { readonly passed: number; readonly failed: number } => {
  const seen = new Set<MatchDifference>();
  const outcomes: boolean[] = [];
  const all = { packages: 0, both: 0, ours: 0, theirs: 0 };
  const judge = (what: string, isGood: boolean): void => {
    outcomes.push(isGood);
    if (!isGood) say(`FAILED ${what}`);
  };
  const ecosystems = comparedIn(dir);
  for (const ecosystem of ecosystems) {
    const comparisons = comparePublished(dir, ecosystem);
    for (const { what, comparison } of comparisons) {
      const { lines, failures } = reportOf(what, comparison);
      for (const line of lines) say(line);
      judge(`${what}: a difference that nobody explained`, failures === 0);
      for (const row of comparison.explained.keys()) seen.add(row);
    }
    const { packages, both, ours, theirs } = comparisons.at(-1)!.comparison;
    all.packages += packages;
    all.both += both;
    all.ours += ours;
    all.theirs += theirs;
  }
  say(
    `all: ${all.packages} packages, ${all.theirs} matches of theirs, ${all.ours} of ours, ${all.both} of both`,
  );
  judge('theirs that are not ours', all.both >= aims.theirs * all.theirs);
  judge('ours that are not theirs', all.both >= aims.ours * all.ours);
  if (ecosystems.length === allEcosystems)
    for (const row of matchDifferences.filter(({ data }) => data === 'published'))
      judge(`no longer differs: ${row.why}`, seen.has(row));
  return {
    passed: outcomes.filter((isGood) => isGood).length,
    failed: outcomes.filter((isGood) => !isGood).length,
  };
};
