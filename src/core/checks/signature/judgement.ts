import type { Claim } from '../../facts/claim.ts';
import type { ClaimSituation } from '../../facts/claim-need.ts';
import { claimText, rejectedText, sourcesText } from '../../facts/claim-text.ts';
import type { Unavailable } from '../../facts/fact.ts';
import { fail, type Result } from '../../result.ts';
import type { CompiledAuthority } from './authority.ts';
import { datedTogether } from './dated-together.ts';
import type { ClaimCondition } from './condition.ts';
import { isComplete, selected, type Counting, type Select } from './select.ts';
import { byProgress, type Shortfall, type Stop } from './stage.ts';
import type { ClaimSubject } from './subject.ts';
import { distinctAuthorities, marksOf } from './threshold.ts';
import type { SignedAt } from './trusted-time.ts';

/** What a check asks of the claims about one digest. */
export interface ClaimTerms<C extends Claim> {
  /** What a claim is called in a sentence: `signature`. */
  readonly thing: string;
  /** The code where there is none at all. */
  readonly missing: 'signature-missing' | 'attestation-missing';
  readonly threshold: number;
  readonly authorities: readonly CompiledAuthority[];
  /** What a claim must be to be looked at: of the type that is asked for. */
  readonly kind: ClaimCondition<C>;
  /** What every claim must fulfil, whoever signed it. */
  readonly conditions: readonly ClaimCondition<C>[];
  /** What the claims that `select` chooses must say. */
  readonly contents: readonly ClaimCondition<C>[];
  readonly select: Select;
}

const firstShortfall = <C extends Claim>(
  conditions: readonly ClaimCondition<C>[],
  ...of: Parameters<ClaimCondition<C>>
): Shortfall | undefined => {
  for (const condition of conditions) {
    const shortfall = condition(...of);
    if (shortfall !== undefined) return shortfall;
  }
  return undefined;
};

/** When an authority signed a claim that is asked for, whatever it says. */
const judgeSigner = <C extends Claim>(
  { kind, conditions }: ClaimTerms<C>,
  authority: CompiledAuthority,
  claim: C,
  situation: ClaimSituation,
): Result<SignedAt, Shortfall> => {
  const other = kind(claim, { at: situation.now, trusted: false }, situation);
  if (other !== undefined) return fail(other);
  const signed = authority.judge(claim, situation);
  if (!signed.ok) return signed;
  const shortfall = firstShortfall(conditions, claim, signed.value, situation);
  return shortfall === undefined ? signed : fail(shortfall);
};

/** A claim as it counts for one authority. */
const countingOf = <C extends Claim>(
  terms: ClaimTerms<C>,
  authority: number,
  claims: readonly C[],
  situation: ClaimSituation,
): readonly Counting[] => {
  const compiled = terms.authorities[authority];
  if (compiled === undefined) return [];
  return claims.flatMap((claim): readonly Counting[] => {
    const signed = judgeSigner(terms, compiled, claim, situation);
    if (!signed.ok) return [];
    const { at } = signed.value;
    const fits = firstShortfall(terms.contents, claim, signed.value, situation) === undefined;
    return [{ authority, signer: marksOf(claim.signer), at, fits }];
  });
};

/** Claims with the times that count where the newest of them is chosen. */
export const asDated = <C extends Claim>(
  { select }: Pick<ClaimTerms<C>, 'select'>,
  claims: readonly C[],
): readonly C[] => (select === 'Newest' ? datedTogether(claims) : claims);

interface Count {
  /** How many of the authorities have signed what is asked for, each with a signer of its own. */
  readonly count: number;
  /** A claim that `select` chooses fails, and no other can make up for it. */
  readonly isLost: boolean;
}

const countOf = <C extends Claim>(
  terms: ClaimTerms<C>,
  claims: readonly C[],
  situation: ClaimSituation,
): Count => {
  const all = terms.authorities.flatMap((_, authority) => countingOf(terms, authority, claims, situation));
  const { counting, isLost } = selected(terms.select, all);
  const signersOf = terms.authorities.map((_, authority) =>
    counting.filter((one) => one.authority === authority).map(({ signer }) => signer),
  );
  return { count: distinctAuthorities(signersOf), isLost };
};

/** Whether these claims are enough when there are no others. */
export const areEnough = <C extends Claim>(
  terms: ClaimTerms<C>,
  claims: readonly C[],
  situation: ClaimSituation,
): boolean => {
  const { count, isLost } = countOf(terms, asDated(terms, claims), situation);
  return !isLost && count >= terms.threshold;
};

/**
 * Whether these claims are enough, whatever others there may be. Reading candidates ends early by the same function that
 * judges in the end.
 */
export const areMet = <C extends Claim>(
  terms: ClaimTerms<C>,
  claims: readonly C[],
  situation: ClaimSituation,
): boolean => !isComplete(terms.select) && areEnough(terms, claims, situation);

/** Why one digest fails, with the candidates that were found, the furthest first. */
export interface Unmet {
  readonly platform?: string;
  /** Why something could not be looked at that may hold what is missing. */
  readonly unavailable: readonly Unavailable[];
  /** How many candidates were left unread. */
  readonly left: number;
  /** Why those of a source could not be read: each is one of those that were left. */
  readonly unread: readonly string[];
  readonly stops: readonly Stop[];
  /** Where was looked, for people. */
  readonly looked: string;
  /** How many authorities have signed. */
  readonly count: number;
}

/** Why a claim does not count for an authority; `undefined`: it counts. */
export const shortfallOf = <C extends Claim>(
  terms: ClaimTerms<C>,
  authority: CompiledAuthority,
  claim: C,
  situation: ClaimSituation,
): Shortfall | undefined => {
  const signed = judgeSigner(terms, authority, claim, situation);
  return signed.ok ? firstShortfall(terms.contents, claim, signed.value, situation) : signed.error;
};

/** Where a claim stopped by the authority for which it came furthest. */
const stopOf = <C extends Claim>(terms: ClaimTerms<C>, claim: C, situation: ClaimSituation): Stop => {
  const shortfalls: Shortfall[] = [];
  for (const authority of terms.authorities) {
    const shortfall = shortfallOf(terms, authority, claim, situation);
    if (shortfall === undefined) return { stage: 'threshold', text: claimText(claim) };
    shortfalls.push(shortfall);
  }
  const [furthest] = shortfalls.sort(byProgress);
  return {
    stage: furthest?.stage ?? 'signer',
    text: `${claimText(claim)}: ${furthest?.why ?? 'nobody is asked for'}`,
  };
};

/** A claim that fits is not what is wrong where another one had to fit too. */
const stopsOf = <C extends Claim>(
  terms: ClaimTerms<C>,
  { claims, rejected }: ClaimSubject<C>,
  situation: ClaimSituation,
): readonly Stop[] => {
  const ofClaims = claims.map((claim) => stopOf(terms, claim, situation));
  const isSpoilt =
    isComplete(terms.select) && ofClaims.some(({ stage }) => stage === 'condition' || stage === 'error');
  return [
    ...(isSpoilt ? ofClaims.filter(({ stage }) => stage !== 'threshold') : ofClaims),
    ...rejected.map((one): Stop => ({ stage: one.fault, text: rejectedText(one) })),
  ].sort(byProgress);
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

const unreadSources = ({ sources }: ClaimSubject<Claim>): readonly string[] =>
  sources.flatMap((source) =>
    source.state === 'known' && source.unread !== undefined ? [source.unread] : [],
  );

/** Candidates that nobody has read to the end. */
const unreadOf = ({ left, rejected }: ClaimSubject<Claim>): number =>
  left + rejected.filter(({ fault }) => fault === 'limit' || fault === 'slow').length;

/**
 * Judges one digest. What could not be looked at matters only where the rest is not enough (S2): then the image may have
 * what is missing, and nobody knows. Where all or the newest must fit, it always matters: it may be the one that does not.
 * @returns `undefined`: it passes
 */
export const unmetOf = <C extends Claim>(
  terms: ClaimTerms<C>,
  subject: ClaimSubject<C>,
  situation: ClaimSituation,
): Unmet | undefined => {
  const { name } = subject;
  const claims = asDated(terms, subject.claims);
  const { count, isLost } = countOf(terms, claims, situation);
  const needsAll = isComplete(terms.select);
  const unavailable = lacksOf(terms, subject);
  const left = needsAll ? unreadOf(subject) : subject.left;
  const isEnough = !isLost && count >= terms.threshold;
  if (isEnough && (!needsAll || unavailable.length + left === 0)) return undefined;
  return {
    ...(name === undefined ? {} : { platform: name }),
    // What is lost is lost, whatever stands where nobody could look.
    unavailable: isLost ? [] : unavailable,
    left: isLost ? 0 : left,
    unread: isLost ? [] : unreadSources(subject),
    stops: stopsOf(terms, { ...subject, claims }, situation),
    looked: sourcesText(subject.sources),
    count,
  };
};
