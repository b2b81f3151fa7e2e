import type { Claim, ClaimFacts } from '../../facts/claim.ts';
import type { ClaimSituation } from '../../facts/claim-need.ts';
import { claimText, rejectedText } from '../../facts/claim-text.ts';
import type { Unavailable } from '../../facts/fact.ts';
import type { CompiledAuthority, Shortfall } from './authority.ts';
import { byProgress, type Stop } from './stage.ts';
import type { ClaimSubject } from './subject.ts';
import { distinctAuthorities, signerKey } from './threshold.ts';

/** What a check asks of the claims about one digest. */
export interface ClaimTerms {
  readonly threshold: number;
  readonly authorities: readonly CompiledAuthority[];
}

/** How many of the authorities have signed, each with a signer of its own. */
const countOf = ({ authorities }: ClaimTerms, claims: readonly Claim[], situation: ClaimSituation): number =>
  distinctAuthorities(
    authorities.map(
      (authority) =>
        new Set(
          claims
            .filter((claim) => authority.shortfallOf(claim, situation) === undefined)
            .map(({ signer }) => signerKey(signer)),
        ),
    ),
  );

/** Whether these claims are enough. Reading candidates ends early by the same function that judges in the end. */
export const areMet = (terms: ClaimTerms, claims: readonly Claim[], situation: ClaimSituation): boolean =>
  countOf(terms, claims, situation) >= terms.threshold;

/** Why one digest fails, with the candidates that were found, the furthest first. */
export interface Unmet {
  readonly platform?: string;
  /** Present when something could not be looked at: it may hold what is missing. */
  readonly unavailable?: Unavailable;
  /** How many candidates were left unread. */
  readonly left: number;
  readonly stops: readonly Stop[];
  /** How many authorities have signed. */
  readonly count: number;
}

/** R25: what is not excusable stands first. It decides, because it may hide what an outage does not. */
const firstOf = (causes: readonly Unavailable[]): Unavailable | undefined =>
  causes.find(({ excusable }) => excusable !== true) ?? causes[0];

const furthest = (shortfalls: readonly (Shortfall | undefined)[]): Shortfall | undefined => {
  const counts = shortfalls.includes(undefined);
  return counts
    ? undefined
    : shortfalls
        .flatMap((one) => (one === undefined ? [] : [{ ...one, text: '' }]))
        .sort(byProgress)
        .at(0);
};

const stopsOf = (
  { authorities }: ClaimTerms,
  { claims, rejected }: ClaimSubject<Claim>,
  situation: ClaimSituation,
): readonly Stop[] => {
  const ofClaims = claims.map((claim): Stop => {
    const shortfall = furthest(authorities.map((authority) => authority.shortfallOf(claim, situation)));
    return shortfall === undefined
      ? { stage: 'threshold', text: claimText(claim) }
      : { stage: shortfall.stage, text: `${claimText(claim)}: ${shortfall.why}` };
  });
  const ofRejected = rejected.map((one): Stop => ({ stage: one.fault, text: rejectedText(one) }));
  return [...ofClaims, ...ofRejected].sort(byProgress);
};

/** Why nobody could look everywhere that matters to these terms. */
const lackOf = ({ sources }: ClaimSubject<Claim>): Unavailable | undefined =>
  firstOf(sources.flatMap((source) => (source.state === 'unavailable' ? [source.why] : [])));

/**
 * Judges one digest. What could not be looked at matters only where the rest is not enough (S2): then the image may have
 * what is missing, and nobody knows.
 * @returns `undefined`: it passes
 */
export const unmetOf = (
  terms: ClaimTerms,
  subject: ClaimSubject<Claim>,
  { repository }: Pick<ClaimFacts<Claim>, 'repository'>,
  now: number,
): Unmet | undefined => {
  const situation = { now, repository };
  const count = countOf(terms, subject.claims, situation);
  if (count >= terms.threshold) return undefined;
  const why = lackOf(subject);
  return {
    ...(subject.platform === undefined ? {} : { platform: subject.platform }),
    ...(why === undefined ? {} : { unavailable: why }),
    left: subject.left,
    stops: stopsOf(terms, subject, situation),
    count,
  };
};
