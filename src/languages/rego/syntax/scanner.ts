import { escapeAt, quotedAt, rawAt } from './quoted.ts';
import { SyntaxFault, type TemplatePart, type RegoToken, type TokenKind } from './token.ts';

const symbols = [':=', '==', '!=', '<=', '>=', ...'=<>+-*/%&|,;:.()[]{}'.split('')];
const name = /[a-zA-Z_][a-zA-Z0-9_]{0,8191}/y;
const number = /(?:0|[1-9]\d{0,399})(?:\.\d{1,400})?(?:[eE][+-]?\d{1,9})?/y;
const space = /[ \t\r\n]/;

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
    let isFirst = false;
    for (;;) {
      const character = this.#source.charAt(this.#at);
      if (character === '#') {
        const end = this.#source.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#source.length : end;
      } else if (character !== '' && space.test(character)) {
        isFirst ||= character === '\n';
        this.#at += 1;
      } else return isFirst;
    }
  }

  #next(): RegoToken {
    const before = this.#at;
    const isFirst = this.#skip() || before === 0;
    const start = this.#at;
    const { kind, text, end, parts } = this.#read(start);
    this.#at = end;
    const token = { kind, text, start, end, isGlued: before === start, isFirst };
    return parts === undefined ? token : { ...token, parts };
  }

  #read(start: number): Text & { readonly kind: TokenKind } {
    const source = this.#source;
    const character = source.charAt(start);
    if (character === '') return { kind: 'end', text: '', end: start };
    if (character === '"') return { kind: 'string', ...quotedAt(source, start) };
    if (character === '`') return { kind: 'string', ...rawAt(source, start) };
    if (character === '$') return { kind: 'template', ...this.#template(start) };
    const word = this.#match(name, start);
    if (word !== undefined) return { kind: 'name', text: word, end: start + word.length };
    const digits = this.#match(number, start);
    if (digits !== undefined) return { kind: 'number', ...this.#numberText(start, digits) };
    const symbol = symbols.find((one) => source.startsWith(one, start));
    if (symbol === undefined) throw new SyntaxFault('illegal token', start);
    return { kind: 'symbol', text: symbol, end: start + symbol.length };
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
