import { sizeOf } from '../../text/size.ts';

const quantity = /^\d{1,16}(?:[kMGT]|[KMGT]i)?$/;

/**
 * A size of a policy in bytes, as Kubernetes writes quantities: a whole number and `k`, `M`, `G`, `T`, `Ki`, `Mi`, `Gi`,
 * `Ti` or nothing.
 * @returns `undefined` when it is none, nothing at all, or more than can be counted
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * @example
 * readSize('1Gi') // 1_073_741_824
 * readSize('1 GB') // undefined
 */
export const readSize = (text: string): number | undefined => {
  const bytes = quantity.test(text) ? sizeOf(text) : undefined;
  return bytes !== undefined && bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
};
