import { shown } from '../../core/text/shown-text.ts';
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

const namesOf = ({ id, aliases }: ReportedVulnerability): readonly string[] => [id, ...aliases];

function* whyOne(one: ReportedVulnerability, { matches }: ScanReport): Iterable<string> {
  const names = namesOf(one);
  const also = one.aliases.length === 0 ? '' : `, also known as ${one.aliases.join(', ')}`;
  const remark = remarkOf(one);
  yield `${one.id}${also}: ${one.severity}${remark === '' ? '' : `, ${remark}`}\n`;
  for (const match of matches) if (names.includes(match.advisory)) yield* linesOf(match);
}

/** Why each of these vulnerabilities, by any of its names, is said to be in what was scanned. */
export function* renderScanWhy(reports: readonly ScanReport[], ids: readonly string[]): Iterable<string> {
  for (const [at, report] of reports.entries()) {
    if (at > 0) yield '\n';
    yield `${scanPlace(report)}:\n`;
    for (const id of ids) {
      const found = report.vulnerabilities.filter((one) => namesOf(one).includes(id));
      if (found.length === 0)
        yield `${shown(id)}: no advisory in force says so of a package that was found here\n`;
      for (const one of found) yield* whyOne(one, report);
    }
    yield* notLookedAt(report);
  }
}
