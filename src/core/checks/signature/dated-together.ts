import type { Claim, TrustedTime } from '../../facts/claim.ts';

/**
 * Claims by one signature share their times. Attack: whoever may push has an old signature dated anew and pushes it beside
 * a newer one, so that a clean scan of last month is the newest. By its first time it stays as old as it is.
 */
export const datedTogether = <C extends Claim>(claims: readonly C[]): readonly C[] => {
  const times = new Map<string, TrustedTime[]>();
  for (const { signature, times: own } of claims) {
    const others = times.get(signature);
    if (others === undefined) times.set(signature, [...own]);
    else others.push(...own);
  }
  return claims.map((claim) => ({ ...claim, times: times.get(claim.signature) ?? claim.times }));
};
