import type { CandidateFault } from '../../facts/claim.ts';
import type { FindingCode } from '../../reasons/reason.ts';

/**
 * How far a candidate came before it stopped counting, and the reason code for that. In this order: who reads one finding
 * is told about the candidate that is nearest to what the policy asks for.
 */
const stages = {
  type: 'attestation-missing',
  unsigned: 'attestation-missing',
  limit: 'signature-limit',
  slow: 'signature-limit',
  unreadable: 'signature-invalid',
  mismatch: 'signature-mismatch',
  untrusted: 'signature-untrusted',
  invalid: 'signature-invalid',
  // From here on the signature is valid, and the policy does not take it.
  signer: 'signature-untrusted',
  log: 'signature-not-logged',
  time: 'signature-expired',
  name: 'signature-mismatch',
  revoked: 'signature-revoked',
  error: 'attestation-error',
  condition: 'attestation-condition',
  threshold: 'signature-threshold',
} as const satisfies Readonly<Record<CandidateFault, FindingCode>> & Readonly<Record<string, FindingCode>>;
export type Stage = keyof typeof stages;

const order = Object.keys(stages) as readonly Stage[];

export const codeOf = (stage: Stage): (typeof stages)[Stage] => stages[stage];

/** Why a claim does not count. */
export interface Shortfall {
  readonly stage: Stage;
  /** Safe to show. */
  readonly why: string;
}

/** Where a candidate stopped, and what is said of it; safe to show. */
export interface Stop {
  readonly stage: Stage;
  readonly text: string;
}

/** The furthest first. */
export const byProgress = (one: Pick<Stop, 'stage'>, other: Pick<Stop, 'stage'>): number =>
  order.indexOf(other.stage) - order.indexOf(one.stage);
