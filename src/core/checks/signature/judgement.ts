import type { Claim } from '../../facts/claim.ts';
import type { ClaimSituation } from '../../facts/claim-need.ts';
import { claimText, rejectedText } from '../../facts/claim-text.ts';
import type { Unavailable } from '../../facts/fact.ts';
import { fail, type Result } from '../../result.ts';
import type { CompiledAuthority } from './authority.ts';
import type { ClaimCondition } from './condition.ts';
import { byProgress, type Shortfall, type Stop } from './stage.ts';
import type { ClaimSubject } from './subject.ts';
import { distinctAuthorities, signerKey } from './threshold.ts';
import type { SignedAt } from './trusted-time.ts';

/** What a check asks of the claims about one digest. */
export interface ClaimTerms<C extends Claim> {
  readonly threshold: number;
  readonly authorities: readonly CompiledAuthority[];
  /** What every claim must fulfil, whoever signed it. */
  readonly conditions: readonly ClaimCondition<C>[];
}

const judgeClaim = <C extends Claim>(
  { conditions }: ClaimTerms<C>,
  authority: CompiledAuthority,
  claim: C,
  situation: ClaimSituation,
): Result<SignedAt, Shortfall> => {
  const signed = authority.judge(claim, situation);
  if (!signed.ok) return signed;
  for (const condition of conditions) {
    const shortfall = condition(claim, signed.value, situation);
    if (shortfall !== undefined) return fail(shortfall);
  }
  return signed;
};

/** How many of the authorities have signed, each with a signer of its own. */
const countOf = <C extends Claim>(
  terms: ClaimTerms<C>,
  claims: readonly C[],
  situation: ClaimSituation,
): number =>
  distinctAuthorities(
    terms.authorities.map(
      (authority) =>
        new Set(
          claims
            .filter((claim) => judgeClaim(terms, authority, claim, situation).ok)
            .map(({ signer }) => signerKey(signer)),
        ),
    ),
  );

/** Whether these claims are enough. Reading candidates ends early by the same function that judges in the end. */
export const areMet = <C extends Claim>(
  terms: ClaimTerms<C>,
  claims: readonly C[],
  situation: ClaimSituation,
): boolean => countOf(terms, claims, situation) >= terms.threshold;

/** Why one digest fails, with the candidates that were found, the furthest first. */
export interface Unmet {
  readonly platform?: string;
  /** Why something could not be looked at that may hold what is missing. */
  readonly unavailable: readonly Unavailable[];
  /** How many candidates were left unread. */
  readonly left: number;
  readonly stops: readonly Stop[];
  /** How many authorities have signed. */
  readonly count: number;
}

/** Where a claim stopped by the authority for which it came furthest. */
const stopOf = <C extends Claim>(terms: ClaimTerms<C>, claim: C, situation: ClaimSituation): Stop => {
  const shortfalls: Shortfall[] = [];
  for (const authority of terms.authorities) {
    const judged = judgeClaim(terms, authority, claim, situation);
    if (judged.ok) return { stage: 'threshold', text: claimText(claim) };
    shortfalls.push(judged.error);
  }
  const [furthest] = shortfalls.sort(byProgress);
  return {
    stage: furthest?.stage ?? 'signer',
    text: `${claimText(claim)}: ${furthest?.why ?? 'nobody is asked for'}`,
  };
};

/** Why nobody could look everywhere that matters to these terms. */
const lacksOf = <C extends Claim>(
  { authorities }: ClaimTerms<C>,
  { sources, missingRoots }: ClaimSubject<C>,
): readonly Unavailable[] => [
  ...sources.flatMap((source) => (source.state === 'unavailable' ? [source.why] : [])),
  ...[...new Set(authorities.flatMap(({ trustRoots }) => trustRoots))].flatMap((name) => {
    const why = Object.hasOwn(missingRoots, name) ? missingRoots[name] : undefined;
    return why === undefined ? [] : [why];
  }),
];

/**
 * Judges one digest. What could not be looked at matters only where the rest is not enough (S2): then the image may have
 * what is missing, and nobody knows.
 * @returns `undefined`: it passes
 */
export const unmetOf = <C extends Claim>(
  terms: ClaimTerms<C>,
  subject: ClaimSubject<C>,
  situation: ClaimSituation,
): Unmet | undefined => {
  const { name, claims, rejected, left } = subject;
  const count = countOf(terms, claims, situation);
  if (count >= terms.threshold) return undefined;
  return {
    ...(name === undefined ? {} : { platform: name }),
    unavailable: lacksOf(terms, subject),
    left,
    stops: [
      ...claims.map((claim) => stopOf(terms, claim, situation)),
      ...rejected.map((one): Stop => ({ stage: one.fault, text: rejectedText(one) })),
    ].sort(byProgress),
    count,
  };
};
