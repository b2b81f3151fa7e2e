import type { Claim } from '../../facts/claim.ts';
import type { ClaimSituation } from '../../facts/claim-need.ts';
import type { PolicyAuthority } from '../../policy/schema/schema.ts';
import { ok, type Result } from '../../result.ts';
import { readPublicKey } from '../../text/public-key.ts';
import type { Stage } from './stage.ts';

/** Why a claim does not count for an authority. */
export interface Shortfall {
  readonly stage: Stage;
  /** Safe to show. */
  readonly why: string;
}

/** Somebody who may sign. */
export interface CompiledAuthority {
  readonly name: string;
  /** Base64 of a DER SubjectPublicKeyInfo. */
  readonly keys: readonly string[];
  /** @returns `undefined`: the claim counts */
  shortfallOf(claim: Claim, situation: ClaimSituation): Shortfall | undefined;
}

export const compileAuthority = ({ name, key }: PolicyAuthority): Result<CompiledAuthority, string> => {
  const spki = readPublicKey(key.pem);
  if (!spki.ok) return spki;
  return ok({
    name,
    keys: [spki.value],
    shortfallOf: ({ signer }) =>
      signer.kind === 'key' && signer.spki === spki.value
        ? undefined
        : { stage: 'signer', why: 'the policy names no such signer' },
  });
};
