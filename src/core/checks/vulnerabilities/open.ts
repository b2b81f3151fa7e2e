import type { Vulnerability } from '../../vulnerability/vulnerability.ts';
import type { IsAccepted } from './accept.ts';
import type { PlatformSubject } from './subject.ts';

/** The vulnerabilities of a platform that count for a rule, each with the matches that do. */
export type OpenOf = (platform: PlatformSubject, now: number) => readonly Vulnerability[];

/** What is left of one when matches are left out. Its severity stays: nobody accepts a part of it. */
const leftOf = (
  one: Vulnerability,
  counts: (match: Vulnerability['matches'][number]) => boolean,
): readonly Vulnerability[] => {
  const matches = one.matches.filter(counts);
  if (matches.length === 0) return [];
  if (matches.length === one.matches.length) return [one];
  return [{ ...one, matches, isFixable: matches.some(({ isFixable }) => isFixable) }];
};

/** Whatever is accepted ends with a day (UTC). */
const day = 86_400_000;

/**
 * Without what is accepted today (V17), and without kernel headers (V14). What is left of the same vulnerabilities is the
 * same until the day ends, and is found once.
 */
export const openBy = (isAccepted: (now: number) => IsAccepted): OpenOf => {
  const known = new WeakMap<
    readonly Vulnerability[],
    { readonly today: number; readonly open: readonly Vulnerability[] }
  >();
  return ({ vulnerabilities }, now) => {
    const today = Math.floor(now / day);
    const last = known.get(vulnerabilities);
    if (last?.today === today) return last.open;
    const accepted = isAccepted(now);
    const open = vulnerabilities.flatMap((one) =>
      leftOf(one, (match) => match.isCounted && !accepted(one, match)),
    );
    known.set(vulnerabilities, { today, open });
    return open;
  };
};

/** The end of the day: until then nothing that is accepted begins to count. */
export const openUntil = (now: number): number => (Math.floor(now / day) + 1) * day;

/** What is found in a list of vulnerabilities found once for each list. */
export const onceFor = <T>(
  find: (list: readonly Vulnerability[]) => T,
): ((list: readonly Vulnerability[]) => T) => {
  const known = new WeakMap<readonly Vulnerability[], { readonly found: T }>();
  return (list) => {
    const last = known.get(list) ?? { found: find(list) };
    known.set(list, last);
    return last.found;
  };
};
