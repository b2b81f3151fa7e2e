import { fail, ok, type Result } from '../../core/result.ts';
import { quote } from '../sources/origin.ts';

const scales: Readonly<Record<string, number>> = {
  b: 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};
const printed = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
] as const;

/**
 * Reads `1GiB`, `512Mi`, `500MB`, `1048576` as bytes: a whole number above zero; a number alone is bytes,
 * `Ki`, `Mi`, `Gi`, `Ti` are powers of 1024 and `k`, `M`, `G`, `T` powers of 1000, each with or without `B`.
 * @example
 * parseSize('512Mi').value // 536_870_912
 */
export const parseSize = (text: string): Result<number, string> => {
  const match = /^(\d{1,16})(b|[kmgt]i?b?)?$/i.exec(text);
  const unit = (match?.[2] ?? 'b').toLowerCase();
  const scale = scales[unit === 'b' ? unit : unit.replace(/b$/, '')];
  if (match === null || scale === undefined) {
    return fail(`${quote(text)} is no size; write a whole number and a unit, such as 512MiB or 1GiB`);
  }
  const bytes = Number(match[1]) * scale;
  if (bytes === 0) return fail(`${quote(text)} leaves no room at all; write at least 1B`);
  if (!Number.isSafeInteger(bytes)) return fail(`${quote(text)} is more than can be counted; write less`);
  return ok(bytes);
};

/** A text that `parseSize` reads as the same number of bytes. */
export const formatSize = (bytes: number): string => {
  const [unit, scale] = printed.find(([, size]) => bytes % size === 0) ?? ['B', 1];
  return `${String(bytes / scale)}${unit}`;
};
