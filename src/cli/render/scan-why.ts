import { beginningOf } from '../../core/text/cut-middle.ts';
import { shown, shownPublic } from '../../core/text/shown-text.ts';
import type { AdvisoryText } from '../../core/vulnerability/advisory.ts';
import { schemeOf, type VersionScheme } from '../../core/vulnerability/ecosystem.ts';
import { advisedAs } from '../../core/vulnerability/package.ts';
import type {
  ReportedMatch,
  ReportedVulnerability,
  ScanReport,
} from '../../core/vulnerability/report/scan-report.ts';
import { notLookedAt, remarkOf, scanPlace } from './scan-text.ts';

/** Whose rules say which of two versions is the later one. */
const orders: Readonly<Record<VersionScheme, string>> = {
  deb: 'dpkg',
  apk: 'apk',
  rpm: 'rpm',
  semver: 'Semantic Versioning',
  npm: 'npm',
  pep440: 'PEP 440',
  go: 'Go modules',
};

/** The version that was compared, and whether it could be. */
const comparisonOf = ({ package: found, imprecise }: ReportedMatch): string => {
  const { name, version } = advisedAs(found);
  const of = name === found.name ? version : `${version} of the source ${name}`;
  if (imprecise === true)
    return `${of}: nobody can tell whether the range holds it, so it counts as affected`;
  const scheme = schemeOf(found.ecosystem);
  return `${of} is in the range${scheme === undefined ? '' : `, as ${orders[scheme]} orders versions`}`;
};

const linesOf = (match: ReportedMatch): readonly string[] => {
  const { package: found, advisory, range, fixed } = match;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['advisory', advisory],
    ['package', found.purl],
    ['path', found.path],
    ['layer', found.layer],
    ['step', found.createdBy],
    ['range', range],
    ['compared', comparisonOf(match)],
    ['fixed in', fixed ?? 'no version that the advisory names'],
  ];
  return [
    `  ${found.name} ${found.version} (${found.ecosystem})\n`,
    ...rows.map(([name, value]) => `    ${name.padEnd(8)}  ${value ?? 'the package list does not say'}\n`),
  ];
};

/** What advisories say in words, by their ids. */
export type AdvisoryTexts = ReadonlyMap<string, AdvisoryText>;

const maxSummaryLength = 240;
const maxReferences = 3;
/** Where a record has no summary it is how its details begin: several lines, and no end. */
const sentenceOf = ({ summary }: AdvisoryText): string => {
  const line = summary.replaceAll(/\s+/g, ' ').trim();
  const beginning = beginningOf(line, maxSummaryLength);
  return shownPublic(beginning === line ? line : `${beginning}…`);
};

/** What each advisory says in words, and where to read on. */
const wordsOf = (advisories: ReadonlySet<string>, texts: AdvisoryTexts): readonly string[] =>
  [...advisories].flatMap((id) => {
    const text = texts.get(id);
    if (text === undefined) return [];
    const { references } = text;
    const sentence = sentenceOf(text);
    if (sentence === '' && references.length === 0) return [];
    return [
      `  ${id}: ${sentence === '' ? 'it has no summary' : sentence}\n`,
      ...references.slice(0, maxReferences).map((url) => `    ${shownPublic(url)}\n`),
    ];
  });

const namesOf = ({ id, aliases }: ReportedVulnerability): readonly string[] => [id, ...aliases];

/** The advisories behind these vulnerabilities, each named by any of its names. */
export const advisoriesBehind = (
  reports: readonly ScanReport[],
  ids: readonly string[],
): ReadonlySet<string> => {
  const vulnerabilities = reports.flatMap((report) => report.vulnerabilities).map(namesOf);
  const asked = new Set(vulnerabilities.filter((names) => names.some((name) => ids.includes(name))).flat());
  const matches = reports.flatMap((report) => report.matches);
  return new Set(matches.map(({ advisory }) => advisory).filter((id) => asked.has(id)));
};

function* whyOne(
  one: ReportedVulnerability,
  { matches }: ScanReport,
  texts: AdvisoryTexts,
): Iterable<string> {
  const names = namesOf(one);
  const behind = matches.filter(({ advisory }) => names.includes(advisory));
  const also = one.aliases.length === 0 ? '' : `, also known as ${one.aliases.join(', ')}`;
  const remark = remarkOf(one);
  yield `${one.id}${also}: ${one.severity}${remark === '' ? '' : `, ${remark}`}\n`;
  yield* wordsOf(new Set(behind.map(({ advisory }) => advisory)), texts);
  for (const match of behind) yield* linesOf(match);
}

/** Why each of these vulnerabilities, by any of its names, is said to be in what was scanned. */
export function* renderScanWhy(
  reports: readonly ScanReport[],
  ids: readonly string[],
  texts: AdvisoryTexts,
): Iterable<string> {
  for (const [at, report] of reports.entries()) {
    if (at > 0) yield '\n';
    yield `${scanPlace(report)}:\n`;
    for (const id of ids) {
      const found = report.vulnerabilities.filter((one) => namesOf(one).includes(id));
      if (found.length === 0)
        yield `${shown(id)}: no advisory in force says so of a package that was found here\n`;
      for (const one of found) yield* whyOne(one, report, texts);
    }
    yield* notLookedAt(report);
  }
}
