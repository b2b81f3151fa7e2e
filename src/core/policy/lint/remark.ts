import type { ImagePolicy } from '../schema/schema.ts';

/** A remark before the policy's name is added. */
export interface RuleRemark {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
export type Rule = (policy: ImagePolicy) => readonly RuleRemark[];

export const remark = (path: readonly (string | number)[], message: string): RuleRemark => ({
  path,
  message,
});
