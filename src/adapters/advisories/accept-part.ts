import { fail, ok, type Result } from '../../core/result.ts';
import type { PartSummary } from './part-format.ts';

/** Why a part does not take the place of the one in force (V15). */
export interface Refusal {
  readonly kind: 'empty' | 'smaller' | 'older';
  /** What is the matter, for a person. */
  readonly why: string;
}

/** A part that has lost more than this share of its advisories is not believed. */
const maxLoss = 0.1;

/**
 * Whether a part may take the place of the one in force (V15). Attack: a server, or who stands in front of it, sends
 * an old or a shorter file, and what it leaves out is no longer refused.
 *
 * @param isLossAccepted an operator said that the loss is meant
 */
export const acceptPart = (
  next: PartSummary,
  current: PartSummary | undefined,
  isLossAccepted = false,
): Result<undefined, Refusal> => {
  if (next.advisories === 0) return fail({ kind: 'empty', why: `no advisory about ${next.ecosystem} in it` });
  if (current === undefined) return ok(undefined);
  const lost = current.advisories - next.advisories;
  if (lost >= current.advisories * maxLoss && lost > 0 && !isLossAccepted)
    return fail({
      kind: 'smaller',
      why: `${next.advisories} advisories, ${current.advisories} are in force`,
    });
  const [newest, inForce] = [next.newest ?? '', current.newest ?? ''];
  if (newest < inForce)
    return fail({ kind: 'older', why: `newest record of ${newest || 'no time'}, in force is ${inForce}` });
  return ok(undefined);
};
