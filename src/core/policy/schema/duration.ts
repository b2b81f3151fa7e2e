import { durationOf, maxDuration } from '../../text/duration.ts';

/**
 * A duration of a policy in milliseconds: a whole number and one of `s`, `m`, `h`, `d`; `0` alone is no time.
 * @returns `undefined` when it is none, or more than 100 years
 * @example
 * readDuration('90d') // 7_776_000_000
 * readDuration('90') // undefined
 */
export const readDuration = (text: string): number | undefined => {
  if (text === '0') return 0;
  const milliseconds = text.endsWith('ms') ? undefined : durationOf(text);
  return milliseconds !== undefined && milliseconds <= maxDuration ? milliseconds : undefined;
};
