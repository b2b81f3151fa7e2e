import type { ImagePolicy } from '../schema/schema.ts';

/** A remark before the policy's name is added. */
export interface Remark {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
export type Rule = (policy: ImagePolicy) => readonly Remark[];

export const remark = (path: readonly (string | number)[], message: string): Remark => ({ path, message });
