import type { CandidateFault } from '../../core/facts/claim.ts';
import { fail } from '../../core/result.ts';
import type { Unreadable } from '../../core/text/unreadable.ts';

/** Why a part of a candidate says nothing that counts. */
export interface Rejection {
  readonly fault: CandidateFault;
  readonly why: string;
}

interface Rejected {
  readonly ok: false;
  readonly error: Rejection;
}
export const reject = (fault: CandidateFault, why: string): Rejected => fail({ fault, why });

/** @param name what could not be read, as the subject of a sentence */
export const rejectUnreadable = (name: string, { kind, why }: Unreadable): Rejected =>
  reject(kind === 'limit' ? 'limit' : 'unreadable', `${name} cannot be read: ${why}`);
