import type { ValidityPeriod } from '../../trust/trusted-root.ts';

/** Both ends count. */
export const isWithin = (at: number, { start, end = Infinity }: ValidityPeriod): boolean =>
  start <= at && at <= end;
