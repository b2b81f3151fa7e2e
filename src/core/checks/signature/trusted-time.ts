import type { CertificateSigner, Claim, ClaimCheck, Signer, TrustedTime } from '../../facts/claim.ts';
import type { Requirements } from '../../policy/schema/authority.ts';
import { secondsText } from '../../facts/claim-text.ts';
import { fail, ok, type Result } from '../../result.ts';
import type { Shortfall } from './stage.ts';

/** Clocks of logs and authorities may be ahead of ours by so much (S5). */
const maxAhead = 5 * 60_000;

/** The time by which a signature is judged; `trusted`: somebody else vouches for it. */
export interface SignedAt {
  readonly at: number;
  readonly trusted: boolean;
}

const isWithin = ({ validity: { from, until } }: CertificateSigner, time: number): boolean =>
  from <= time && time <= until;

/** What a claim proves by the roots of one authority alone: other policies may have asked for others. */
interface Proof {
  readonly logs: number;
  readonly timestamps: number;
  readonly sct: number;
  /** Those at which the certificate was valid, if there is one. */
  readonly times: readonly TrustedTime[];
}

const distinct = (names: readonly string[]): number => new Set(names).size;

const proofOf = ({ signer, logs, times }: Claim, root: string | undefined, now: number): Proof => {
  const ours = times.filter(
    ({ trustRoot, at }) =>
      trustRoot === root && at <= now + maxAhead && (signer.kind === 'key' || isWithin(signer, at)),
  );
  return {
    // S6: who writes one signature into a log many times has one log.
    logs: distinct(
      logs
        .filter(({ trustRoot, until = Infinity }) => trustRoot === root && now <= until)
        .map(({ log }) => log),
    ),
    timestamps: distinct(ours.filter(({ from }) => from === 'timestamp').map(({ authority }) => authority)),
    sct: signer.kind === 'key' ? 0 : distinct(signer.certificateLogs),
    times: ours,
  };
};

/** What is counted, what it is called, and the check that finds it. */
const counted = [
  ['logs', 'transparency logs', 'log'],
  ['timestamps', 'timestamp authorities', 'timestamp'],
  ['sct', 'certificate logs', 'certificate-log'],
] as const;

/** Why the check found none, be it that the trust root is too old to know who was there. */
const whyNone = ({ checks }: Claim, name: ClaimCheck): string => {
  const made = checks.filter(({ check }) => check === name);
  const why = made.some(({ outcome }) => outcome === 'passed') ? undefined : made.find((one) => one.why)?.why;
  return why === undefined ? '' : `: ${why}`;
};

const missingOf = (claim: Claim, proof: Proof, required: Requirements): Shortfall | undefined => {
  const lacks = counted.find(([field]) => proof[field] < required[field]);
  if (lacks === undefined) return undefined;
  const [field, name, check] = lacks;
  // A certificate is in logs of its own trust root, whichever is asked for the time.
  const ofSigner =
    field === 'sct' && claim.signer.kind === 'certificate' ? claim.signer.trustRoot : undefined;
  const root = ofSigner ?? required.trustRoot ?? 'no trust root';
  return {
    stage: 'log',
    why: `the policy wants ${String(required[field])} ${name} behind it, and ${String(proof[field])} of ${root} are${whyNone(claim, check)}`,
  };
};

/**
 * The first trusted time: whoever dates a signature once more later changes nothing, and what was dated before a key was
 * stolen stays good (S10).
 */
const firstOf = (times: readonly TrustedTime[]): number | undefined =>
  times.length === 0 ? undefined : Math.min(...times.map(({ at }) => at));

/** S5: a certificate without a trusted time in its validity. That of a plain CA may be judged by now instead. */
const undated = (signer: Signer, isKeyless: boolean, now: number): Result<SignedAt, Shortfall> => {
  if (signer.kind === 'key') return ok({ at: now, trusted: false });
  // What another root says of the time, for a policy that asks it, does not make it good for all others by now.
  if (isKeyless || signer.datedBy !== undefined)
    return fail({
      stage: 'time',
      why: 'no trusted time falls into the minutes in which its certificate was valid',
    });
  if (isWithin(signer, now)) return ok({ at: now, trusted: false });
  const { from, until } = signer.validity;
  return fail({
    stage: 'time',
    why: `its certificate is valid from ${secondsText(from)} to ${secondsText(until)}, and no trusted time falls into that`,
  });
};

/** When a claim was signed, by what an authority demands to stand behind it. */
export const signedAt = (
  claim: Claim,
  required: Requirements,
  isKeyless: boolean,
  now: number,
): Result<SignedAt, Shortfall> => {
  const proof = proofOf(claim, required.trustRoot, now);
  const missing = missingOf(claim, proof, required);
  if (missing !== undefined) return fail(missing);
  const at = firstOf(proof.times);
  return at === undefined ? undated(claim.signer, isKeyless, now) : ok({ at, trusted: true });
};

/** S10: from when until when the signatures of an authority count. */
export interface ValidityWindow {
  readonly from?: number;
  readonly until?: number;
}

export const outsideOf = (
  { from, until }: ValidityWindow,
  { at, trusted }: SignedAt,
): Shortfall | undefined => {
  const by = trusted ? 'was made' : 'has no trusted time, so it counts as made';
  if (from !== undefined && at < from)
    return { stage: 'time', why: `it ${by} at ${secondsText(at)}, before ${secondsText(from)} (validFrom)` };
  if (until !== undefined && at >= until)
    return {
      stage: 'time',
      why: `it ${by} at ${secondsText(at)}, not before ${secondsText(until)} (validUntil)`,
    };
  return undefined;
};
