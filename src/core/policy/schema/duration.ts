const units = [
  ['d', 86_400_000, 'day'],
  ['h', 3_600_000, 'hour'],
  ['m', 60_000, 'minute'],
  ['s', 1_000, 'second'],
] as const;
const longest = 100 * 365 * 86_400_000;

/**
 * A duration of a policy in milliseconds: a whole number and one of `s`, `m`, `h`, `d`; `0` alone is no time.
 * @returns `undefined` when it is none, or more than 100 years
 * @example
 * readDuration('90d') // 7_776_000_000
 * readDuration('90') // undefined
 */
export const readDuration = (text: string): number | undefined => {
  if (text === '0') return 0;
  const match = /^(\d{1,10})([smhd])$/.exec(text);
  const scale = units.find(([unit]) => unit === match?.[2])?.[1];
  if (match === null || scale === undefined) return undefined;
  const milliseconds = Number(match[1]) * scale;
  return milliseconds > longest ? undefined : milliseconds;
};

/**
 * For people: `3 days`, `1 hour`, in the largest unit of which there is at least one, rounded down.
 * @example
 * describeDuration(90_000) // '1 minute'
 */
export const describeDuration = (milliseconds: number): string => {
  const [, scale, name] = units.find(([, size]) => milliseconds >= size) ?? units[3];
  const count = Math.floor(milliseconds / scale);
  return `${String(count)} ${name}${count === 1 ? '' : 's'}`;
};
