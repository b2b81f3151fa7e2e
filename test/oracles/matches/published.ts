import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Match } from '../../../src/core/vulnerability/match.ts';
import { deflatedOsvZip } from '../../fakes/advisories.ts';
import { schemeOf } from '../../../src/core/vulnerability/ecosystem.ts';
import { askLabelCompare } from './ask-label-compare.ts';
import { purlOf, type AskedPackage } from './asked-package.ts';
import { boundaryToolchains, boundaryVersions } from './boundary-versions.ts';
import { compareMatches, type MatchComparison } from './compare-matches.ts';
import { compiledLookup, ourMatches } from './our-matches.ts';
import { askOsvScanner, type MatchedIds } from './osv-scanner.ts';
import {
  askedName,
  eventVersions,
  publishedRecords,
  simplified,
  type PublishedAffected,
  type PublishedRecord,
} from './published-records.ts';

/** Ecosystems whose published data somebody else judges from a list, too. */
const asks: Readonly<
  Record<string, (folder: string, zip: string, packages: readonly AskedPackage[]) => MatchedIds>
> = {
  PyPI: (folder, zip, packages) => askOsvScanner(folder, { PyPI: zip }, packages),
  Go: (folder, zip, packages) => askOsvScanner(folder, { Go: zip }, packages),
  AlmaLinux: (_folder, zip, packages) => askLabelCompare(zip, packages),
};

export const zipOf = (dir: string, ecosystem: string): string => join(dir, ecosystem, 'all.zip');
/** The ecosystems of a folder in OSV's layout that are compared. */
export const comparedIn = (dir: string): readonly string[] =>
  Object.keys(asks).filter((ecosystem) => existsSync(zipOf(dir, ecosystem)));

/** A modular rpm is asked about with the label that the advisory names. */
const moduleOf = (version: string, { summary }: PublishedRecord): string | undefined =>
  version.includes('.module') ? /^\w+: (\S+:\S+) /.exec(summary)?.[1] : undefined;

/** What Go calls the parts of its own release; its modules carry a `v`. */
const isToolchain = ({ ecosystem, name }: PublishedAffected): boolean =>
  ecosystem === 'Go' && ['stdlib', 'toolchain'].includes(name);
const versionsAround = (affected: PublishedAffected): readonly string[] => {
  const events = eventVersions(affected);
  if (isToolchain(affected)) return events.flatMap(boundaryToolchains);
  const versions = events.flatMap((version) => boundaryVersions(schemeOf(affected.ecosystem)!, version));
  return affected.ecosystem === 'Go' ? versions.map((version) => `v${version}`) : versions;
};

/** The first, a middle and the last of the versions that a record lists. */
const listedVersions = ({ versions }: PublishedAffected): readonly string[] =>
  [0, versions.length >> 1, versions.length - 1].flatMap((at) => versions[at] ?? []);

/** Every package name at versions on, just before and just after each event, sorted by name. */
const askedPackages = (records: readonly PublishedRecord[]): readonly AskedPackage[] => {
  const asked = new Map<string, AskedPackage>();
  for (const record of records)
    for (const affected of record.affected) {
      const { ecosystem, name } = affected;
      for (const version of [...versionsAround(affected), ...listedVersions(affected)]) {
        const module = moduleOf(version, record);
        const one = {
          ecosystem,
          name,
          version,
          ...(module === undefined ? {} : { module }),
        };
        asked.set(purlOf(one), one);
      }
    }
  return [...asked.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
};

const atOnce = 40_000;
const ourAnswers = (zip: string, ecosystem: string, packages: readonly AskedPackage[]) => {
  const lookup = compiledLookup(zip, ecosystem);
  const ours = new Map<string, readonly Match[]>();
  for (let at = 0; at < packages.length; at += atOnce)
    for (const [purl, matches] of ourMatches(packages.slice(at, at + atOnce), lookup))
      ours.set(purl, matches);
  return ours;
};

/** What was compared of one ecosystem. */
export interface PublishedComparison {
  readonly what: string;
  readonly comparison: MatchComparison;
}

/**
 * Compares what we and another program make of published data. osv-scanner is asked once more about the same records in a form
 * that it can read: it stops at a range of commits, and knows modules of Go in lower case only.
 */
export const comparePublished = (dir: string, ecosystem: string): readonly PublishedComparison[] => {
  const zip = zipOf(dir, ecosystem);
  const records = publishedRecords(zip);
  const packages = askedPackages(records);
  const byId = new Map(records.map((record) => [record.id, record]));
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-matches-'));
  const compare = (what: string, from: string, asked: readonly AskedPackage[]): PublishedComparison => {
    const ours = ourAnswers(from, ecosystem, asked);
    const theirs = asks[ecosystem]!(mkdtempSync(join(folder, 'asked-')), from, asked);
    return { what, comparison: compareMatches('published', asked, byId, ours, theirs) };
  };
  try {
    const published = compare(ecosystem, zip, packages);
    if (ecosystem === 'AlmaLinux') return [published];
    const simple = join(folder, 'all.zip');
    writeFileSync(simple, deflatedOsvZip(records.map(simplified)));
    const asked = packages.map((one) => ({ ...one, name: askedName(one) }));
    return [published, compare(`${ecosystem}, in a simpler form`, simple, asked)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
