import { locationOf } from '../../facts/claim-location.ts';
import type { Claim, SignatureClaim } from '../../facts/claim.ts';
import type { ClaimSituation } from '../../facts/claim-need.ts';
import { parseReference } from '../../image/reference.ts';
import { describeDuration } from '../../text/duration.ts';
import { shownName } from '../../text/shown-text.ts';
import type { Shortfall } from './stage.ts';
import type { SignedAt } from './trusted-time.ts';

/** What a check asks of every claim, whoever signed it. @returns why it fails */
export type ClaimCondition<C extends Claim> = (
  claim: C,
  signed: SignedAt,
  situation: ClaimSituation,
) => Shortfall | undefined;

/** Only a trusted time is one: a signature without has any age. */
export const dated: ClaimCondition<Claim> = (_, { trusted }) =>
  trusted ? undefined : { stage: 'time', why: 'no trusted time says how old it is' };

/** `maxAge`. */
export const maxClaimAge =
  (most: number): ClaimCondition<Claim> =>
  (claim, signed, situation) => {
    const undated = dated(claim, signed, situation);
    if (undated !== undefined) return undated;
    const age = situation.now - signed.at;
    return age <= most
      ? undefined
      : {
          stage: 'time',
          why: `it is ${describeDuration(age)} old, and the policy takes ${describeDuration(most)}`,
        };
  };

/** `revoked.certificates`: that of the signer, or of any CA of its chain. */
export const notRevoked = (certificates: readonly string[]): ClaimCondition<Claim> => {
  const revoked = new Set(certificates);
  return ({ signer }) =>
    signer.kind === 'certificate' &&
    [signer.certificate, ...signer.issuers, ...(signer.respelled ?? [])].some((one) => revoked.has(one))
      ? { stage: 'revoked', why: 'its certificate, or that of a CA of it, stands in `revoked.certificates`' }
      : undefined;
};

/** The repository that a signed name means: tools write Docker Hub in different ways, and some add the tag. */
const repositoryIn = (name: string): string | undefined => {
  const read = parseReference(name);
  return read.ok ? `${read.value.host}/${read.value.repository}` : undefined;
};

/** `signedAs`. Attack: a signature of one repository beside the same bytes in another one, where they must not run. */
export const signedUnder =
  (template: string): ClaimCondition<SignatureClaim> =>
  ({ name }, _, { repository }) => {
    const wanted = locationOf(template, repository);
    if (name === undefined)
      return { stage: 'name', why: `it holds no name, and the policy wants ${shownName(wanted)}` };
    const signed = repositoryIn(name);
    return signed !== undefined && signed === repositoryIn(wanted)
      ? undefined
      : { stage: 'name', why: `it is for ${shownName(name)}, and the policy wants ${shownName(wanted)}` };
  };

/** `annotations`: those of the signed payload. */
export const withAnnotations = (wanted: Readonly<Record<string, string>>): ClaimCondition<SignatureClaim> => {
  const pairs = Object.entries(wanted);
  return ({ annotations }) => {
    const other = pairs.find(
      ([key, value]) => !Object.hasOwn(annotations, key) || annotations[key] !== value,
    );
    if (other === undefined) return undefined;
    const [key, value] = other;
    const given = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
    const has = given === undefined ? 'is not signed with it' : `says ${shownName(given)}`;
    return {
      stage: 'name',
      why: `annotation ${shownName(key)} ${has}, and the policy wants ${shownName(value)}`,
    };
  };
};
