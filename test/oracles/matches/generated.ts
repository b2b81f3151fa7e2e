import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { baseEcosystem } from '../../../src/core/vulnerability/package.ts';
import { deflatedOsvZip } from '../../fakes/advisories.ts';
import { scannerVersion } from '../../e2e/harness/install-scanners.ts';
import { installSystemImage } from '../../e2e/harness/system-image.ts';
import { scannedPackages } from '../packages/scanned-packages.ts';
import { readMatchRecording, writeMatchRecording } from '../recording.ts';
import { alpinePackages } from './alpine-packages.ts';
import { purlOf, type AskedPackage } from './asked-package.ts';
import { compareMatches, reportOf, type MatchComparison } from './compare-matches.ts';
import { generateAdvisories } from './generated-advisories.ts';
import { compiledLookup, ourMatches } from './our-matches.ts';
import { askOsvScanner, type MatchedIds } from './osv-scanner.ts';
import { publishedRecords } from './published-records.ts';

/** How many packages of Debian are asked by their own name too, beside that of their source. */
const binaries = 12;

/** The packages of the image that is made of real parts, and those of Alpine. */
const realLists = (): readonly AskedPackage[] => {
  const scanned = scannedPackages(installSystemImage().layouts.gzip);
  const debian = scanned.filter(({ ecosystem }) => ecosystem.startsWith('Debian'));
  const bySource = debian.map(({ ecosystem, name, version, source = { name, version } }) => ({
    ecosystem,
    name: source.name,
    version: source.version,
  }));
  const byBinary = debian
    .filter(
      ({ source, name, version }) =>
        source !== undefined && source.name !== name && source.version === version,
    )
    .slice(0, binaries)
    .map(({ ecosystem, name, version, source }) => ({ ecosystem, name, version, source: source!.name }));
  const npm = scanned
    .filter(({ ecosystem }) => ecosystem === 'npm')
    .map(({ ecosystem, name, version }) => ({ ecosystem, name, version }));
  const all = [...bySource, ...byBinary, ...npm, ...alpinePackages];
  return [...new Map(all.map((asked) => [purlOf(asked), asked])).values()];
};

interface Advised {
  readonly asked: readonly AskedPackage[];
  readonly zips: Readonly<Record<string, string>>;
}

/** Writes the advisories that the seed makes around lists, as OSV publishes them. */
const withAdvisories = <T>(
  seed: number,
  lists: readonly AskedPackage[],
  use: (folder: string, advised: Advised) => T,
): T => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-matches-'));
  try {
    const byEcosystem = Map.groupBy(lists, ({ ecosystem }) => baseEcosystem(ecosystem));
    const zips: Record<string, string> = {};
    const asked = [...byEcosystem].flatMap(([ecosystem, packages]) => {
      const made = generateAdvisories(seed, packages);
      const zip = join(folder, 'feeds', ecosystem, 'all.zip');
      mkdirSync(dirname(zip), { recursive: true });
      writeFileSync(zip, deflatedOsvZip(made.records));
      zips[ecosystem] = zip;
      return made.asked;
    });
    return use(folder, { asked: [...new Map(asked.map((one) => [purlOf(one), one])).values()], zips });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const compareWith = ({ asked, zips }: Advised, theirs: MatchedIds): readonly MatchComparison[] =>
  Object.entries(zips).map(([ecosystem, zip]) => {
    const packages = asked.filter((one) => baseEcosystem(one.ecosystem) === ecosystem);
    const records = new Map(publishedRecords(zip).map((record) => [record.id, record]));
    return compareMatches(
      'generated',
      packages,
      records,
      ourMatches(packages, compiledLookup(zip, ecosystem)),
      theirs,
    );
  });

/** Asks osv-scanner and us about real lists under generated advisories, and records it. @returns on how many matches somebody has to look */
export const compareGenerated = ({
  seed,
  write,
}: {
  readonly seed: number;
  readonly write: boolean;
}): number => {
  const lists = realLists();
  return withAdvisories(seed, lists, (folder, advised) => {
    const theirs = askOsvScanner(folder, advised.zips, advised.asked);
    const comparisons = compareWith(advised, theirs);
    const failures = Object.keys(advised.zips).map((ecosystem, at) => {
      const { lines, failures: count } = reportOf(`${ecosystem}, generated`, comparisons[at]!);
      for (const line of lines) process.stdout.write(`${line}\n`);
      return count;
    });
    const all = failures.reduce((sum, count) => sum + count, 0);
    if (write && all === 0)
      writeMatchRecording({
        command: `npm run oracles -- --only matches --seed ${seed}`,
        seed,
        program: `osv-scanner ${scannerVersion('osv-scanner')}`,
        lists: [...lists],
        answers: advised.asked.map((one) => [...(theirs.get(purlOf(one)) ?? [])].sort()),
      });
    return all;
  });
};

/** What was recorded, beside what we say today. */
export const replayGenerated = (): readonly MatchComparison[] => {
  const { seed, lists, answers } = readMatchRecording();
  return withAdvisories(seed, lists, (_folder, advised) =>
    compareWith(advised, new Map(advised.asked.map((one, at) => [purlOf(one), new Set(answers[at] ?? [])]))),
  );
};
