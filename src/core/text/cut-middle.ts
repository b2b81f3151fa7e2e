/** Stands for what was left out. */
const mark = '…';

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Whether a cut at `at` would part the two units of one character. */
const partsPair = (text: string, at: number): boolean =>
  isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at));

/** The first `length` UTF-16 units; a character of two units is kept whole or left out. */
export const beginningOf = (text: string, length: number): string =>
  text.slice(0, partsPair(text, length) ? length - 1 : length);

/** The last `length` UTF-16 units; a character of two units is kept whole or left out. */
export const endOf = (text: string, length: number): string => {
  const at = Math.max(text.length - length, 0);
  return text.slice(partsPair(text, at) ? at + 1 : at);
};

/**
 * Cuts the middle out of a text that is longer than `limit` UTF-16 units. Both ends of a name say what it is: the
 * registry at the beginning of an image, its tag at the end, a suffix that makes another host of a known one. And what
 * a sentence says of a long name stands behind the name, so it is never what gets cut.
 * @param limit at least 3
 * @example
 * cutMiddle('registry.example.com', 9) // 'regi….com'
 */
export const cutMiddle = (text: string, limit: number): string => {
  if (text.length <= limit) return text;
  const kept = limit - mark.length;
  const end = kept >> 1;
  return `${beginningOf(text, kept - end)}${mark}${endOf(text, end)}`;
};

/** Text from outside, safe to print: quoted, control characters escaped, cut at 80 characters. */
export const quote = (text: string): string => JSON.stringify(cutMiddle(text, 80));
