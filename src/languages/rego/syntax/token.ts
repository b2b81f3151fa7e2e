/** Where something stands in a text: code units of JavaScript from its beginning. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A part of a template string: its text, or the tokens of an expression. */
export type TemplatePart = string | readonly RegoToken[];

export type TokenKind = 'name' | 'number' | 'string' | 'template' | 'symbol' | 'end';

export interface RegoToken extends Span {
  readonly kind: TokenKind;
  /** A name, a symbol, the text of a number, or what a string says. */
  readonly text: string;
  /** No space stands before it. */
  readonly isGlued: boolean;
  /** A line ends before it. */
  readonly isFirst: boolean;
  readonly parts?: readonly TemplatePart[];
}

/** The text breaks the grammar. Thrown inside the parser alone. */
export class SyntaxFault extends Error {
  readonly offset: number;
  /** No other reading of the text is tried. */
  readonly isFinal: boolean;
  constructor(message: string, offset: number, isFinal = false) {
    super(message);
    this.offset = offset;
    this.isFinal = isFinal;
  }
}
