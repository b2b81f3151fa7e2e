import { escapeAt, quotedAt, rawAt } from './quoted.ts';
import { SyntaxFault, type TemplatePart, type RegoToken, type TokenKind } from './token.ts';

/** Signs of two characters begin as one of these, and end with the second. */
const longSymbols: ReadonlyMap<string, string> = new Map(
  [':=', '==', '!=', '<=', '>='].map((sign) => [sign.charAt(0), sign]),
);
const symbols: ReadonlySet<string> = new Set('=<>+-*/%&|,;:.()[]{}');
const number = /(?:0|[1-9]\d{0,399})(?:\.\d{1,400})?(?:[eE][+-]?\d{1,9})?/y;
/** What stands behind them is another token. */
const maxNameLength = 8192;

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
/** Of a name: a letter or `_`. */
const beginsName = (unit: number): boolean =>
  (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || unit === 0x5f;

/** Where the name that begins here ends; the pattern of so long a name would take longer to compile than a template to read. */
const endOfName = (source: string, start: number): number => {
  const most = start + maxNameLength;
  let end = start;
  while (end < most) {
    const unit = source.charCodeAt(end);
    if (!beginsName(unit) && !(end > start && isDigit(unit))) break;
    end += 1;
  }
  return end;
};

const symbolAt = (source: string, start: number): string | undefined => {
  const sign = source.charAt(start);
  const long = longSymbols.get(sign);
  if (long !== undefined && source.startsWith(long, start)) return long;
  return symbols.has(sign) ? sign : undefined;
};

interface Text {
  readonly text: string;
  readonly end: number;
  readonly parts?: readonly TemplatePart[];
}

/** Reads tokens of Rego (Policy Language, "Grammar"). */
class Scanner {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  tokens(): readonly RegoToken[] {
    const found: RegoToken[] = [];
    for (;;) {
      const token = this.#next();
      found.push(token);
      if (token.kind === 'end') return found;
    }
  }

  /** Skips space and comments, and says whether a line ended. */
  #skip(): boolean {
    const source = this.#source;
    let isFirst = false;
    let at = this.#at;
    for (;;) {
      const unit = source.charCodeAt(at);
      if (unit === 0x0a) isFirst = true;
      else if (unit === 0x23) {
        const end = source.indexOf('\n', at);
        at = (end < 0 ? source.length : end) - 1;
      } else if (unit !== 0x20 && unit !== 0x09 && unit !== 0x0d) break;
      at += 1;
    }
    this.#at = at;
    return isFirst;
  }

  #next(): RegoToken {
    const before = this.#at;
    const isFirst = this.#skip() || before === 0;
    const start = this.#at;
    const { kind, text, end, parts } = this.#read(start);
    this.#at = end;
    const isGlued = before === start;
    return parts === undefined
      ? { kind, text, start, end, isGlued, isFirst }
      : { kind, text, start, end, isGlued, isFirst, parts };
  }

  #read(start: number): Text & { readonly kind: TokenKind } {
    const source = this.#source;
    if (beginsName(source.charCodeAt(start))) {
      const end = endOfName(source, start);
      return { kind: 'name', text: source.slice(start, end), end };
    }
    const symbol = symbolAt(source, start);
    if (symbol !== undefined) return { kind: 'symbol', text: symbol, end: start + symbol.length };
    const character = source.charAt(start);
    if (character === '') return { kind: 'end', text: '', end: start };
    if (character === '"') return { kind: 'string', ...quotedAt(source, start) };
    if (character === '`') return { kind: 'string', ...rawAt(source, start) };
    if (character === '$') return { kind: 'template', ...this.#template(start) };
    const digits = this.#match(number, start);
    if (digits !== undefined) return { kind: 'number', ...this.#numberText(start, digits) };
    throw new SyntaxFault('illegal token', start);
  }

  #numberText(start: number, text: string): Text {
    const end = start + text.length;
    if (/[0-9]/.test(this.#source.charAt(end))) throw new SyntaxFault('expected number', start);
    if (/[a-zA-Z_]/.test(this.#source.charAt(end))) throw new SyntaxFault('illegal number format', start);
    return { text, end };
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#source)?.[0];
  }

  #template(start: number): Text {
    const quote = this.#source.charAt(start + 1);
    if (quote !== '"' && quote !== '`') throw new SyntaxFault('illegal token', start);
    this.#depth += 1;
    if (this.#depth > 20) throw new SyntaxFault('max recursion depth reached', start);
    const parts: TemplatePart[] = [];
    this.#at = start + 2;
    while (this.#source.charAt(this.#at) !== quote) {
      if (this.#source.charAt(this.#at) === '{') parts.push(this.#expression());
      else parts.push(this.#templateText(quote, start));
    }
    this.#depth -= 1;
    return { text: '', end: this.#at + 1, parts };
  }

  #templateText(quote: string, start: number): string {
    let text = '';
    for (;;) {
      const character = this.#source.charAt(this.#at);
      if (character === '' || (character === '\n' && quote === '"'))
        throw new SyntaxFault('non-terminated string', start);
      if (character === quote || character === '{') return text.toWellFormed();
      const isEscape = character === '\\' && (quote === '"' || this.#source.charAt(this.#at + 1) === '{');
      const { text: said, end } = isEscape
        ? escapeAt(this.#source, this.#at, true)
        : { text: character, end: this.#at + 1 };
      text += said;
      this.#at = end;
    }
  }

  /** The tokens between the braces of a template, an `end` behind them. */
  #expression(): readonly RegoToken[] {
    this.#at += 1;
    const found: RegoToken[] = [];
    for (let depth = 0; ;) {
      const token = this.#next();
      if (token.kind === 'end') throw new SyntaxFault('non-terminated string', token.start);
      if (token.kind === 'symbol') depth += token.text === '{' ? 1 : token.text === '}' ? -1 : 0;
      if (depth < 0) return [...found, { ...token, kind: 'end', text: '' }];
      found.push(token);
    }
  }
}

/** @throws {SyntaxFault} */
export const scanTokens = (source: string): readonly RegoToken[] => new Scanner(source).tokens();
