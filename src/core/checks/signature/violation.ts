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

type SignatureCode = Extract<FindingCode, `signature-${string}`>;

/** What a text names of them. */
type AnyTerms = Pick<ClaimTerms<Claim>, 'threshold' | 'authorities'>;

interface Text {
  /** Behind the name of the image. */
  readonly says: (terms: AnyTerms, count: number) => string;
  readonly remedy: string;
}

const wanted = ({ threshold, authorities }: AnyTerms): string => {
  const names = listed(authorities, ({ name }) => name);
  if (authorities.length === 1) return names;
  return `${threshold === authorities.length ? 'all' : String(threshold)} of ${names}`;
};

const texts: Readonly<Record<SignatureCode, Text>> = {
  'signature-missing': {
    says: (terms) => `has no signature, and the policy wants one by ${wanted(terms)}`,
    remedy:
      'sign this digest (`cosign sign`); a copy needs its signatures copied too (`cosign copy`, `oras cp -r`); if an index was ' +
      'signed, name the index and not an image behind it',
  },
  'signature-untrusted': {
    says: (terms) => `is signed by nobody whom the policy trusts (${wanted(terms)})`,
    remedy:
      'have one of the authorities sign this digest; if the signer that the detail names is right, the owner of the policy adds it',
  },
  'signature-invalid': {
    says: (terms) => `has no valid signature by ${wanted(terms)}`,
    remedy: 'sign this digest again; `imagegate verify` shows each candidate and the step at which it fails',
  },
  'signature-mismatch': {
    says: (terms) => `has a signature that is about something else, and none by ${wanted(terms)}`,
    remedy: 'sign the digest that the workload names, by the name under which it is used',
  },
  'signature-not-logged': {
    says: (terms) =>
      `has a signature by ${wanted(terms)} without the logs or timestamps that the policy wants`,
    remedy: 'sign this digest again, with upload to the log and a timestamp',
  },
  'signature-expired': {
    says: (terms) => `has no signature by ${wanted(terms)} from a time that counts`,
    remedy: 'sign this digest again; a signature without a log entry or timestamp is judged by now',
  },
  'signature-revoked': {
    says: () => 'is revoked by the policy, by its digest or by the certificate that signed it',
    remedy: 'use another release; the owner of the policy knows why this one was revoked',
  },
  'signature-threshold': {
    says: (terms, count) =>
      `is signed by ${String(count)} of the authorities, and the policy wants ${wanted(terms)}`,
    remedy: 'have the others sign this digest too, each with a key or identity of its own',
  },
  'signature-limit': {
    says: (terms) =>
      `has more or larger candidates than are looked at, and no signature by ${wanted(terms)} among those`,
    remedy:
      'remove what stands beside the image in its registry and is no signature of it, or sign it in a repository of its own',
  },
  'signature-unavailable': {
    says: (terms) => `could not be checked for a signature by ${wanted(terms)}`,
    remedy: 'look at what the detail names: the registry, the credential, or the trust root',
  },
};

/** Each part gets its share of the room, so that none hides the others. */
const joined = (parts: readonly string[]): string => {
  const each = Math.max(Math.floor(maxShownLength / Math.max(parts.length, 1)) - 2, minOfEach);
  return shown(parts.map((part) => shownBriefly(part, each)).join('; '));
};

const detailOf = (stops: readonly Stop[], left: number): string => {
  const named = stops.slice(0, maxStops).map(({ text }) => text);
  const more = stops.length - named.length;
  return joined([
    ...named,
    ...(more > 0 ? [`and ${String(more)} more`] : []),
    ...(left > 0 ? [`${String(left)} candidates were not read`] : []),
  ]);
};

/** The code of images that fail for sure. */
const codeFor = (left: number, [first]: readonly Stop[]): SignatureCode => {
  if (left > 0) return 'signature-limit';
  return first === undefined ? 'signature-missing' : codeOf(first.stage);
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
    says: `${says(terms, 0)}${inPlaces(platformsOf(all))}`,
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
  const code = codeFor(left, stops);
  const { says, remedy } = texts[code];
  const count = Math.min(...sure.map((one) => one.count));
  const detail = detailOf(stops, left);
  return {
    code,
    says: `${says(terms, count)}${inPlaces(platformsOf(sure))}`,
    ...(detail === '' ? {} : { detail }),
    remedy,
  };
};
