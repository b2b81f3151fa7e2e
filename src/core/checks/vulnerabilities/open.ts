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

/** Without what is accepted today (V17), and without kernel headers (V14). */
export const openBy =
  (isAccepted: (now: number) => IsAccepted): OpenOf =>
  ({ vulnerabilities }, now) => {
    const accepted = isAccepted(now);
    return vulnerabilities.flatMap((one) => leftOf(one, (match) => match.isCounted && !accepted(one, match)));
  };
