import { objectOf } from '../../../core/text/json/json.ts';
import { createRowsFile } from '../rows-file.ts';

/** How many advisories a feed had about an ecosystem when it was put in force on a day (UTC). */
export interface PartCount {
  readonly feed: string;
  readonly ecosystem: string;
  readonly on: string;
  readonly advisories: number;
}
type Subject = Pick<PartCount, 'feed' | 'ecosystem'>;

const day = 86_400_000;
/** How long a number counts against a feed that shrinks. */
export const countedDays = 30;
const isOf = (one: Subject, other: Subject): boolean =>
  one.feed === other.feed && one.ecosystem === other.ecosystem;
/** A day of the future counts too: a clock that was set back must not make room for a loss. */
const stillCounts = ({ on }: PartCount, now: number): boolean => now - Date.parse(on) <= countedDays * day;

const isCount = (value: unknown): value is PartCount => {
  const { feed, ecosystem, on, advisories } = objectOf(value);
  return (
    typeof feed === 'string' &&
    typeof ecosystem === 'string' &&
    typeof on === 'string' &&
    Number.isFinite(Date.parse(on)) &&
    typeof advisories === 'number' &&
    Number.isSafeInteger(advisories)
  );
};

/** Where this file is lost, what is in force now stays what the next part is compared with. */
export const countsFile = createRowsFile({
  file: 'counts.json',
  name: 'counts',
  maxBytes: 8 * 1024 * 1024,
  // Thirty-one days of the parts that a generation may have.
  maxRows: 31_000,
  isRow: isCount,
});

/** The most advisories of one that were in force lately; 0: nobody knows. */
export const mostOf = (counts: readonly PartCount[], subject: Subject, now: number): number =>
  Math.max(
    0,
    ...counts
      .filter((count) => isOf(count, subject) && stillCounts(count, now))
      .map(({ advisories }) => advisories),
  );

/** What is remembered when so many are put in force: a number counts until a larger one comes, or its time ends. */
export const withCount = (
  counts: readonly PartCount[],
  { feed, ecosystem }: Subject,
  advisories: number,
  now: number,
): readonly PartCount[] => {
  const next = { feed, ecosystem, on: new Date(now).toISOString().slice(0, 10), advisories };
  const kept = counts.filter(
    (count) => stillCounts(count, now) && !(isOf(count, next) && count.advisories <= advisories),
  );
  const isToday = kept.some((count) => isOf(count, next) && count.on === next.on);
  return isToday ? kept : [...kept, next];
};

/** An operator said that a loss is meant: from then on nothing larger counts. */
export const withoutCounts = (counts: readonly PartCount[], subject: Subject): readonly PartCount[] =>
  counts.filter((count) => !isOf(count, subject));
