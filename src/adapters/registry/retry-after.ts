/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date.
 * @param date the `Date` header of the same answer: a server whose clock is wrong means the difference
 * @param now milliseconds since 1970, used when there is no such header
 * @returns milliseconds to wait; undefined when there is no header or it cannot be read
 */
export const retryAfter = (
  text: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined => {
  const value = text?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = httpDate(value);
  return at === undefined ? undefined : Math.max(0, at - (httpDate(date?.trim() ?? '') ?? now));
};

/** The two date forms of RFC 9110, 5.6.7 that name their zone. */
const httpDate = (text: string): number | undefined => {
  if (!/^[A-Z][a-z]{2,8}, .{1,24} GMT$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
};
