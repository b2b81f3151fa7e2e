import { plural } from './plural.ts';

const units = [
  ['d', 86_400_000, 'day'],
  ['h', 3_600_000, 'hour'],
  ['m', 60_000, 'minute'],
  ['s', 1_000, 'second'],
  ['ms', 1, 'millisecond'],
] as const;

export const maxDuration = 100 * 365 * 86_400_000;

/**
 * A whole number and one of `ms`, `s`, `m`, `h`, `d`, in milliseconds. Who reads it says what is too short or too long.
 * @returns `undefined` when it is no duration
 */
export const durationOf = (text: string): number | undefined => {
  const match = /^(\d{1,15})(ms|[smhd])$/.exec(text);
  const scale = units.find(([unit]) => unit === match?.[2])?.[1];
  return match === null || scale === undefined ? undefined : Number(match[1]) * scale;
};

/** The shortest text that {@link durationOf} reads as the same number. */
export const formatDuration = (milliseconds: number): string => {
  const [unit, scale] = units.find(([, size]) => milliseconds % size === 0) ?? ['ms', 1];
  return `${String(milliseconds / scale)}${unit}`;
};

/**
 * For people: `3 days`, `1 hour`, in the largest unit of which there is at least one, rounded down; seconds at least.
 * @example
 * describeDuration(90_000) // '1 minute'
 */
export const describeDuration = (milliseconds: number): string => {
  const [, scale, name] = units.slice(0, 4).find(([, size]) => milliseconds >= size) ?? units[3];
  const count = Math.floor(milliseconds / scale);
  return plural(count, name);
};
