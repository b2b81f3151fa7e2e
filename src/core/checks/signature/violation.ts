import type { Claim } from '../../facts/claim.ts';
import type { Unavailable } from '../../facts/fact.ts';
import type { FindingCode } from '../../reasons/reason.ts';
import { maxShownLength, shown, shownBriefly } from '../../text/shown-text.ts';
import { listed, type EvidenceViolation } from '../check.ts';
import type { ClaimTerms, Unmet } from './judgement.ts';
import { byProgress, codeOf, type Stop } from './stage.ts';

/** How many candidates a detail names. */
const maxStops = 5;
const minOfEach = 64;

type ClaimCode = Extract<FindingCode, `signature-${string}` | `attestation-${string}`>;

/** What a text names of them. */
type AnyTerms = Pick<ClaimTerms<Claim>, 'thing' | 'missing' | 'threshold' | 'authorities'>;

interface Text {
  /** Behind the name of the image. @param by those of whom it is wanted */
  readonly says: (thing: string, by: string, count: number) => string;
  readonly remedy: string;
}

const wantedBy = ({ threshold, authorities }: AnyTerms): string => {
  const names = listed(authorities, ({ name }) => name);
  if (authorities.length === 1) return names;
  return `${threshold === authorities.length ? 'all' : String(threshold)} of ${names}`;
};

const one = (thing: string): string => `${thing.startsWith('a') ? 'an' : 'a'} ${thing}`;

const texts: Readonly<Record<ClaimCode, Text>> = {
  'signature-missing': {
    says: (thing, by) => `has no ${thing}, and the policy wants one by ${by}`,
    remedy:
      'sign this digest (`cosign sign`); a copy needs its signatures copied too (`oras cp -r`); if an index was ' +
      'signed, name the index and not an image behind it',
  },
  'signature-untrusted': {
    says: (thing, by) => `has no ${thing} by anybody whom the policy trusts (${by})`,
    remedy:
      'have one of the authorities sign this digest; if the signer that the detail names is right, the owner of the policy adds it',
  },
  'signature-invalid': {
    says: (thing, by) => `has no valid ${thing} by ${by}`,
    remedy: 'sign this digest again; the detail names the step at which each candidate fails',
  },
  'signature-mismatch': {
    says: (thing, by) => `has no ${thing} by ${by} that is about it: what was found is about something else`,
    remedy: 'sign the digest that the workload names, by the name under which it is used',
  },
  'signature-not-logged': {
    says: (thing, by) => `has no ${thing} by ${by} with the logs or timestamps that the policy wants`,
    remedy: 'sign this digest again, with upload to the log and a timestamp',
  },
  'signature-expired': {
    says: (thing, by) => `has no ${thing} by ${by} from a time that counts`,
    remedy: 'sign this digest again; a signature without a log entry or timestamp is judged by now',
  },
  'signature-revoked': {
    says: () => 'is revoked by the policy, by its digest or by the certificate that signed it',
    remedy: 'use another release; the owner of the policy knows why this one was revoked',
  },
  'signature-threshold': {
    says: (thing, by, count) =>
      `has ${one(thing)} by ${String(count)} of the authorities, and the policy wants ${by}`,
    remedy: 'have the others sign this digest too, each with a key or identity of its own',
  },
  'signature-limit': {
    says: (thing, by) =>
      `has candidates beside it that are too many, too large or cannot be read, and those leave open whether there is ${one(thing)} by ${by}`,
    remedy:
      'remove what stands beside the image in its registry and is no signature of it, or sign it in a repository of its own',
  },
  'signature-unavailable': {
    says: (thing, by) => `could not be checked for ${one(thing)} by ${by}`,
    remedy: 'look at what the detail names: the registry, the credential, or the trust root',
  },
  'attestation-missing': {
    says: (thing, by) => `has no ${thing}, and the policy wants one by ${by}`,
    remedy:
      "attest this digest (`cosign attest`); what stands only in GitHub's API needs `push-to-registry: true`; for what BuildKit " +
      'attested, sign the index, name it, and let `multiArch` judge each platform; a copy needs its attestations copied too (`oras cp -r`)',
  },
  'attestation-condition': {
    says: (thing, by) => `has no ${thing} by ${by} that says what the policy wants`,
    remedy: 'build the image as the policy wants it; the detail names what differs',
  },
  'attestation-error': {
    says: (thing, by) => `has no ${thing} by ${by} over which the expression of the policy can be evaluated`,
    remedy: 'the owner of the policy writes the expression for what is attested; the detail names the error',
  },
};

/** Each part gets its share of the room, so that none hides the others. */
const joined = (parts: readonly string[]): string => {
  const each = Math.max(Math.floor(maxShownLength / Math.max(parts.length, 1)) - 2, minOfEach);
  return shown(parts.map((part) => shownBriefly(part, each)).join('; '));
};

/** Whatever else was left: too much, or too large. */
const leftText = (count: number): readonly string[] => {
  if (count <= 0) return [];
  return [count === 1 ? '1 candidate was not read' : `${String(count)} candidates were not read`];
};

const detailOf = (stops: readonly Stop[], left: number, unread: readonly string[]): string => {
  const different = [...new Set(stops.map(({ text }) => text))];
  const named = different.slice(0, maxStops);
  const more = different.length - named.length;
  return joined([
    ...named,
    ...(more > 0 ? [`and ${String(more)} more`] : []),
    ...new Set(unread),
    ...leftText(left - unread.length),
  ]);
};

/** The code of images that fail for sure. @param missing where nothing was found */
const codeFor = (missing: ClaimCode, left: number, [first]: readonly Stop[]): ClaimCode => {
  if (left > 0) return 'signature-limit';
  return first === undefined ? missing : codeOf(first.stage);
};

/** R25: what is not excusable decides, because it may hide what an outage does not. */
const decisive = (causes: readonly Unavailable[]): Unavailable | undefined =>
  causes.find(({ excusable }) => excusable !== true) ?? causes[0];

const inPlaces = (platforms: readonly string[]): string =>
  platforms.length === 0 ? '' : ` (${listed(platforms, (platform) => platform)})`;

/** What could not be looked at, and the candidate that came furthest of those that could. */
const unavailableViolation = (
  terms: AnyTerms,
  all: readonly Unmet[],
  why: Unavailable,
): EvidenceViolation => {
  const code = 'signature-unavailable';
  const { says, remedy } = texts[code];
  const [furthest] = all.flatMap(({ stops }) => stops).sort(byProgress);
  return {
    code,
    says: `${says(terms.thing, wantedBy(terms), 0)}${inPlaces(platformsOf(all))}`,
    detail: joined([`${why.what}: ${why.why}`, ...(furthest === undefined ? [] : [furthest.text])]),
    remedy: why.remedy ?? remedy,
    why,
  };
};

const platformsOf = (all: readonly Unmet[]): readonly string[] =>
  all.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));

/**
 * One violation for all that fails, by the candidate that came furthest. What fails for sure goes before what could not be
 * looked at: else an outage at one platform would excuse another one that nobody signed (R25).
 */
export const violationOf = (terms: AnyTerms, all: readonly Unmet[]): EvidenceViolation => {
  const sure = all.filter(({ unavailable }) => unavailable.length === 0);
  const why = sure.length > 0 ? undefined : decisive(all.flatMap(({ unavailable }) => unavailable));
  if (why !== undefined) return unavailableViolation(terms, all, why);
  const stops = sure.flatMap((one) => one.stops).sort(byProgress);
  const left = sure.reduce((sum, one) => sum + one.left, 0);
  const code = codeFor(terms.missing, left, stops);
  const { says, remedy } = texts[code];
  const count = Math.min(...sure.map((one) => one.count));
  const looked = sure[0]?.looked ?? '';
  const found = detailOf(
    stops,
    left,
    sure.flatMap(({ unread }) => unread),
  );
  const detail = found === '' && looked !== '' ? shown(`nothing at ${looked}`) : found;
  return {
    code,
    says: `${says(terms.thing, wantedBy(terms), count)}${inPlaces(platformsOf(sure))}`,
    ...(detail === '' ? {} : { detail }),
    remedy,
  };
};
