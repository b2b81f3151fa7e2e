import { SyntaxFault, type RegoToken } from './token.ts';

/** Deeper nesting is refused: the parser and all that walks its trees recurse. */
export const maxNesting = 200;
const maxOperators = 1000;

/** A place among tokens, bounded in depth and in how often tokens are read again. */
export class TokenCursor {
  #tokens: readonly RegoToken[];
  #at = 0;
  #depth = 0;
  #left: number;
  #operators = 0;

  constructor(tokens: readonly RegoToken[]) {
    this.#tokens = tokens;
    this.#left = tokens.length * 60 + 1000;
  }

  get token(): RegoToken {
    const token = this.#tokens[this.#at] ?? this.#tokens.at(-1);
    if (token === undefined) throw new SyntaxFault('unexpected eof token', 0);
    return token;
  }

  get following(): RegoToken {
    return this.#tokens[this.#at + 1] ?? this.token;
  }

  advance(): RegoToken {
    const { token } = this;
    this.#left -= 1;
    if (this.#left < 0) throw new SyntaxFault('too complex to be parsed', token.start, true);
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  fault(message: string, at = this.token.start): SyntaxFault {
    return new SyntaxFault(message, at);
  }

  unexpected(): SyntaxFault {
    const { kind, text } = this.token;
    if (kind === 'end') return this.fault('unexpected eof token');
    return this.fault(kind === 'symbol' ? `unexpected ${text} token` : `unexpected ${kind} token`);
  }

  isSymbol(text: string): boolean {
    const { token } = this;
    return token.kind === 'symbol' && token.text === text;
  }

  isGlued(text: string): boolean {
    return this.isSymbol(text) && this.token.isGlued;
  }

  /** The token before this point is a part of a reference. */
  get isHead(): boolean {
    const { following } = this;
    return following.isGlued && following.kind === 'symbol' && following.text === '.';
  }

  isName(text: string): boolean {
    const { token } = this;
    return token.kind === 'name' && token.text === text && !this.isHead;
  }

  accept(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.advance();
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.unexpected();
  }

  expectName(): RegoToken {
    if (this.token.kind !== 'name') throw this.unexpected();
    return this.advance();
  }

  /** What comes of `read`; `undefined` and back at this place where the grammar does not allow it. */
  attempt<T>(read: () => T): T | undefined {
    const at = this.#at;
    const depth = this.#depth;
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SyntaxFault) || error.isFinal) throw error;
      this.#at = at;
      this.#depth = depth;
      return undefined;
    }
  }

  /** A new rule or literal begins, whose operators count by themselves. */
  beginChain(): void {
    if (this.#depth <= 1) this.#operators = 0;
  }

  /** Operators in a row nest without brackets. */
  countOperator(): void {
    this.#operators += 1;
    if (this.#operators > maxOperators)
      throw new SyntaxFault(`more than ${maxOperators} operators in one expression`, this.token.start, true);
  }

  nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > maxNesting)
      throw new SyntaxFault(`nested deeper than ${maxNesting} levels`, this.token.start, true);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  /** Reads other tokens meanwhile: those of an expression in a template. */
  within<T>(tokens: readonly RegoToken[], read: () => T): T {
    const [outer, at] = [this.#tokens, this.#at];
    this.#tokens = tokens;
    this.#at = 0;
    const value = read();
    this.#tokens = outer;
    this.#at = at;
    return value;
  }
}
