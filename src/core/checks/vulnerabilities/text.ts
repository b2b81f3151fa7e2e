import { plural } from '../../text/plural.ts';
import { describeDuration } from '../../text/duration.ts';
import { shownBriefly } from '../../text/shown-text.ts';
import type { JudgedPackageList, VulnerabilityFacts } from '../../facts/vulnerability/vulnerability-facts.ts';
import type { FeedTime } from '../../vulnerability/advisory.ts';
import { worstFirst, type Vulnerability } from '../../vulnerability/vulnerability.ts';
import { listed } from '../check.ts';

const maxIdLength = 32;
const maxPackageLength = 40;
const maxVersionLength = 24;

const packageText = ({ matches, isFixable }: Vulnerability, maxName: number): string => {
  const [match] = matches;
  if (match === undefined) return '';
  const { package: found } = match;
  const fix = matches.find(({ fixed }) => fixed !== undefined)?.fixed;
  const until =
    fix === undefined
      ? isFixable
        ? 'fixed in a later version'
        : 'no fix'
      : `fixed in ${shownBriefly(fix, maxVersionLength)}`;
  return ` in ${shownBriefly(found.name, maxName)} ${shownBriefly(found.version, maxVersionLength)} (${until})`;
};

const maxBriefLength = 24;

/** `CVE-2023-4911 in libc6 2.36-9 (fixed in 2.36-9+deb12u3)`, so short that five of them fit into a message. */
const briefText = (one: Vulnerability): string =>
  `${shownBriefly(one.id, maxBriefLength)}${packageText(one, maxBriefLength)}`;

/** `CVE-2023-4911 high in libc6 2.36-9 (fixed in 2.36-9+deb12u3)` */
const vulnerabilityText = (one: Vulnerability): string => {
  const { level, score } = one.severity;
  const rated = level === 'unknown' ? 'of unknown severity' : level;
  return `${shownBriefly(one.id, maxIdLength)} ${rated}${score === undefined ? '' : ` ${String(score)}`}${packageText(one, maxPackageLength)}`;
};

interface WorstTexts {
  readonly worst: string;
  readonly rated: string;
}
/** By the list that they are about, which rules hand out again as long as it is the same. */
const knownTexts = new WeakMap<readonly Vulnerability[], WorstTexts>();

/** The five worst, and how many more there are: for the message, and with their severity for the detail. */
export const worstTexts = (found: readonly Vulnerability[]): WorstTexts => {
  const known = knownTexts.get(found);
  if (known !== undefined) return known;
  const sorted = found.toSorted(worstFirst);
  const texts = { worst: listed(sorted, briefText), rated: listed(sorted, vulnerabilityText) };
  knownTexts.set(found, texts);
  return texts;
};

export const ageText = (asOf: string, now: number): string => {
  const age = now - Date.parse(asOf);
  return age >= 1000 ? `${describeDuration(age)} old` : 'new';
};
export const feedText = ({ feed, ecosystem }: FeedTime): string =>
  `${shownBriefly(feed, maxIdLength)} (${shownBriefly(ecosystem, maxIdLength)})`;

const listText = ({ source, packages }: JudgedPackageList): string => {
  const of = plural(packages, 'package');
  switch (source.kind) {
    case 'catalog':
      return `${of} found by the gate (cataloger ${source.version})`;
    case 'signed':
      return `${of} in a signed list`;
    case 'unsigned':
      return `${of} in an unsigned list`;
    default:
      return source satisfies never;
  }
};

/** Whose lists a judgement rests on, and how old its feeds are. */
export const basisText = (
  lists: readonly JudgedPackageList[],
  advisories: VulnerabilityFacts['advisories'],
  now: number,
): string => {
  const feeds = lists
    .flatMap((list) => list.feeds)
    .toSorted((one, other) => (one.asOf < other.asOf ? -1 : 1));
  const [oldest] = feeds;
  const age =
    oldest === undefined || advisories.state !== 'known'
      ? 'no feed speaks of it'
      : `advisories ${ageText(oldest.asOf, now)}`;
  return `${listed(lists, listText)}; ${age}`;
};
