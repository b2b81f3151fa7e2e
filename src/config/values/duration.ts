import { fail, ok, type Result } from '../../core/result.ts';
import { quote } from '../sources/origin.ts';

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;
const longest = 100 * 365 * 86_400_000;

/**
 * Reads `30s`, `10m`, `1h`, `7d`, `500ms` as milliseconds: a whole number above zero and one unit, at most
 * 100 years. The unit is required, because a bare `30` means seconds to one reader and days to the next.
 * @example
 * parseDuration('30s').value // 30_000
 * parseDuration('30').ok // false
 */
export const parseDuration = (text: string): Result<number, string> => {
  const match = /^(\d{1,15})(ms|[smhd])$/.exec(text);
  const scale = units.find(([unit]) => unit === match?.[2])?.[1];
  if (match === null || scale === undefined) {
    return fail(`${quote(text)} is no duration; write a whole number and a unit, such as 30s, 10m, 1h or 7d`);
  }
  const milliseconds = Number(match[1]) * scale;
  if (milliseconds === 0) return fail(`${quote(text)} is no time at all; write at least 1ms`);
  if (milliseconds > longest) return fail(`${quote(text)} is more than 100 years; write at most 36500d`);
  return ok(milliseconds);
};

/** The shortest text that `parseDuration` reads as the same number. */
export const formatDuration = (milliseconds: number): string => {
  const [unit, scale] = units.find(([, size]) => milliseconds % size === 0) ?? ['ms', 1];
  return `${String(milliseconds / scale)}${unit}`;
};
