/** Why something could not be looked at. `what` names the thing, `why` the cause; both are safe to show. */
export interface Unavailable {
  readonly what: string;
  readonly why: string;
  /**
   * It was looked at, and nothing can be made of it. That is up to whoever made it and no outage, so `onUnavailable`
   * does not excuse it: a config with two users would be a way past every check.
   */
  readonly unreadable?: true;
  /** What to do about this cause. */
  readonly remedy?: string;
}

/**
 * Three states of knowing. "Could not look" is never "fine": `unavailable` must be decided on, it is
 * neither a pass nor the same as `absent` (looked, and it is not there).
 */
export type Fact<T> =
  | { readonly state: 'known'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'unavailable'; readonly why: Unavailable };

export const known = <T>(value: T): Fact<T> => ({ state: 'known', value });
export const absent: Fact<never> = { state: 'absent' };
export const unavailable = (what: string, why: string): Fact<never> => ({
  state: 'unavailable',
  why: { what, why },
});
