import { fail, ok, type Result } from '../../core/result.ts';
import { sizeOf } from '../../core/text/size.ts';
import { quote } from '../../core/text/cut-middle.ts';

/**
 * Reads `1GiB`, `512Mi`, `500MB`, `1048576` as bytes: a whole number above zero; a number alone is bytes,
 * `Ki`, `Mi`, `Gi`, `Ti` are powers of 1024 and `k`, `M`, `G`, `T` powers of 1000, each with or without `B`.
 * @example
 * parseSize('512Mi').value // 536_870_912
 */
export const parseSize = (text: string): Result<number, string> => {
  const bytes = sizeOf(text);
  if (bytes === undefined) {
    return fail(`${quote(text)} is no size; write a whole number and a unit, such as 512MiB or 1GiB`);
  }
  if (bytes === 0) return fail(`${quote(text)} leaves no room at all; write at least 1B`);
  if (!Number.isSafeInteger(bytes)) return fail(`${quote(text)} is more than can be counted; write less`);
  return ok(bytes);
};
