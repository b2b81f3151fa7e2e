import type { AttestationCheck } from '../../policy/schema/schema.ts';

/** Which claims of a check must say what it asks for. */
export type Select = AttestationCheck['select'];

/** A claim that an authority signed. */
export interface Counting {
  /** Its place in the list of authorities. */
  readonly authority: number;
  /** {@link marksOf} */
  readonly signer: readonly string[];
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether it says what is asked for. */
  readonly fits: boolean;
}

interface Selected {
  /** The claims that count for their authority. */
  readonly counting: readonly Counting[];
  /** A claim that had to fit does not, and no other can make up for it. */
  readonly isLost: boolean;
}

/** Whether every candidate has to be known before one counts. */
export const isComplete = (select: Select): boolean => select !== 'Any';

const newestOf = (claims: readonly Counting[]): number => Math.max(...claims.map(({ at }) => at));

/**
 * The claims that count. `All`: every claim of an authority has to fit. `Newest`: that with the newest time has to, of all
 * and of its authority, so that an older one never stands in for what was found out later.
 */
export const selected = (select: Select, claims: readonly Counting[]): Selected => {
  const fitting = claims.filter(({ fits }) => fits);
  if (select === 'Any') return { counting: fitting, isLost: false };
  if (select === 'All') return { counting: fitting, isLost: fitting.length < claims.length };
  const newest = newestOf(claims);
  if (claims.some(({ at, fits }) => at === newest && !fits)) return { counting: [], isLost: false };
  const counting = fitting.filter(({ authority, at }) => {
    const ofAuthority = claims.filter((one) => one.authority === authority);
    return at === newestOf(ofAuthority) && ofAuthority.every((one) => one.at < at || one.fits);
  });
  return { counting, isLost: false };
};
