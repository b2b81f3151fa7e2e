import { decimalOf, decimalText, withoutTrailingZeros } from '../../values/decimal-text.ts';

export type FloatForm = 'e' | 'E' | 'f' | 'F' | 'g' | 'G';

interface FloatFormat {
  readonly form: FloatForm;
  /** Absent: as few as say the number. */
  readonly digits: number | undefined;
}

/** JavaScript writes at most so many digits. */
const maxDigits = 100;

/** Go writes at least two digits of an exponent. */
const goExponent = (text: string): string =>
  text.replace(/e([+-])(\d)$/, (_all, sign: string, digit: string) => `e${sign}0${digit}`);

const fixedText = (value: number, digits: number): string => {
  if (value < 1e21) return value.toFixed(digits);
  const { digits: known, power } = decimalOf(value);
  const exact = BigInt(value).toString();
  const whole = exact.length > 0 ? exact : known + '0'.repeat(power);
  return digits > 0 ? `${whole}.${'0'.repeat(digits)}` : whole;
};

const generalText = (value: number, digits: number): string => {
  const precision = Math.max(1, digits);
  const [mantissa = '0', power = '0'] = value.toExponential(precision - 1).split('e');
  const exponent = Number(power);
  const trim = (text: string): string => {
    if (!text.includes('.')) return text;
    const kept = withoutTrailingZeros(text);
    return kept.endsWith('.') ? kept.slice(0, -1) : kept;
  };
  if (exponent < -4 || exponent >= precision)
    return goExponent(`${trim(mantissa)}e${exponent < 0 ? '' : '+'}${exponent}`);
  return trim(fixedText(value, Math.max(0, precision - 1 - exponent)));
};

/** A number that is not negative, as Go's fmt writes it. */
export const floatText = (value: number, { form, digits }: FloatFormat): string => {
  const lower = form.toLowerCase();
  const count = Math.min(digits ?? 0, maxDigits);
  const text =
    digits === undefined
      ? decimalText(decimalOf(value), lower === 'f')
      : lower === 'e'
        ? goExponent(value.toExponential(count))
        : lower === 'f'
          ? fixedText(value, count)
          : generalText(value, count);
  return form === 'E' || form === 'G' ? text.toUpperCase() : text;
};
