import type { VersionScheme } from '../../../src/core/vulnerability/ecosystem.ts';

/** One pair, and what was said of it: `<`, `=`, `>`, or `?` for unreadable. */
export interface AnsweredPair {
  readonly scheme: VersionScheme;
  readonly one: string;
  readonly other: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Where another program may order versions otherwise than we do, and why. */
interface VersionDifference {
  readonly scheme: VersionScheme;
  readonly why: string;
  readonly applies: (pair: AnsweredPair) => boolean;
}

const anyOf =
  (pattern: RegExp) =>
  ({ one, other }: AnsweredPair): boolean =>
    pattern.test(one) || pattern.test(other);
const isUnread = ({ ours, theirs }: AnsweredPair): boolean => ours === '?' || theirs === '?';
const isStricter = ({ ours, theirs }: AnsweredPair): boolean => ours === '?' && theirs !== '?';

const hasForbiddenOfDeb = anyOf(/[_#]|-[^-]*:[^-]*$/);
const hasForbiddenOfRpm = anyOf(/[ #]|-.*-|[A-Za-z.].*:|:.*:/);
const hasHash = anyOf(/~/);
const hasLongNumber = anyOf(/[0-9]{19}/);
const hasEmptyNumber = anyOf(/\.(?![0-9])|-(?!r[0-9])/);
const hasManyZeros = anyOf(/\.00/);
const endsWithZero = anyOf(/\.0+$/);
const hasPreRelease = anyOf(/_(alpha|beta|pre|rc)/);
const hasUnsafeNumber = anyOf(/9007199254740993/);

export const versionDifferences: readonly VersionDifference[] = [
  {
    scheme: 'deb',
    why: 'dpkg compares a character that Debian Policy forbids, with a warning',
    applies: (pair) => isStricter(pair) && hasForbiddenOfDeb(pair),
  },
  {
    scheme: 'rpm',
    why: 'labelCompare orders any text, and no rpm can be built with such a version',
    applies: (pair) => isStricter(pair) && hasForbiddenOfRpm(pair),
  },
  {
    scheme: 'apk',
    why: 'go-apk-version is older than the hash behind a tilde',
    applies: (pair) => pair.theirs === '?' && hasHash(pair),
  },
  {
    scheme: 'apk',
    why: 'go-apk-version takes an absent number for 0, and anything behind a hyphen for a revision',
    applies: (pair) => isStricter(pair) && hasEmptyNumber(pair),
  },
  {
    scheme: 'apk',
    why: 'go-apk-version lets numbers overflow 64 bits',
    applies: (pair) => !isUnread(pair) && hasLongNumber(pair),
  },
  {
    scheme: 'apk',
    why: 'go-apk-version, as apk-tools 2, sees no pre-release behind a zero: 1.0_rc1 stands behind 1.0',
    applies: (pair) => !isUnread(pair) && endsWithZero(pair) && hasPreRelease(pair),
  },
  {
    scheme: 'apk',
    why: 'go-apk-version, as apk-tools 2, counts leading zeros: 1.00 stands before 1.0; as text it stands behind',
    applies: (pair) => !isUnread(pair) && hasManyZeros(pair),
  },
  {
    scheme: 'npm',
    why: 'semver compares long numbers of a pre-release as floating point, which rounds them',
    applies: (pair) => !isUnread(pair) && hasUnsafeNumber(pair),
  },
];

/** The row that explains a pair on which somebody and we differ. */
export const rowFor = (pair: AnsweredPair): VersionDifference | undefined =>
  versionDifferences.find((row) => row.scheme === pair.scheme && row.applies(pair));
