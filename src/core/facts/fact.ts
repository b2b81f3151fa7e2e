/** Why something could not be looked up. `what` names the thing, `why` the cause; both are safe to show. */
export interface Unavailable {
  readonly what: string;
  readonly why: string;
  /**
   * R25. An outage that users who create Pods or push images cannot cause: no connection, no answer at all, a 5xx.
   * `onUnavailable: Warn` excuses only this, and only the code that reports the failure sets it. Absent: not
   * excusable. Attack: fill a queue, use up a pull limit or push an image that takes long, and get in as
   * "unavailable".
   */
  readonly excusable?: true;
  /**
   * It was read and cannot be judged, and to read it again changes nothing. The author of the content could choose
   * this: a config with two users would otherwise be a way past every check.
   */
  readonly final?: true;
  /** What to do about this cause. */
  readonly remedy?: string;
}

/**
 * Three states of knowing. "Could not look" is never "fine": `unavailable` must be decided on, it is
 * neither a pass nor the same as `absent` (looked, and it is not there).
 * @typeParam W - the cause of `unavailable`
 */
export type Fact<T, W = Unavailable> =
  | { readonly state: 'known'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'unavailable'; readonly why: W };

export const known = <T>(value: T): Fact<T, never> => ({ state: 'known', value });
export const absent: Fact<never, never> = { state: 'absent' };
export const unavailableBy = <W>(why: W): Fact<never, W> => ({ state: 'unavailable', why });
export const unavailable = (what: string, why: string): Fact<never> => unavailableBy({ what, why });
/** {@link Unavailable.excusable} */
export const outage = (what: string, why: string): Fact<never> =>
  unavailableBy({ what, why, excusable: true });
