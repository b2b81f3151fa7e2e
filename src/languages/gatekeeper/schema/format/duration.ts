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
const sizes: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['µs', 1000n],
  ['μs', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const part = /^(\d{0,64})(?:\.(\d{0,64}))?(ns|us|µs|μs|ms|s|m|h)/;

/** `1h30m`, as Go writes it. */
const isGoDuration = (text: string): boolean => {
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return true;
  let sum = 0n;
  let found = part.exec(rest);
  while (found !== null) {
    const [all, whole = '', fraction = '', unit = ''] = found;
    if (`${whole}${fraction}` === '') return false;
    sum += BigInt(whole || '0') * (sizes.get(unit) ?? 0n);
    rest = rest.slice(all.length);
    if (rest === '') return sum < longest;
    found = part.exec(rest);
  }
  return false;
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
    if (digits.length > 64 || BigInt(digits) >= longest) return false;
    found ||= isUnit(text.slice(unitStart, at).toLowerCase());
  }
  return found;
};

export const isDuration = (text: string): boolean => isGoDuration(text) || isWordyDuration(text);
