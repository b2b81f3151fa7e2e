/** Letters whose case JavaScript writes with more than one code point, and Go with one. */
const lowerAlone: ReadonlyMap<string, string> = new Map([['\u0130', 'i']]);
const upperAlone: ReadonlyMap<string, string> = new Map([
  ['\u1fb3', '\u1fbc'],
  ['\u1fc3', '\u1fcc'],
  ['\u1ff3', '\u1ffc'],
]);

/** Greek letters with an iota below: their capitals stand eight places behind. */
const isIotaBelow = (code: number): boolean => code >= 0x1f_80 && code <= 0x1f_af && (code & 0x08) === 0;

const special = /[^\u0000-\u007f]/;

const lowerLetter = (letter: string): string => {
  const lower = letter.toLowerCase();
  return lower.length > letter.length ? (lowerAlone.get(letter) ?? letter) : lower;
};

const upperLetter = (letter: string): string => {
  const upper = letter.toUpperCase();
  if (Array.from(upper).length === 1) return upper;
  const code = letter.codePointAt(0) ?? 0;
  return isIotaBelow(code) ? String.fromCodePoint(code + 8) : (upperAlone.get(letter) ?? letter);
};

/** As Go does it: each letter by itself, one letter for one letter. */
export const lowerText = (text: string): string =>
  special.test(text) ? Array.from(text).map(lowerLetter).join('') : text.toLowerCase();
export const upperText = (text: string): string =>
  special.test(text) ? Array.from(text).map(upperLetter).join('') : text.toUpperCase();
