import type { Evaluation } from '../../evaluate/evaluation.ts';
import { ExactNumber } from '../../values/exact-number.ts';
import { isNumber, wholeNumberOf, numberAsFloat, numberText } from '../../values/number.ts';
import { quotedText, valueText } from '../../values/value-text.ts';
import type { RegoValue } from '../../values/value.ts';
import { maxTextLength } from '../../evaluate/budget.ts';
import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { arrayAt, textAt, type BuiltinTable } from '../builtin.ts';
import { floatText, type FloatForm } from './float-format.ts';

/** A directive of Go's fmt: `%[flags][width][.precision]verb`. */
interface Directive {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
}

/** What Go has in the place of a value of Rego. */
type Operand =
  | { readonly type: 'int'; readonly value: bigint; readonly isLong: boolean }
  | { readonly type: 'float64'; readonly value: number }
  | { readonly type: 'string'; readonly value: string };

const maxInt = 9223372036854775807n;

const operandOf = (value: RegoValue): Operand => {
  if (isNumber(value)) {
    const integer = wholeNumberOf(value);
    if (integer !== undefined)
      return { type: 'int', value: integer, isLong: integer > maxInt || integer < -maxInt - 1n };
    const float = numberAsFloat(value);
    return Number.isFinite(float)
      ? { type: 'float64', value: float }
      : { type: 'string', value: numberText(value) };
  }
  if (typeof value === 'string') return { type: 'string', value };
  return { type: 'string', value: valueText(value) };
};

const padded = (text: string, { flags, width }: Directive, isNumeric: boolean): string => {
  const missing = (width ?? 0) - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || !isNumeric) return ' '.repeat(missing) + text;
  const sign = /^[+\- ]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
};

const signed = (text: string, isNegative: boolean, { flags }: Directive): string => {
  if (isNegative) return `-${text}`;
  if (flags.includes('+')) return `+${text}`;
  return flags.includes(' ') ? ` ${text}` : text;
};

const bases: ReadonlyMap<string, readonly [number, string]> = new Map([
  ['d', [10, '']],
  ['v', [10, '']],
  ['b', [2, '0b']],
  ['o', [8, '0']],
  ['O', [8, '']],
  ['x', [16, '0x']],
  ['X', [16, '0X']],
]);

const integerText = (value: bigint, directive: Directive): string | undefined => {
  const { verb, flags, precision } = directive;
  const base = bases.get(verb);
  if (base === undefined) return otherIntegerText(value, directive);
  const [radix, prefix] = base;
  const digits = (value < 0n ? -value : value).toString(radix).padStart(precision ?? 0, '0');
  const cased = verb === 'X' ? digits.toUpperCase() : digits;
  const marked = `${verb === 'O' ? '0o' : flags.includes('#') ? prefix : ''}${cased}`;
  return padded(signed(marked, value < 0n, directive), directive, precision === undefined);
};

const otherIntegerText = (value: bigint, directive: Directive): string | undefined => {
  const isCharacter = value >= 0n && value <= 0x10_ff_ffn;
  const character = isCharacter ? String.fromCodePoint(Number(value)).toWellFormed() : '\ufffd';
  switch (directive.verb) {
    case 'c':
      return padded(character, directive, false);
    case 'q':
      return padded(`'${character}'`, directive, false);
    case 'U':
      return padded(`U+${value.toString(16).toUpperCase().padStart(4, '0')}`, directive, false);
    default:
      return undefined;
  }
};

const floatOperandText = (value: number, directive: Directive): string | undefined => {
  const { verb, precision } = directive;
  const form = verb === 'v' ? 'g' : verb;
  if (!/^[eEfFgG]$/.test(form)) return undefined;
  const isShortest = precision === undefined && (form === 'g' || form === 'G');
  const text = floatText(Math.abs(value), {
    form: form as FloatForm,
    digits: isShortest ? undefined : (precision ?? 6),
  });
  return padded(signed(text, value < 0 || Object.is(value, -0), directive), directive, true);
};

const encoder = new TextEncoder();

const hexText = (value: string, { verb, flags }: Directive): string => {
  const digits = Array.from(encoder.encode(value), (byte) => byte.toString(16).padStart(2, '0'));
  const text = digits.join(flags.includes(' ') ? ' ' : '');
  const marked = flags.includes('#') ? `0x${text}` : text;
  return verb === 'X' ? marked.toUpperCase() : marked;
};

const textOperandText = (value: string, directive: Directive): string | undefined => {
  const { verb, precision, flags } = directive;
  const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join('');
  if (verb === 's' || (verb === 'v' && !flags.includes('#'))) return padded(cut, directive, false);
  if (verb === 'q' || verb === 'v')
    return padded(
      flags.includes('#') && verb === 'q' && !/[`\n]/.test(cut) ? `\`${cut}\`` : quotedText(cut),
      directive,
      false,
    );
  return verb === 'x' || verb === 'X' ? padded(hexText(cut, directive), directive, false) : undefined;
};

const shownOperand = (operand: Operand): string => {
  if (operand.type === 'float64') return floatText(operand.value, { form: 'g', digits: undefined });
  return String(operand.value);
};

const goType = (operand: Operand): string =>
  operand.type === 'int' && operand.isLong ? '*big.Int' : operand.type;

const verbText = (operand: Operand, directive: Directive): string | undefined => {
  if (operand.type === 'float64') return floatOperandText(operand.value, directive);
  if (operand.type === 'string') return textOperandText(operand.value, directive);
  const isText = operand.isLong && directive.verb === 's';
  return integerText(operand.value, isText ? { ...directive, verb: 'd' } : directive);
};

const formatted = (operand: Operand, directive: Directive): string => {
  if (directive.verb === 'T') return padded(goType(operand), directive, false);
  const text = verbText(operand, directive);
  if (text !== undefined) return text;
  // A verb that the value does not have: Go writes the value as `%v` would, with the same flags and widths.
  const shown = verbText(operand, { ...directive, verb: 'v' }) ?? shownOperand(operand);
  return `%!${directive.verb}(${goType(operand)}=${shown})`;
};

/** Go pads to at most so much. */
const maxWidth = 1_000_000;

class Formatter {
  readonly #format: string;
  readonly #args: readonly RegoValue[];
  #at = 0;
  #next = 0;
  #isReordered = false;

  constructor(format: string, args: readonly RegoValue[]) {
    this.#format = format;
    this.#args = args;
  }

  text(): string {
    let out = '';
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent < 0 ? this.#format.length : percent;
      out += this.#format.slice(this.#at, end);
      this.#at = end;
      if (percent >= 0) out += this.#directive();
      // Attack: a thousand widths of a million make a text that fills the memory before anybody counts it.
      if (out.length > maxTextLength) throw beyondBound(`a value is over ${maxTextLength} bytes`);
    }
    return out + this.#extra();
  }

  #extra(): string {
    if (this.#isReordered || this.#next >= this.#args.length) return '';
    const rest = this.#args.slice(this.#next).map((value) => {
      const operand = operandOf(value);
      return `${goType(operand)}=${shownOperand(operand)}`;
    });
    return `%!(EXTRA ${rest.join(', ')})`;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#format)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** `[n]`: the number of the argument that comes next. */
  #index(): void {
    const index = this.#match(/\[\d{1,9}\]/y);
    if (index === '') return;
    this.#isReordered = true;
    this.#next = Number(index.slice(1, -1)) - 1;
  }

  #count(): number | undefined {
    this.#index();
    if (this.#format.charAt(this.#at) === '*') {
      this.#at += 1;
      const value = this.#args[this.#next++];
      const count = value === undefined ? undefined : wholeNumberOf(value);
      return count === undefined ? undefined : Number(count);
    }
    const digits = this.#match(/\d{1,9}/y);
    return digits === '' ? undefined : Number(digits);
  }

  #directive(): string {
    this.#at += 1;
    const flags = this.#match(/[#0+\- ]{0,16}/y);
    const width = this.#count();
    let precision: number | undefined;
    if (this.#format.charAt(this.#at) === '.') {
      this.#at += 1;
      precision = this.#count() ?? 0;
    }
    this.#index();
    if (this.#at >= this.#format.length) return '%!(NOVERB)';
    const verb = String.fromCodePoint(this.#format.codePointAt(this.#at) ?? 0);
    this.#at += verb.length;
    if (verb === '%') return '%';
    if ((width ?? 0) > maxWidth || (precision ?? 0) > maxWidth) return `%!(BADWIDTH)`;
    const value = this.#args[this.#next];
    if (value === undefined) return this.#isReordered ? `%!${verb}(BADINDEX)` : `%!${verb}(MISSING)`;
    this.#next += 1;
    return formatted(operandOf(value), { flags, width, precision, verb });
  }
}

export const sprintf = (format: string, args: readonly RegoValue[]): string =>
  new Formatter(format, args).text();

/** A value in a template: a text as it is, all else as Rego writes it. */
const templateText = (value: RegoValue): string => {
  if (typeof value === 'string') return value;
  return value instanceof ExactNumber || typeof value === 'number' ? numberText(value) : valueText(value);
};

const templated = (args: readonly RegoValue[], ctx: Evaluation): string =>
  arrayAt(args, 1)
    .map((part) => {
      if (part === null || typeof part !== 'object' || !('sorted' in part)) return templateText(part);
      const [value, second] = part.sorted();
      ctx.shared.budget.spend();
      if (second !== undefined)
        throw new BuiltinFault('template-strings must not produce multiple outputs', 'eval_conflict_error');
      return value === undefined ? '<undefined>' : templateText(value);
    })
    .join('');

/** Policy Reference, "Strings": `sprintf`, and template strings. */
export const formats: BuiltinTable = {
  sprintf: (args, ctx) => {
    const format = textAt(args, 1);
    const values = arrayAt(args, 2);
    ctx.shared.budget.spend(values.length);
    return sprintf(format, values);
  },
  'internal.template_string': templated,
};
