import { fail } from '../../core/result.ts';

/**
 * Why bytes of a registry could not be read, in words that follow their name. `limit`: they hold more than may be
 * read.
 */
export interface Unreadable {
  readonly kind: 'invalid' | 'limit';
  readonly why: string;
}
export interface Failed {
  readonly ok: false;
  readonly error: Unreadable;
}

export const invalidBytes = (why: string): Failed => fail({ kind: 'invalid', why });
export const tooMuch = (why: string): Failed => fail({ kind: 'limit', why });
