import type { Claim, ClaimFacts } from '../../facts/claim.ts';
import type { ClaimDemand, ClaimNeed } from '../../facts/claim-need.ts';
import { readDuration } from '../../policy/schema/duration.ts';
import { requirementsOf } from '../../policy/schema/authority.ts';
import type { MultiArch, SignatureCheck } from '../../policy/schema/schema.ts';
import { fail, ok, type Result } from '../../result.ts';
import { pass, type CheckSituation, type ClaimStanding, type EvidenceRule } from '../check.ts';
import { compileAuthority, type CompiledAuthority } from './authority.ts';
import { maxClaimAge, notRevoked, type ClaimCondition } from './condition.ts';
import {
  areEnough,
  areMet,
  asDated,
  shortfallOf,
  unmetOf,
  type ClaimTerms,
  type Unmet,
} from './judgement.ts';
import { placesOf, subjectsOf } from './subject.ts';
import { violationOf } from './violation.ts';

/** The fields that checks of signatures and of attestations have in common. */
type ClaimConfig = Pick<SignatureCheck, 'threshold' | 'authorities' | 'locations' | 'revoked' | 'maxAge'>;

const compileAuthorities = (
  authorities: ClaimConfig['authorities'],
): Result<readonly CompiledAuthority[], string> => {
  const compiled: CompiledAuthority[] = [];
  for (const authority of authorities) {
    const one = compileAuthority(authority);
    if (!one.ok) return fail(`authority ${JSON.stringify(authority.name)}: ${one.error}`);
    compiled.push(one.value);
  }
  return ok(compiled);
};

const commonConditions = ({
  revoked,
  maxAge,
}: ClaimConfig): Result<readonly ClaimCondition<Claim>[], string> => {
  const conditions: ClaimCondition<Claim>[] = [];
  if (revoked?.certificates !== undefined) conditions.push(notRevoked(revoked.certificates));
  if (maxAge === undefined) return ok(conditions);
  const most = readDuration(maxAge);
  if (most === undefined) return fail(`maxAge: ${JSON.stringify(maxAge)} cannot be read`);
  return ok([...conditions, maxClaimAge(most)]);
};

/** What one check alone asks of claims. */
type OwnTerms<C extends Claim> = Omit<ClaimTerms<C>, 'threshold' | 'authorities'>;

/** The terms of a check: its authorities, what all checks ask of a claim, and what it asks itself. */
export const compileTerms = <C extends Claim>(
  config: ClaimConfig,
  own: OwnTerms<C>,
): Result<ClaimTerms<C>, string> => {
  const authorities = compileAuthorities(config.authorities);
  if (!authorities.ok) return authorities;
  const common = commonConditions(config);
  if (!common.ok) return common;
  return ok({
    ...own,
    threshold: config.threshold,
    authorities: authorities.value,
    conditions: [...common.value, ...own.conditions],
  });
};

const platformsOf = ({ mode, platforms }: MultiArch): ClaimNeed<Claim>['platforms'] => {
  if (mode === 'reference') return mode;
  return mode === 'platforms' ? platforms : 'all';
};

const together = (lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())];

/** A check of claims before it is made: what it is written as, and the terms of it. */
export interface WrittenClaimCheck<C extends Claim> {
  /** The check with all its values. */
  readonly text: string;
  readonly config: ClaimConfig;
  readonly terms: ClaimTerms<C>;
  readonly multiArch: MultiArch;
  readonly indexCovers: boolean;
}

/**
 * Whether an entry may count that nobody dates, which it does while its log is in use. One log of the root that dates the
 * certificate is dated too.
 */
const mayBeUndated = (authority: ClaimConfig['authorities'][number]): boolean => {
  const { logs, trustRoot } = requirementsOf(authority);
  const isOwn = authority.keyless !== undefined && authority.keyless.trustRoot === trustRoot;
  return logs > (isOwn ? 1 : 0);
};

/**
 * Whether time alone can change what is found in the same facts. Times of the future were refused when the candidate was
 * verified. Where nothing ends and nothing ages, the result is cached beyond its review.
 */
const readsTime = ({ authorities, maxAge }: ClaimConfig): boolean =>
  maxAge !== undefined ||
  authorities.some(
    (authority) =>
      authority.certificate !== undefined ||
      authority.validFrom !== undefined ||
      authority.validUntil !== undefined ||
      mayBeUndated(authority),
  );

/**
 * When no further candidate is needed. Claims of places that only other checks name do not count, and the images behind a
 * signed index are read where one of them may be revoked.
 */
const demandOf = <C extends Claim>({
  text,
  config,
  terms,
  multiArch,
}: Pick<WrittenClaimCheck<C>, 'text' | 'config' | 'terms' | 'multiArch'>): ClaimDemand<C> => {
  const judgeHere =
    (judge: typeof areMet<C>): ClaimDemand<C>['isMet'] =>
    (claims, situation) => {
      const places = placesOf(config.locations, situation.repository);
      const here = claims.filter(({ location }) => places.has(location));
      return judge(terms, here, situation);
    };
  const mayBeRevoked = config.revoked?.images !== undefined && multiArch.mode !== 'reference';
  return {
    // Attack: a second policy with the same check for the named index alone would end the search for both.
    key: mayBeRevoked ? `${text} of each image` : text,
    isMet: mayBeRevoked ? () => false : judgeHere(areMet),
    isFound: judgeHere(areEnough),
    ...(!readsTime(config) && { isTimeless: true }),
  };
};

/** What evidence is asked for. */
export const claimNeedOf = <C extends Claim>({
  text,
  config,
  terms,
  multiArch,
}: WrittenClaimCheck<C>): ClaimNeed<C> => ({
  keys: together(terms.authorities.map(({ keys }) => keys)),
  trustRoots: together(terms.authorities.map(({ trustRoots }) => trustRoots)),
  locations: config.locations,
  platforms: platformsOf(multiArch),
  named: multiArch.mode === 'reference',
  demands: [demandOf({ text, config, terms, multiArch })],
});

/** An image that the policy revokes fails for sure, whoever signed it and whatever could not be looked at. */
const revokedImage = (digest: string): Unmet => ({
  unavailable: [],
  left: 0,
  unread: [],
  stops: [{ stage: 'revoked', text: `${digest} stands in \`revoked.images\`` }],
  looked: '',
  count: 0,
});

/** The one rule of a check: every digest that it judges has what its terms ask for. */
export const claimRuleOf = <C extends Claim>(check: WrittenClaimCheck<C>): EvidenceRule<ClaimFacts<C>> => {
  const { text, config, terms, multiArch } = check;
  const revoked = new Set<string>(config.revoked?.images);
  const choice = { ...check, locations: config.locations };
  return {
    text: `${text} ${JSON.stringify({ multiArch })}`,
    readsSituation: readsTime(config),
    judge: (facts, { now }) => {
      const subjects = subjectsOf(facts, choice);
      const digest = [facts.named, ...subjects]
        .flatMap((subject) => [subject.digest, subject.sha256 ?? subject.digest])
        .find((one) => revoked.has(one));
      if (digest !== undefined) return [violationOf(terms, [revokedImage(digest)])];
      const situation = { now, repository: facts.repository };
      const unmet = subjects.flatMap((subject) => unmetOf(terms, subject, situation) ?? []);
      return unmet.length === 0 ? pass : [violationOf(terms, unmet)];
    },
  };
};

/** Who may sign, and what each of them makes of each claim: of none twice, though one about an index stands for many images. */
export const standingsOf = <C extends Claim>(check: WrittenClaimCheck<C>) => ({
  authorities: check.terms.authorities.map(({ name }) => name),
  standings: (facts: ClaimFacts<C>, { now }: Pick<CheckSituation, 'now'>): readonly ClaimStanding[] => {
    const { terms, config } = check;
    const situation = { now, repository: facts.repository };
    const subjects = subjectsOf(facts, { ...check, locations: config.locations });
    const claims = [...new Set(subjects.flatMap((subject) => subject.claims))];
    const dated = asDated(terms, claims);
    return claims.flatMap((claim, at) =>
      terms.authorities.map((authority) => {
        const shortfall = shortfallOf(terms, authority, dated[at] ?? claim, situation);
        const standing = { claim, authority: authority.name };
        return shortfall === undefined ? standing : { ...standing, why: shortfall.why };
      }),
    );
  },
});
