import type { Shape } from '../values/shape.ts';

/**
 * One row of the table. The key is the key in the file. Flag and variable are derived from it, so none can be
 * forgotten.
 */
export interface Definition<T> {
  readonly shape: Shape<T>;
  /** The shape alone decides the type: a fallback outside of it is an error here. */
  readonly fallback: NoInfer<T>;
  readonly description: string;
  /** A value as it can be written after the flag or the key. */
  readonly example: string;
  /**
   * Conventional variables (`HTTPS_PROXY`) that replace our own, in order of precedence. Such a setting has no flag:
   * a proxy's URL may hold a password, and every user of the machine can read command lines.
   */
  readonly conventional?: readonly string[];
}
export const define = <T>(definition: Definition<T> & { readonly fallback: NoInfer<T> }): Definition<T> =>
  definition;
