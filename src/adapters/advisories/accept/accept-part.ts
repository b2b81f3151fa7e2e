import { fail, ok, type Result } from '../../../core/result.ts';
import { countedDays } from './part-counts.ts';
import type { PartSummary } from '../part-format.ts';

/** Why a part does not take the place of the one in force (V15). */
export interface Refusal {
  readonly kind: 'empty' | 'smaller' | 'older';
  /** What is the matter, for a person. */
  readonly why: string;
}

/** A part that has lost more than this share of its advisories is not believed. */
const maxLoss = 0.1;

/** Why so few are too few; absent: they are not. */
const lossOf = (next: number, inForce: number, most: number): string | undefined => {
  const before = Math.max(most, inForce);
  const lost = before - next;
  if (lost <= 0 || lost < before * maxLoss) return undefined;
  const when = before > inForce ? `were in force within ${countedDays} days` : 'are in force';
  return `${next} advisories, ${before} ${when}`;
};

const agedSince = (next = '', inForce = ''): string | undefined =>
  next < inForce ? `newest record of ${next || 'no time'}, in force is ${inForce}` : undefined;

interface Lately {
  /** The most advisories that were in force within thirty days; absent: those in force now. */
  readonly most?: number;
  /** An operator said that the loss is meant. */
  readonly isLossAccepted?: boolean;
}

/**
 * Whether a part may take the place of the one in force (V15). Attack: a server, or who stands in front of it, sends
 * an old or a shorter file, and what it leaves out is no longer refused; or one that is a little shorter each day.
 */
export const acceptPart = (
  next: PartSummary,
  current: Pick<PartSummary, 'advisories' | 'newest'> | undefined,
  { most = 0, isLossAccepted = false }: Lately = {},
): Result<undefined, Refusal> => {
  if (next.advisories === 0) return fail({ kind: 'empty', why: `no advisory about ${next.ecosystem} in it` });
  const loss = isLossAccepted ? undefined : lossOf(next.advisories, current?.advisories ?? 0, most);
  if (loss !== undefined) return fail({ kind: 'smaller', why: loss });
  if (current === undefined) return ok(undefined);
  const older = agedSince(next.newest, current.newest);
  return older === undefined ? ok(undefined) : fail({ kind: 'older', why: older });
};
