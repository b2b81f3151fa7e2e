import type { Shape } from '../values/shape.ts';

/** One row of the table. The key is the file's key; flag and variable are derived from it, so that no twin can be forgotten. */
export interface Definition<T> {
  readonly shape: Shape<T>;
  /** The shape alone decides the type: a fallback outside of it is an error here. */
  readonly fallback: NoInfer<T>;
  readonly description: string;
  /** A value, ready to stand after the flag or the key. */
  readonly example: string;
  /**
   * Variables that everybody uses for this, the first one before the next, instead of one of ours. No flag then: a
   * proxy's URL may hold a password, and whoever is on the machine can read command lines.
   */
  readonly conventional?: readonly string[];
}
export const define = <T>(definition: Definition<T> & { readonly fallback: NoInfer<T> }): Definition<T> =>
  definition;
