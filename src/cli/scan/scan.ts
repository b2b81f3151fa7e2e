import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { followAdvisories } from '../../adapters/advisories/followed-advisories.ts';
import { systemClock } from '../../concurrency/clock.ts';
import { endOfLifeDates } from '../../config/advisories/end-of-life-rows.ts';
import type { Flags } from '../../config/resolve.ts';
import type { ConfigOf } from '../../config/resolved.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { unavailable, type Fact } from '../../core/facts/fact.ts';
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
import { AdvisoriesUnreadable, type AdvisorySet } from '../../evidence/ports.ts';
import { trustRootsOf } from '../../evidence/trust/trust-root.ts';
import { advisoryFolder } from '../../serve/advisories/open-advisories.ts';
import { shippedRoots } from '../../serve/trust-roots.ts';
import { hushed } from '../check/check-run.ts';
import { createArtifactLocations } from '../check/artifact-location.ts';
import { writeFormats, type OutputTarget } from '../check/outputs.ts';
import { renderDecisionTable, type Judged } from '../render/decision-table.ts';
import { renderJunit } from '../render/junit.ts';
import { renderSarif } from '../render/sarif.ts';
import { notJudgedWhole, renderScanTable } from '../render/scan-text.ts';
import { renderScanWhy } from '../render/scan-why.ts';
import { layerSettings, readSettings, type RegistryConfig } from '../setting-flags.ts';
import { exitCode, type ExitCode, type FailOn } from '../terminal/exit-code.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import { judgedBy, type FeedProblems } from './scan-findings.ts';
import { isLocal, scanLocal } from './local/scan-local.ts';
import { judgeTargets, type PolicyVerdict, type ScanVerdict, type VerdictFlags } from './policy-verdict.ts';
import { renderCycloneDx } from './scan-cyclonedx.ts';
import { scanImage, scanSbom, type Scanned, type SeenLists } from './scan-input.ts';
import { createScanProgress } from './scan-progress.ts';

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
  accepts: ReturnType<PolicyVerdict['acceptedIn']>,
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

const scanTargets = async (
  targets: readonly string[],
  {
    platform,
    set,
    config,
  }: {
    readonly platform: readonly string[] | undefined;
    readonly set: AdvisorySet | undefined;
    readonly config: RegistryConfig & ConfigOf<'data' | 'scan' | 'inventoryMaxAge' | 'inventoryMaxBytes'>;
  },
  terminal: Terminal,
): Promise<readonly Scanned[]> => {
  const now = systemClock.now();
  const scanned: Scanned[] = [];
  const progress = createScanProgress(terminal.status);
  const bounds = config.scan.value;
  const images = targets.filter((target) => !target.startsWith('sbom:') && !isLocal(target));
  for (const target of targets.filter((one) => one.startsWith('sbom:')))
    scanned.push(await scanSbom(target.slice('sbom:'.length), set, now));
  const local = targets.filter(isLocal);
  const { catalog, inventory } = terminal.workers;
  const shared = { platforms: platform ?? 'all', set, now, bounds } as const;
  scanned.push(...(await scanLocal(local, { ...shared, catalog, progress })));
  progress.end();
  if (images.length === 0) return scanned;
  for (const image of images.filter((one) => existsSync(one)))
    terminal.talk(
      shown(
        `${image} is asked for in a registry; what lies here is named tar:${image}, oci:${image}, rootfs:${image} or sbom:${image}`,
      ),
    );
  const { openRegistryAccess } = await import('../registry-access.ts');
  const { openListsOfCommand } = await import('../../serve/store/inventory.ts');
  const seen: SeenLists = new Map();
  const kept = openListsOfCommand(resolve(config.data.value), inventory, config);
  const access = openRegistryAccess(
    config,
    terminal.workers.verify,
    trustRootsOf(() => [...shippedRoots]),
    {
      // The lists alone are wanted: they are judged here, all packages of them.
      advisories: { inForce: () => Promise.resolve({ state: 'absent' }), isInForce: () => false },
      onLists: (image, lists) => seen.set(image, lists),
      scan: { worker: catalog, bounds, store: kept.lists, watch: (images) => progress.watch(images) },
    },
  );
  try {
    for (const image of images) scanned.push(...(await scanImage(image, { ...shared, access, seen })));
  } finally {
    progress.end();
    await access.close();
    await kept.close();
  }
  return scanned;
};

/** Advisories that cannot be read any more are not "no match" (V16): then there are none to judge by. */
const scanBy = async (
  set: Fact<AdvisorySet>,
  scanWith: (inForce: AdvisorySet | undefined) => Promise<readonly Scanned[]>,
): Promise<{ readonly set: Fact<AdvisorySet>; readonly scanned: readonly Scanned[] }> => {
  try {
    return { set, scanned: await scanWith(set.state === 'known' ? set.value : undefined) };
  } catch (error) {
    if (!(error instanceof AdvisoriesUnreadable)) throw error;
    return scanBy(unavailable('the advisories', shown(error.message)), scanWith);
  }
};

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

/** For people: what was found, or why it is said to be there, and what the policies say of it. */
function* tableOf(
  reports: readonly ScanReport[],
  why: readonly string[] | undefined,
  decisions: readonly Decision[] | undefined,
  feeds: FeedProblems,
): Iterable<string> {
  yield* why === undefined ? renderScanTable(reports) : renderScanWhy(reports, why);
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
  texts: Record<'table' | 'cyclonedx', () => Iterable<string>>,
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
  const {
    platform,
    minSeverity: _,
    onlyFixable: __,
    accept: ___,
    allowGap = [],
    why,
    advisories,
    policies: ____,
    namespace: _____,
    failOn,
    output,
    quiet,
    ...rest
  } = flags;
  const terminal = hushed(given, quiet);
  const config = readSettings(layerSettings, rest, terminal);
  const verdict = await judgeTargets(targets, flags, config, terminal);
  const folder = advisories === undefined ? advisoryFolder(resolve(config.data.value)) : resolve(advisories);
  const { set, scanned } = await scanBy(
    await followAdvisories(folder, {
      pollMs: 0,
      endOfLife: endOfLifeDates(config.endOfLife.value),
    }).inForce(),
    (inForce) => scanTargets(targets, { platform, set: inForce, config }, terminal),
  );
  const inForce = set.state === 'known' ? set.value : undefined;
  const now = systemClock.now();
  const reports = scanned.map(({ about, found }) =>
    scanReport(about, found, countBy(flags, verdict?.acceptedIn(about.target), now)),
  );
  const feeds = problemsOfFeeds(set, reports, { folder, now });
  const allowed = new Set<string>(allowGap);
  const list: ScanReportList = {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ScanReportList',
    ...(inForce && { generation: inForce.generation }),
    problems: feeds.problems,
    items: reports.map((report) => {
      const said = verdict?.verdictOf(report);
      return said === undefined ? report : { ...report, verdict: said };
    }),
  };
  const judged = verdict?.decisions ?? reports.map((report) => judgedBy(report, feeds, allowed));
  const texts = {
    table: () => tableOf(reports, why, verdict?.decisions, feeds),
    cyclonedx: () => [renderCycloneDx(onlyReport(reports), feeds.problems, now)],
  };
  await writeFormats(output, terminal, (format) => rendered(list, judged, format, texts));
  if (output?.some(({ format }) => format === 'table') === false)
    for (const problem of feeds.problems) terminal.talk(`not judged whole: ${problem}`);
  return verdict === undefined ? codeOf(reports, feeds, allowed, failOn) : verdict.conclude(reports);
};
