import { resolve } from 'node:path';
import { followAdvisories, type FollowedAdvisories } from '../../adapters/advisories/followed-advisories.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { endOfLifeDates } from '../../config/advisories/end-of-life-rows.ts';
import type { Flags } from '../../config/resolve.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { Fact } from '../../core/facts/fact.ts';
import { describeDuration } from '../../core/text/duration.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { SeverityLevel } from '../../core/vulnerability/advisory.ts';
import type { GapKind } from '../../core/vulnerability/gap.ts';
import {
  scanReport,
  type ReportedVulnerability,
  type ScanCount,
  type ScanReport,
} from '../../core/vulnerability/report/scan-report.ts';
import { compareLevels } from '../../core/vulnerability/severity/severity.ts';
import type { AdvisorySet } from '../../evidence/ports.ts';
import { advisoryFolder } from '../../serve/advisories/open-advisories.ts';
import { hushed } from '../check/check-run.ts';
import { createArtifactLocations } from '../check/artifact-location.ts';
import { writeFormats, type OutputTarget } from '../check/outputs.ts';
import { renderDecisionTable, type Judged } from '../render/decision-table.ts';
import { renderJunit } from '../render/junit.ts';
import { renderSarif } from '../render/sarif.ts';
import { notJudgedWhole, renderScanTable } from '../render/scan-text.ts';
import { advisoriesBehind, renderScanWhy, type AdvisoryTexts } from '../render/scan-why.ts';
import { layerSettings, readSettings } from '../setting-flags.ts';
import { exitCode, type ExitCode, type FailOn } from '../terminal/exit-code.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import { judgedBy, type FeedProblems } from './scan-findings.ts';
import {
  openScanPolicies,
  type ScanPolicies,
  type ScanVerdict,
  type VerdictFlags,
} from './policy-verdict.ts';
import { renderCycloneDx } from './scan-cyclonedx.ts';
import { lookAt } from './scan-targets.ts';

export const scanFormats = ['table', 'json', 'yaml', 'sarif', 'junit', 'cyclonedx'] as const;

export type ScanFlags = Flags &
  VerdictFlags & {
    readonly platform?: readonly string[];
    readonly minSeverity: SeverityLevel;
    readonly onlyFixable?: true;
    readonly accept?: readonly string[];
    readonly allowGap?: readonly GapKind[];
    readonly why?: readonly string[];
    readonly output?: readonly OutputTarget[];
    readonly quiet?: boolean;
  };

/** How old feeds may be, as in a policy that says nothing else. */
const maxAge = 5 * 24 * 60 * 60 * 1000;

/** As what a vulnerability counts whose severity nobody published, as in a policy that says nothing else. */
const unknownLevel: SeverityLevel = 'high';

/** @param accepts - what policies accept; absent: none judge */
const countBy = (
  { minSeverity, onlyFixable, accept = [] }: ScanFlags,
  accepts: ReturnType<ScanPolicies['acceptedIn']> | undefined,
  now: number,
): ScanCount => ({
  acceptance: (one) => {
    const byFlag = [one.id, ...one.aliases].filter((id) => accept.includes(id)).map((id) => ({ id }));
    const { isAccepted = false, by = [] } = accepts?.(one, now) ?? {};
    return { isAccepted: isAccepted || byFlag.length > 0, by: [...byFlag, ...by] };
  },
  counts: ({ severity: { level }, isFixable, isMalicious, matches }) => {
    if (isMalicious) return true;
    const known = level === 'unknown' ? unknownLevel : level;
    const isAsked = compareLevels(known, minSeverity) >= 0 && (onlyFixable !== true || isFixable);
    return isAsked && matches.some(({ isCounted }) => isCounted);
  },
});

/** Why the advisories do not answer for what was found, each feed that is too old by itself. */
const problemsOfFeeds = (
  set: Fact<AdvisorySet>,
  reports: readonly ScanReport[],
  { folder, now }: { readonly folder: string; readonly now: number },
): FeedProblems => {
  const code = 'advisories-unavailable';
  if (set.state === 'absent')
    return {
      code,
      problems: [shown(`there are no advisories in ${folder}; \`imagegate advisories import\` brings some`)],
    };
  if (set.state === 'unavailable') return { code, problems: [shown(`${set.why.what}: ${set.why.why}`)] };
  const old = reports
    .flatMap(({ feeds }) => feeds)
    .filter(({ asOf }) => !(now - Date.parse(asOf) <= maxAge))
    .map(({ feed, ecosystem, asOf }) =>
      shown(`${feed} (${ecosystem}) is ${describeDuration(now - Date.parse(asOf))} old`),
    );
  return { code: 'advisories-too-old', problems: [...new Set(old)] };
};

const codeOf = (
  reports: readonly ScanReport[],
  { problems }: FeedProblems,
  allowed: ReadonlySet<string>,
  failOn: FailOn,
): ExitCode => {
  const fails = ({ counted }: ReportedVulnerability): boolean =>
    failOn === 'audit' || (counted && failOn !== 'never');
  if (reports.some(({ vulnerabilities }) => vulnerabilities.some(fails))) return exitCode.findings;
  const isWhole = (report: ScanReport): boolean =>
    report.problems.length === 0 && report.gaps.every(({ kind }) => allowed.has(kind));
  return problems.length === 0 && reports.every(isWhole) ? exitCode.clean : exitCode.incomplete;
};

interface ScanReportList {
  readonly apiVersion: 'imagegate.dev/v1alpha1';
  readonly kind: 'ScanReportList';
  /** Of the advisories; absent: there were none. */
  readonly generation?: string;
  /** Why the advisories do not answer for all of it. */
  readonly problems: readonly string[];
  readonly items: readonly (ScanReport & { readonly verdict?: ScanVerdict })[];
}

/** Which vulnerabilities `--why` asks about, and what their advisories say in words. */
interface Why {
  readonly ids: readonly string[];
  readonly texts: AdvisoryTexts;
}
const whyOf = async (
  ids: readonly string[] | undefined,
  reports: readonly ScanReport[],
  advisories: FollowedAdvisories,
  terminal: Terminal,
): Promise<Why | undefined> => {
  if (ids === undefined) return undefined;
  const texts = await advisories.texts(advisoriesBehind(reports, ids));
  // Nothing is judged by them: what was found is told without.
  if (!texts.ok) terminal.talk(`what the advisories say in words cannot be read: ${shown(texts.error)}`);
  return { ids, texts: texts.ok ? texts.value : new Map() };
};

/** For people: what was found, or why it is said to be there, and what the policies say of it. */
function* tableOf(
  reports: readonly ScanReport[],
  why: Why | undefined,
  decisions: readonly Decision[] | undefined,
  feeds: FeedProblems,
): Iterable<string> {
  yield* why === undefined ? renderScanTable(reports) : renderScanWhy(reports, why.ids, why.texts);
  yield* notJudgedWhole(feeds.problems);
  if (decisions === undefined) return;
  yield '\n';
  yield* renderDecisionTable(decisions);
}

const onlyReport = (reports: readonly ScanReport[]): ScanReport => {
  const [report] = reports;
  if (report !== undefined && reports.length === 1) return report;
  throw new UsageError(['-o cyclonedx holds one image for one platform; name one target, and --platform']);
};

const rendered = async (
  list: ScanReportList,
  judged: readonly Judged[],
  format: (typeof scanFormats)[number],
  texts: { readonly table: () => Promise<Iterable<string>>; readonly cyclonedx: () => Iterable<string> },
): Promise<Iterable<string>> => {
  switch (format) {
    case 'table':
      return texts.table();
    case 'json':
      return [`${JSON.stringify(list, undefined, 2)}\n`];
    case 'yaml':
      return [(await import('../render/yaml.ts')).yamlText(list)];
    case 'sarif':
      return renderSarif(judged, createArtifactLocations(process.cwd(), []));
    case 'junit':
      return renderJunit(judged);
    case 'cyclonedx':
      return texts.cyclonedx();
    default:
      return format satisfies never;
  }
};

/** `scan`: what is in images and lists, and what is published about it. */
export const scan = async (
  targets: readonly string[],
  flags: ScanFlags,
  given: Terminal,
): Promise<ExitCode> => {
  const { platform, allowGap = [], why, advisories: otherFolder, failOn, output, quiet } = flags;
  const terminal = hushed(given, quiet);
  const config = readSettings(layerSettings, flags, terminal);
  const policies = await openScanPolicies(targets, flags, config, terminal);
  const folder =
    otherFolder === undefined ? advisoryFolder(resolve(config.data.value)) : resolve(otherFolder);
  const advisories = followAdvisories(folder, {
    pollMs: 0,
    endOfLife: endOfLifeDates(config.endOfLife.value),
  });
  const by = { platforms: platform ?? 'all', advisories, policies } as const;
  const { set, scanned, verdict } = await lookAt(targets, by, config, terminal);
  const inForce = set.state === 'known' ? set.value : undefined;
  const now = systemClock.now();
  const reports = scanned.map(({ about, found }) =>
    scanReport(about, found, countBy(flags, policies?.acceptedIn(about.target), now)),
  );
  const feeds = problemsOfFeeds(set, reports, { folder, now });
  const allowed = new Set<string>(allowGap);
  const list: ScanReportList = {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ScanReportList',
    ...(inForce && { generation: inForce.generation }),
    problems: feeds.problems,
    items: reports.map((report, at) => {
      const said = verdict?.verdictOf(at);
      return said === undefined ? report : { ...report, verdict: said };
    }),
  };
  const judged = verdict?.decisions ?? reports.map((report) => judgedBy(report, feeds, allowed));
  const texts = {
    table: async () =>
      tableOf(reports, await whyOf(why, reports, advisories, terminal), verdict?.decisions, feeds),
    cyclonedx: () => [renderCycloneDx(onlyReport(reports), feeds.problems, now)],
  };
  await writeFormats(output, terminal, (format) => rendered(list, judged, format, texts));
  if (output?.some(({ format }) => format === 'table') === false)
    for (const problem of feeds.problems) terminal.talk(`not judged whole: ${problem}`);
  return verdict === undefined ? codeOf(reports, feeds, allowed, failOn) : verdict.conclude(reports);
};
