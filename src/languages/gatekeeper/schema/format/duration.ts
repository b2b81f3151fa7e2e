import { nanosecondsOfDuration } from '../../../rego/builtins/time/go-duration.ts';

/** Units of the looser form; the last one of a row also begins longer words: `sec` those of `seconds`. */
const units = [
  ['ns', 'nano'],
  ['us', 'µs', 'micro'],
  ['ms', 'milli'],
  ['s', 'sec'],
  ['m', 'min'],
  ['h', 'hr', 'hour'],
  ['d', 'day'],
  ['w', 'wk', 'week'],
];

const isUnit = (text: string): boolean =>
  units.some((row) => row.includes(text) || text.startsWith(row.at(-1) ?? text));

/** 64 bits of nanoseconds. */
const longest = 2n ** 63n;
const maxDigits = 64;
/** Attack: digits by the million make one number of as many. */
const tooManyDigits = /\d{65}/;

/** `1h30m`, as Go writes it. */
const isGoDuration = (text: string): boolean => {
  const nanoseconds = tooManyDigits.test(text) ? undefined : nanosecondsOfDuration(text);
  return nanoseconds !== undefined && nanoseconds < longest && nanoseconds > -longest;
};

/** Where a run of such characters ends that begins at a place. */
const endOfRun = (text: string, from: number, isOfRun: (sign: string) => boolean): number => {
  let at = from;
  while (at < text.length && isOfRun(text.charAt(at))) at += 1;
  return at;
};
const isDigit = (sign: string): boolean => /\d/.test(sign);
const isBlank = (sign: string): boolean => /[\t\n\f\r ]/.test(sign);
const isLetter = (sign: string): boolean => /[A-Za-zµ]/.test(sign);

/** `3 days and 2 hours`: numbers with units, among other text. */
const isWordyDuration = (text: string): boolean => {
  let found = false;
  let at = 0;
  while (at < text.length) {
    const start = endOfRun(text, at, (sign) => !isDigit(sign));
    const end = endOfRun(text, start, isDigit);
    const unitStart = endOfRun(text, end, isBlank);
    at = endOfRun(text, unitStart, isLetter);
    if (at === unitStart) continue;
    const digits = text.slice(start, end);
    if (digits.length > maxDigits || BigInt(digits) >= longest) return false;
    found ||= isUnit(text.slice(unitStart, at).toLowerCase());
  }
  return found;
};

export const isDuration = (text: string): boolean => isGoDuration(text) || isWordyDuration(text);
