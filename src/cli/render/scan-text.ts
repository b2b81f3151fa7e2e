import { plural } from '../../core/text/plural.ts';
import { shownBriefly } from '../../core/text/shown-text.ts';
import type {
  ReportedAcceptance,
  ReportedVulnerability,
  ScanReport,
} from '../../core/vulnerability/report/scan-report.ts';
import { formatTable } from './decision-table.ts';

const maxCellLength = 60;
const cell = (text: string): string => shownBriefly(text, maxCellLength);

/** `accepted by web until 2027-01-31` */
export const acceptanceText = ({ policy, until }: ReportedAcceptance): string =>
  `accepted${policy === undefined ? '' : ` by ${policy}`}${until === undefined ? '' : ` until ${until}`}`;

export const remarkOf = ({
  accepted,
  acceptedBy = [],
  malicious,
  counted,
}: ReportedVulnerability): string => {
  if (malicious === true) return 'malicious';
  const by = [...new Set(acceptedBy.map(acceptanceText))].join(', ');
  if (accepted === true) return by === '' ? 'accepted' : by;
  if (by !== '') return `in part ${by}`;
  return counted ? '' : 'not counted';
};

const rowsOf = (one: ReportedVulnerability): readonly string[][] =>
  one.packages.map(({ name, version }) => [
    cell(one.id),
    one.severity,
    one.score === undefined ? '-' : String(one.score),
    cell(name),
    cell(version),
    one.fixed === undefined ? '-' : cell(one.fixed),
    cell(remarkOf(one)),
  ]);

/** What was scanned, and for which platform. */
export const scanPlace = ({ target, platform }: Pick<ScanReport, 'target' | 'platform'>): string =>
  platform === undefined ? target : `${target} (${platform})`;

const headOf = (report: ScanReport): string => {
  const { packages, vulnerabilities, problems } = report;
  // "0 vulnerabilities" of what nobody opened would look clean (V1).
  if (packages.length === 0 && problems.length > 0) return `${scanPlace(report)}: nothing was looked at\n`;
  const counted = vulnerabilities.filter((one) => one.counted).length;
  return `${scanPlace(report)}: ${plural(packages.length, 'package')}, ${plural(vulnerabilities.length, 'vulnerability', 'vulnerabilities')}, ${String(counted)} counted\n`;
};

/** What was not looked at ends each part: an empty table is not the same as a clean image. */
export const notLookedAt = ({ gaps, problems }: ScanReport): readonly string[] => {
  const lines = [...problems, ...gaps.map(({ kind, what }) => `${kind}: ${what}`)];
  return lines.length === 0 ? [] : ['not looked at:\n', ...lines.map((line) => `  ${line}\n`)];
};

/** Advisories that are missing or old hold for all of it. */
export const notJudgedWhole = (problems: readonly string[]): readonly string[] =>
  problems.length === 0 ? [] : ['\nnot judged whole:\n', ...problems.map((problem) => `  ${problem}\n`)];

export function* renderScanTable(reports: readonly ScanReport[]): Iterable<string> {
  for (const [at, report] of reports.entries()) {
    if (at > 0) yield '\n';
    yield headOf(report);
    const rows = report.vulnerabilities.flatMap(rowsOf);
    if (rows.length > 0)
      yield* formatTable(['ID', 'SEVERITY', 'SCORE', 'PACKAGE', 'VERSION', 'FIXED IN', 'REMARK'], rows);
    yield* notLookedAt(report);
  }
}
