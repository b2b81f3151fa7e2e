import { shown } from '../../core/text/shown-text.ts';
import type { FeedStatus } from '../../adapters/advisories/feed-status.ts';
import type { FeedAttempt } from '../../adapters/advisories/update/attempts.ts';
import type { FeedImport } from '../advisories/import-feeds.ts';
import { formatTable } from './decision-table.ts';

const apiVersion = 'imagegate.dev/v1alpha1';

/** What the advisories in force are, for programs. */
export interface AdvisoryFeedList {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'AdvisoryFeedList';
  /** Equal for equal advisories; absent: there are none. */
  readonly generation?: string;
  readonly items: readonly FeedReport[];
}
interface FeedReport {
  readonly feed: string;
  readonly ecosystem: string;
  readonly advisories: number;
  readonly packages: number;
  readonly withdrawn: number;
  /** Records that could not be read, and the first of them. */
  readonly unreadable: number;
  readonly unreadableNames: readonly string[];
  readonly asOf: string;
  readonly ageSeconds: number;
  /** Of the newest record. */
  readonly newest?: string;
  readonly newestAgeSeconds?: number;
  /** How long ago the whole file of a feed that lists its changes was read. */
  readonly wholeAgeSeconds?: number;
  /** Absent: it came from a file that somebody imported. */
  readonly lastUpdate?: UpdateReport;
}
interface UpdateReport {
  readonly time: string;
  readonly outcome: FeedAttempt['outcome'];
  readonly why?: string;
  /** The whole file, or only the records that changed. */
  readonly read?: FeedAttempt['read'];
  readonly changedRecords?: number;
  /** Why the whole file was read although the feed lists its changes. */
  readonly wholeBecause?: string;
  /** When the whole file was read last. */
  readonly wholeAt?: string;
}

/** What an import did, for programs. */
interface AdvisoryImportList {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'AdvisoryImportList';
  readonly items: readonly {
    readonly path: string;
    readonly ecosystem: string;
    readonly outcome: FeedImport['outcome'];
    readonly why?: string;
    readonly asOf?: string;
    readonly advisories?: number;
    readonly unreadable?: number;
    readonly unreadableNames?: readonly string[];
  }[];
}

const ageOf = (time: string, now: number): number => Math.max(0, Math.floor((now - Date.parse(time)) / 1000));

const updateOf = (attempt: FeedAttempt): UpdateReport => {
  const { triedAt, outcome, why, read, changed, wholeBecause, wholeAt } = attempt;
  return {
    time: triedAt,
    outcome,
    ...(why === undefined ? {} : { why: shown(why) }),
    ...(read === undefined ? {} : { read }),
    ...(changed === undefined ? {} : { changedRecords: changed }),
    ...(wholeBecause === undefined ? {} : { wholeBecause: shown(wholeBecause) }),
    ...(wholeAt === undefined ? {} : { wholeAt }),
  };
};

const readingText = ({ read, changedRecords = 0 }: UpdateReport): string => {
  if (read !== 'changes') return read ?? '-';
  return `${changedRecords} changed`;
};

const reportOf = (
  { feed, ecosystem, asOf, summary }: FeedStatus,
  now: number,
  attempt: FeedAttempt | undefined,
): FeedReport => ({
  feed,
  ecosystem,
  advisories: summary.advisories,
  packages: summary.names,
  withdrawn: summary.withdrawn,
  unreadable: summary.unreadable,
  unreadableNames: summary.unreadableNames.map(shown),
  asOf,
  ageSeconds: ageOf(asOf, now),
  ...(summary.newest === undefined
    ? {}
    : { newest: summary.newest, newestAgeSeconds: ageOf(summary.newest, now) }),
  ...(attempt?.wholeAt === undefined ? {} : { wholeAgeSeconds: ageOf(attempt.wholeAt, now) }),
  ...(attempt === undefined ? {} : { lastUpdate: updateOf(attempt) }),
});

/** @param now milliseconds since 1970 */
export const feedList = (
  statuses: readonly FeedStatus[],
  generation: string | undefined,
  attempts: readonly FeedAttempt[],
  now: number,
): AdvisoryFeedList => ({
  apiVersion,
  kind: 'AdvisoryFeedList',
  ...(generation === undefined ? {} : { generation }),
  items: statuses.map((status) =>
    reportOf(
      status,
      now,
      attempts.find((one) => one.feed === status.feed && one.ecosystem === status.ecosystem),
    ),
  ),
});

export const importList = (imports: readonly FeedImport[]): AdvisoryImportList => ({
  apiVersion,
  kind: 'AdvisoryImportList',
  items: imports.map(({ path, ecosystem, outcome, why, asOf, summary }) => ({
    path: shown(path),
    ecosystem,
    outcome,
    ...(why === undefined ? {} : { why: shown(why) }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(summary === undefined
      ? {}
      : {
          advisories: summary.advisories,
          unreadable: summary.unreadable,
          unreadableNames: summary.unreadableNames.map(shown),
        }),
  })),
});

/** What an update did, for programs. */
interface AdvisoryUpdateList {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'AdvisoryUpdateList';
  readonly items: readonly (UpdateReport & {
    readonly feed: string;
    readonly ecosystem: string;
    readonly source: string;
  })[];
}

export const updateList = (attempts: readonly FeedAttempt[]): AdvisoryUpdateList => ({
  apiVersion,
  kind: 'AdvisoryUpdateList',
  items: attempts.map((attempt) => ({
    feed: attempt.feed,
    ecosystem: attempt.ecosystem,
    source: shown(attempt.source),
    ...updateOf(attempt),
  })),
});

export const renderUpdateTable = ({ items }: AdvisoryUpdateList): Iterable<string> =>
  formatTable(
    ['OUTCOME', 'READ', 'FEED', 'ECOSYSTEM', 'SOURCE', 'WHY'],
    items.map((item) => [
      item.outcome,
      readingText(item),
      item.feed,
      item.ecosystem,
      item.source,
      [item.why, item.wholeBecause].filter((part) => part !== undefined).join('; '),
    ]),
  );

const ageText = (seconds: number | undefined): string => {
  if (seconds === undefined) return '-';
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
};

export const renderFeedTable = ({ items }: AdvisoryFeedList): Iterable<string> =>
  formatTable(
    ['FEED', 'ECOSYSTEM', 'ADVISORIES', 'PACKAGES', 'UNREADABLE', 'AGE', 'NEWEST', 'WHOLE', 'UPDATE'],
    items.map((item) => [
      item.feed,
      item.ecosystem,
      String(item.advisories),
      String(item.packages),
      String(item.unreadable),
      ageText(item.ageSeconds),
      ageText(item.newestAgeSeconds),
      ageText(item.wholeAgeSeconds),
      item.lastUpdate === undefined
        ? '-'
        : [item.lastUpdate.outcome, item.lastUpdate.why].filter((part) => part !== undefined).join(': '),
    ]),
  );

export const renderImportTable = ({ items }: AdvisoryImportList): Iterable<string> =>
  formatTable(
    ['OUTCOME', 'ECOSYSTEM', 'ADVISORIES', 'UNREADABLE', 'AS OF', 'PATH', 'WHY'],
    items.map((item) => [
      item.outcome,
      item.ecosystem,
      item.advisories === undefined ? '-' : String(item.advisories),
      item.unreadable === undefined ? '-' : String(item.unreadable),
      item.asOf ?? '-',
      item.path,
      item.why ?? '',
    ]),
  );
