/*
 * vulnerabilities.evidence, vulnerabilities.unscanned, vulnerabilities.gaps, vulnerabilities.allowGaps
 *
 * Reads:   which package lists of the image count, and what they leave open.
 * Allows:  an image with a list that counts, all of which can be read, and with no gap beside those that are allowed.
 * Refuses: image-unavailable, vulnerabilities-unscanned, vulnerability-gap
 */
import type { VulnerabilitiesCheck } from '../../policy/schema/schema.ts';
import { shown, shownBriefly } from '../../text/shown-text.ts';
import type { Gap } from '../../vulnerability/gap.ts';
import { listed } from '../check.ts';
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

/** Which lists a policy accepts, and how to attach one. */
export interface AcceptedText {
  readonly accepted: string;
  readonly remedy: string;
}

/** V1: not looked is not clean. */
export const scanned =
  (unscanned: Mode, { accepted, remedy }: AcceptedText): VulnerabilityCondition =>
  (subject) =>
    vulnerabilityViolation(
      subject,
      ({ lists, unreadable, platform }) =>
        lists.length > 0 || unreadable.length > 0
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
