import { fail, ok, type Result } from '../../core/result.ts';
import { durationOf, maxDuration } from '../../core/text/duration.ts';
import { quote } from '../../core/text/cut-middle.ts';

/**
 * Reads `30s`, `10m`, `1h`, `7d`, `500ms` as milliseconds: a whole number above zero and one unit, at most
 * 100 years. The unit is required, because a bare `30` means seconds to one reader and days to the next.
 * @example
 * parseDuration('30s').value // 30_000
 * parseDuration('30').ok // false
 */
export const parseDuration = (text: string): Result<number, string> => {
  const milliseconds = durationOf(text);
  if (milliseconds === undefined) {
    return fail(`${quote(text)} is no duration; write a whole number and a unit, such as 30s, 10m, 1h or 7d`);
  }
  if (milliseconds === 0) return fail(`${quote(text)} is no time at all; write at least 1ms`);
  if (milliseconds > maxDuration) return fail(`${quote(text)} is more than 100 years; write at most 36500d`);
  return ok(milliseconds);
};
