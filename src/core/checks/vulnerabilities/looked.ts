/*
 * vulnerabilities.evidence, vulnerabilities.unscanned, vulnerabilities.gaps, vulnerabilities.allowGaps
 *
 * Reads:   which package lists of the image count, what they leave open, and how far the gate has looked into it.
 * Allows:  an image with a list that counts, all of which can be read, and with no gap beside those that are allowed.
 * Refuses: image-unavailable, vulnerabilities-unscanned, vulnerability-gap
 */
import type { VulnerabilitiesCheck } from '../../policy/schema/schema.ts';
import { shown, shownBriefly } from '../../text/shown-text.ts';
import type { Gap } from '../../vulnerability/gap.ts';
import type { ScanProgress } from '../../facts/vulnerability/vulnerability-facts.ts';
import { listed, pass } from '../check.ts';
import { vulnerabilityViolation, type VulnerabilityCondition } from './condition.ts';

const maxWhatLength = 80;

type Mode = VulnerabilitiesCheck['unscanned'];
/** The word of the policy for one kind of failure: no more than its mode, which is applied last. */
const atMost = (mode: Mode) => (mode === 'Deny' ? {} : { atMost: mode });

/**
 * A list that counts and cannot be read may hold what would refuse the image (V16). Its author chose its bytes, so
 * nothing excuses it.
 */
export const readable: VulnerabilityCondition = (subject) =>
  vulnerabilityViolation(
    subject,
    ({ unreadable }) =>
      unreadable.length === 0
        ? undefined
        : {
            says: 'has a package list that cannot be read',
            detail: listed(unreadable, ({ why }) => shown(why)),
          },
    {
      code: 'image-unavailable',
      why: { what: 'a package list', why: 'it cannot be read', final: true },
      remedy: 'remove the list that the detail names, or attach one that can be read',
    },
  );

/**
 * An image that the policy has the gate look into, and that could not be looked into. Whoever pushed it chose its layers: only an
 * outage is excused (R25), and an image that nobody can read is refused for good (V5).
 */
export const lookedInto: VulnerabilityCondition = (subject) => {
  const whys = subject.platforms.flatMap((platform) => {
    const { missing } = subject.of(platform);
    return missing?.kind === 'unavailable' ? [missing.why] : [];
  });
  const [first] = whys;
  if (first === undefined) return pass;
  const worst = whys.find(({ final }) => final) ?? whys.find(({ excusable }) => excusable !== true) ?? first;
  return vulnerabilityViolation(
    subject,
    ({ missing }) =>
      missing?.kind === 'unavailable'
        ? {
            says: 'has layers that could not be looked into, so nobody knows what is wrong with it',
            detail: `${missing.why.what}: ${missing.why.why}`,
          }
        : undefined,
    {
      code: 'image-unavailable',
      why: worst,
      ...(worst.remedy === undefined ? {} : { remedy: worst.remedy }),
    },
  );
};

const megabytes = (bytes: number): string => String(Math.round(bytes / 1_000_000));

const progressText = ({ state, read, bytes }: ScanProgress): string => {
  switch (state) {
    case 'reading':
      return `${megabytes(read)} of ${megabytes(bytes)} MB read`;
    case 'waiting':
      return `its ${megabytes(bytes)} MB wait for their turn`;
    case 'put-off':
      return `${megabytes(read)} of ${megabytes(bytes)} MB read so far; it gave way to images of others, because it was slow or one of many, and comes again`;
    case 'crowded':
      return 'too many images wait for their turn';
    default:
      return state satisfies never;
  }
};

/**
 * V16: what the gate has not found yet may be what refuses the image, so no list of somebody else stands in.
 */
const scannedLater =
  (unscanned: Mode): VulnerabilityCondition =>
  (subject) =>
    vulnerabilityViolation(
      subject,
      ({ missing, platform }) => {
        if (missing?.kind !== 'under-way') return undefined;
        const progress = progressText(missing.progress);
        return {
          says: `is not looked into yet (${progress}; try again)`,
          detail: `${progress} of ${platform.digest}`,
        };
      },
      {
        code: 'vulnerabilities-unscanned',
        remedy:
          'try again in a moment, as a Deployment does by itself: the gate goes on without waiting for that',
        ...atMost(unscanned),
      },
    );

/** Which lists a policy accepts, and how to attach one. */
export interface AcceptedText {
  readonly accepted: string;
  readonly remedy: string;
}

const scannedBySomebody =
  (unscanned: Mode, { accepted, remedy }: AcceptedText): VulnerabilityCondition =>
  (subject) =>
    vulnerabilityViolation(
      subject,
      ({ lists, unreadable, missing, platform }) =>
        lists.length > 0 || unreadable.length > 0 || missing !== undefined
          ? undefined
          : {
              says: 'has no list of its packages, so nobody knows what is wrong with it',
              detail: `the policy accepts ${accepted}, and none stands beside ${platform.digest}`,
            },
      {
        code: 'vulnerabilities-unscanned',
        remedy,
        ...atMost(unscanned),
      },
    );

/** V1: not looked is not clean. */
export const scanned = (unscanned: Mode, text: AcceptedText): VulnerabilityCondition => {
  const later = scannedLater(unscanned);
  const bySomebody = scannedBySomebody(unscanned, text);
  return (subject) => [...later(subject), ...bySomebody(subject)];
};

const gapText = ({ kind, what }: Gap): string => `${kind}: ${shownBriefly(what, maxWhatLength)}`;

const noExploited: Gap = { kind: 'no-advisories', what: 'no feed of known exploited vulnerabilities' };

/** V1: what nobody could look at is not clean either. */
export const withoutGaps = ({
  gaps,
  allowGaps,
  knownExploited,
}: Pick<VulnerabilitiesCheck, 'gaps' | 'allowGaps' | 'knownExploited'>): VulnerabilityCondition => {
  const allowed = new Set<string>(allowGaps);
  return (subject) => {
    const { advisories } = subject;
    const lacksExploited =
      knownExploited && advisories.state === 'known' && advisories.value.exploited === undefined;
    return vulnerabilityViolation(
      subject,
      ({ lists }) => {
        if (lists.length === 0) return undefined;
        const all = [...lists.flatMap((list) => list.gaps), ...(lacksExploited ? [noExploited] : [])];
        const open = [...new Set(all.filter(({ kind }) => !allowed.has(kind)).map(gapText))];
        if (open.length === 0) return undefined;
        return {
          says: `has ${open.length === 1 ? 'something' : `${String(open.length)} things`} that nobody could look at`,
          detail: listed(open, (text) => text),
        };
      },
      {
        code: 'vulnerability-gap',
        remedy:
          'configure a feed that speaks of it, use a base that is supported, or have the owner of the policy allow this kind with `allowGaps`',
        ...atMost(gaps),
      },
    );
  };
};
