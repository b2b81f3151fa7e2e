import { hexOf, type Digest } from '../image/digest.ts';
import { shownBriefly } from '../text/shown-text.ts';
import type {
  CandidateSource,
  CertificateSigner,
  Claim,
  ClaimCheck,
  ClaimFacts,
  RejectedCandidate,
  Signer,
  SourceState,
  TrustedTime,
} from './claim.ts';

const maxNameLength = 96;
const maxWhyLength = 160;
/** So many lines about one image are worth reading. */
const maxLines = 16;

const sourceNames: Readonly<Record<CandidateSource, string>> = {
  'signature-tag': '.sig',
  'attestation-tag': '.att',
  referrers: 'referrers',
  'referrers-tag': 'fallback tag',
  index: 'index',
};
export const checkNames: Readonly<Record<ClaimCheck, string>> = {
  signature: 'signature',
  certificate: 'certificate',
  'certificate-log': 'certificate log',
  log: 'log',
  timestamp: 'timestamp',
};

/** `sha256:1f3a5c7e9b2d…`: enough to tell digests of one image apart. */
export const shortDigest = (digest: Digest): string =>
  `${digest.slice(0, digest.indexOf(':') + 1)}${hexOf(digest).slice(0, 12)}…`;

const sourceText = (sources: readonly CandidateSource[]): string =>
  sources.map((source) => sourceNames[source]).join(', ');

/**
 * A name or a field of a certificate. The scheme is left out: what stands between it and an `@` would be taken for a
 * password wherever texts are shown, and these hold a repository and a branch.
 */
export const identityText = (text: string): string =>
  shownBriefly(text.replaceAll('https://', '').replaceAll('://', ':'), maxNameLength);

/** `registry.example.com/web (.sig, referrers, fallback tag)`: where candidates were looked for. */
export const sourcesText = (sources: readonly Pick<SourceState, 'location' | 'source'>[]): string =>
  [...new Set(sources.map(({ location }) => location))]
    .map((place) => {
      const here = sources.filter(({ location }) => location === place).map(({ source }) => source);
      return `${shownBriefly(place, maxNameLength)} (${sourceText([...new Set(here)])})`;
    })
    .join(', ');

const certificateText = ({ names, subject, issuer, trustRoot }: CertificateSigner): string => {
  const [first] = names;
  const name = first?.value ?? (subject === '' ? 'a certificate without a name' : subject);
  const by = issuer === undefined ? `trust root ${trustRoot}` : identityText(issuer);
  return `${identityText(name)} (${by})`;
};

/** Who signed, for people. A key is named whole: keys with the same first digits can be made. */
const signerText = (signer: Signer): string =>
  signer.kind === 'key' ? `key ${signer.fingerprint}` : certificateText(signer);

/** `2026-01-05T10:00:00Z`, or a word for what is no date. */
export const secondsText = (time: number): string => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? 'a time that is no date' : `${date.toISOString().slice(0, 19)}Z`;
};

const dated = (times: readonly TrustedTime[]): string => {
  if (times.length === 0) return '';
  const first = times.reduce((one, other) => (other.at < one.at ? other : one));
  return `, at ${secondsText(first.at)} (${first.from})`;
};

/** S13: what was not looked at is said, so that nobody takes it for checked. */
const notMade = ({ checks }: Pick<Claim, 'checks'>): string =>
  checks
    .filter(({ outcome }) => outcome === 'not-made')
    .map(({ check }) => `, ${checkNames[check]} not checked`)
    .join('');

const typeText = (claim: Claim): string =>
  claim.says === 'signed' ? 'signed' : `${identityText(claim.predicateType)} attested`;

/** How it is written; of a bare statement, what was signed in its place. */
const formText = (claim: Claim): string =>
  claim.says === 'attested' && claim.carrier !== undefined
    ? `${claim.form} in the signed ${claim.carrier.kind} ${shortDigest(claim.carrier.digest)}`
    : claim.form;

/**
 * What one claim says, for people; safe to show.
 * @example `signed by key sha256:1f3a… (simple-signing, .sig), log not checked`, the fingerprint whole
 */
export const claimText = (claim: Claim): string =>
  `${typeText(claim)} by ${signerText(claim.signer)} (${formText(claim)}, ${sourceText(claim.sources)})` +
  dated(claim.times) +
  notMade(claim);

/** Why one candidate says nothing that counts. */
export const rejectedText = ({ candidate, form, sources, fault, why }: RejectedCandidate): string =>
  `${shortDigest(candidate)} (${form === undefined ? '' : `${form}, `}${sourceText(sources)}) is ${faultNames[fault]}: ` +
  shownBriefly(why, maxWhyLength);

export const faultNames: Readonly<Record<RejectedCandidate['fault'], string>> = {
  unsigned: 'unsigned',
  limit: 'too large',
  slow: 'too slow to verify',
  unreadable: 'unreadable',
  mismatch: 'about something else',
  untrusted: 'by nobody who was asked for',
  invalid: 'invalid',
};

/**
 * What the record keeps of the claims about an image: what counts first, then what does not. What stands beside an index may
 * speak of each of its images, and is told once.
 */
export const claimLines = ({ named, platforms }: ClaimFacts<Claim>): readonly string[] => {
  const subjects = [named, ...platforms];
  const lines = new Set([
    ...subjects.flatMap(({ claims }) => claims.map(claimText)),
    ...subjects.flatMap(({ rejected }) => rejected.map(rejectedText)),
  ]);
  return [...lines].slice(0, maxLines);
};
