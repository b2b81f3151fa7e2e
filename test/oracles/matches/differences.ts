import type { Match } from '../../../src/core/vulnerability/match.ts';
import type { AskedPackage } from './asked-package.ts';
import { baseEcosystem, packageKeyName } from '../../../src/core/vulnerability/package.ts';
import { beginsWithCommits, type PublishedAffected, type PublishedRecord } from './published-records.ts';

/** A match that one of the two has and the other has not. */
export interface DifferentMatch {
  readonly asked: AskedPackage;
  /** Ours; absent: only the other one has it. */
  readonly match?: Match;
  readonly record: PublishedRecord;
}

/** Where another program may match otherwise than we do: at most twenty classes, each of which has to occur. */
export interface MatchDifference {
  /** Of data as published, or of advisories that are generated around real lists. */
  readonly data: 'published' | 'generated';
  readonly rule: `V${number}`;
  readonly why: string;
  readonly example: string;
  readonly applies: (found: DifferentMatch) => boolean;
}

const isOurs = ({ match }: DifferentMatch): boolean => match !== undefined;
const entriesOf = ({ asked, record }: DifferentMatch): readonly PublishedAffected[] =>
  record.affected.filter(
    ({ ecosystem, name }) =>
      baseEcosystem(ecosystem) === baseEcosystem(asked.ecosystem) &&
      packageKeyName(ecosystem, name) === packageKeyName(ecosystem, asked.source ?? asked.name),
  );
const saysNothing = ({ ranges, versions }: PublishedAffected): boolean =>
  versions.length === 0 && ranges.every(({ type }) => type === 'GIT');
const eventKinds = (found: DifferentMatch): readonly string[] =>
  entriesOf(found).flatMap(({ ranges }) =>
    ranges.flatMap(({ type, events }) =>
      type === 'GIT' ? [] : events.flatMap((event) => Object.keys(event)),
    ),
  );
const isImprecise = ({ match }: DifferentMatch): boolean => match?.isImprecise === true;
const hasUpperNamespace = (name: string): boolean => /[A-Z].*\//.test(name);

export const matchDifferences: readonly MatchDifference[] = [
  {
    data: 'published',
    rule: 'V7',
    why: 'the record names the package, and neither a version nor a range of versions: imprecise here, not affected there',
    example: 'pkg:pypi/avro@1.11.3.dev0 PYSEC-2022-43180',
    applies: (found) => isImprecise(found) && entriesOf(found).some(saysNothing),
  },
  {
    data: 'published',
    rule: 'V7',
    why: 'one of the versions is none by PEP 440: imprecise here, there it is ordered as a text',
    example: 'pkg:pypi/torch@2.5.0.post1 PYSEC-2025-193 (last affected 2.6.0-NA)',
    applies: isImprecise,
  },
  {
    data: 'published',
    rule: 'V7',
    why: 'osv-scanner reads no range behind one of commits',
    example: 'pkg:pypi/accesscontrol@4.0.post1 PYSEC-2021-335',
    applies: (found) => isOurs(found) && beginsWithCommits(found.record),
  },
  {
    data: 'published',
    rule: 'V7',
    why: 'the list of the record spells the version otherwise',
    example: 'pkg:pypi/trytond@3 PYSEC-2026-1054 (3.0)',
    applies: (found) =>
      isOurs(found) &&
      entriesOf(found).some(
        ({ ranges, versions }) => ranges.length === 0 && !versions.includes(found.asked.version),
      ),
  },
  {
    data: 'published',
    rule: 'V1',
    why: 'the record spells a name of PyPI otherwise than osv-scanner, which changes only the name that it asks for',
    example: 'pkg:pypi/jw.util@2.2 PYSEC-2020-341',
    applies: (found) => isOurs(found) && found.asked.ecosystem === 'PyPI' && /[._A-Z]/.test(found.asked.name),
  },
  {
    data: 'published',
    rule: 'V1',
    why: 'osv-scanner takes package URLs of Go in lower case, and records are not',
    example: 'pkg:golang/github.com/CosmWasm/wasmvm@v1.5.8-0 GO-2025-3448',
    applies: (found) =>
      isOurs(found) &&
      found.asked.ecosystem === 'Go' &&
      [found.asked.name, ...entriesOf(found).map(({ name }) => name)].some(hasUpperNamespace),
  },
  {
    data: 'generated',
    rule: 'V7',
    why: 'a record with nothing but commits says no version: imprecise here, not affected there',
    example: 'GIT alone',
    applies: (found) => isImprecise(found) && entriesOf(found).some(saysNothing),
  },
  {
    data: 'generated',
    rule: 'V7',
    why: 'osv-scanner reads no range behind one of commits',
    example: 'GIT, then ECOSYSTEM < fixed',
    applies: (found) => isOurs(found) && beginsWithCommits(found.record),
  },
  {
    data: 'generated',
    rule: 'V7',
    why: 'a version at or past `limit` is outside here; osv-scanner does not know the word',
    example: 'introduced 0, limit at the version that is installed',
    applies: (found) => !isOurs(found) && eventKinds(found).includes('limit'),
  },
  {
    data: 'generated',
    rule: 'V7',
    why: 'a range that names no beginning begins with the first version here, and holds nothing there',
    example: 'fixed alone',
    applies: (found) => isOurs(found) && !eventKinds(found).includes('introduced'),
  },
  {
    data: 'generated',
    rule: 'V11',
    why: 'osv-scanner ignores `upstream=` of a package URL, and asks by the name of the binary package',
    example: 'pkg:apk/alpine/libssl3@3.3.2-r0?upstream=openssl',
    applies: (found) => isOurs(found) && found.asked.source !== undefined,
  },
];

export const differenceFor = (
  data: MatchDifference['data'],
  found: DifferentMatch,
): MatchDifference | undefined => matchDifferences.find((row) => row.data === data && row.applies(found));
