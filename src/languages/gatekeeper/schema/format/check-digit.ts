const digitsOf = (text: string): readonly number[] =>
  Array.from(text, (digit) => (digit === 'X' ? 10 : Number(digit)));

const weighted = (digits: readonly number[], weight: (at: number) => number): number =>
  digits.reduce((sum, digit, at) => sum + digit * weight(at), 0);

/** ISO 2108: blanks and hyphens are for people. */
const withoutGaps = (text: string): string => text.replaceAll(/[\t\n\f\r -]/g, '');

export const isIsbn10 = (text: string): boolean => {
  const bare = withoutGaps(text);
  return /^\d{9}[\dX]$/.test(bare) && weighted(digitsOf(bare), (at) => at + 1) % 11 === 0;
};

export const isIsbn13 = (text: string): boolean => {
  const bare = withoutGaps(text);
  return /^\d{13}$/.test(bare) && weighted(digitsOf(bare), (at) => (at % 2 === 0 ? 1 : 3)) % 10 === 0;
};

/** Numbers that card companies give out, by their first digits and their length. */
const cardNumber =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;

/** ISO/IEC 7812: every second digit from the right counts twice, as the sum of its own digits. */
const luhnSum = (digits: readonly number[]): number =>
  digits
    .toReversed()
    .map((digit, at) => (at % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)))
    .reduce((sum, digit) => sum + digit, 0);

export const isCreditCard = (text: string): boolean => {
  const digits = text.replaceAll(/[^\d]/g, '');
  return cardNumber.test(digits) && luhnSum(digitsOf(digits)) % 10 === 0;
};
