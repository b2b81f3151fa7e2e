/** `digits` times ten to the `power`. */
export interface Decimal {
  readonly digits: string;
  readonly power: number;
  readonly isNegative: boolean;
}

export const withoutTrailingZeros = (text: string): string => {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x30) end -= 1;
  return text.slice(0, end);
};

const trimmed = ({ digits, power, isNegative }: Decimal): Decimal => {
  const kept = withoutTrailingZeros(digits) || '0';
  return { digits: kept, power: power + digits.length - kept.length, isNegative };
};

const plainDecimal = (digits: string, power: number): string => {
  if (power >= 0) return digits + '0'.repeat(power);
  const padded = digits.padStart(1 - power, '0');
  return `${padded.slice(0, power)}.${padded.slice(power)}`;
};

/** As Go's `e` with the fewest digits. */
const scientific = (digits: string, exponent: number): string => {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
};

/** As Go's `f` (plain) or `g` writes the fewest digits: with an exponent below 1e-4 and from 1e6 on. */
export const decimalText = (decimal: Decimal, isPlain: boolean): string => {
  const { digits, power, isNegative } = trimmed(decimal);
  const exponent = digits.length + power - 1;
  const text =
    isPlain || (exponent >= -4 && exponent < 6) ? plainDecimal(digits, power) : scientific(digits, exponent);
  return isNegative ? `-${text}` : text;
};

/** The fewest digits that say a double. */
export const decimalOf = (value: number): Decimal => {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
    /^(-?)(\d{1,24})(?:\.(\d{1,24}))?(?:e([+-]\d{1,3}))?$/.exec(String(value)) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0{1,48}(?=\d)/, '');
  return { digits, power: Number(exponent) - fraction.length, isNegative: sign === '-' };
};
