import type { Finding } from '../../src/core/decision/finding.ts';
import type { ClaimFacts, SignatureClaim } from '../../src/core/facts/claim.ts';
import { claimFacts, githubIssuer, signatureEvidence } from './claims.ts';
import { judge, pinned } from './verdict.ts';

/** What a check of one authority, `a`, finds in these facts. */
export const signatureFindings = (
  authority: object,
  facts: ClaimFacts<SignatureClaim>,
  check: object = {},
): readonly Finding[] => {
  const signature = { authorities: [{ name: 'a', ...authority }], ...check };
  return judge({ p: { checks: [{ signature }] } }, pinned, { evidence: signatureEvidence(facts) }).findings;
};
export const codesIn = (...of: Parameters<typeof signatureFindings>): readonly string[] =>
  signatureFindings(...of).map(({ code }) => code);

/** The same, where the image has this one signature. */
export const codesOn = (authority: object, claim: SignatureClaim, check: object = {}): readonly string[] =>
  codesIn(authority, claimFacts({ claims: [claim] }), check);

/** The release workflows of an organisation; `undefined` leaves a field out. */
export const keyless = (
  identity: Readonly<Record<string, string | undefined>> = {},
  more: object = {},
  required?: object,
) => {
  const subject = 'https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*';
  const fields = Object.entries({ issuer: githubIssuer, subject, ...identity });
  return {
    keyless: { identities: [Object.fromEntries(fields.filter(([, value]) => value !== undefined))], ...more },
    ...(required === undefined ? {} : { require: required }),
  };
};
