import { TermParser } from './term-parser.ts';
import { callTerm, type RuleBody, type Literal, type Term, type VarTerm, type WithModifier } from './term.ts';

/** Reads bodies (Policy Language, "Grammar": query, literal). */
export class BodyParser extends TermParser {
  /** A body and the sign that closes it; `''`: to the end of the text. */
  body(close: string): RuleBody {
    return this.nested(() => {
      const literals = [this.literal()];
      while (!this.#isClosed(close)) {
        const isApart = this.accept(';') || this.token.isFirst;
        if (!isApart) throw this.unexpected();
        if (!this.#isClosed(close)) literals.push(this.literal());
      }
      if (close !== '') this.advance();
      return literals;
    });
  }

  #isClosed(close: string): boolean {
    return close === '' ? this.token.kind === 'end' : this.isSymbol(close);
  }

  literal(): Literal {
    const { start: at } = this.token;
    this.beginChain();
    if (this.isName('some')) return this.#some(at);
    if (this.isKeyword('every')) return this.#every(at);
    const isNegated = this.isName('not');
    if (isNegated) this.advance();
    if (isNegated && this.keywords.has('not'))
      return { kind: 'not', body: this.block(), firstSlot: 0, modifiers: this.#modifiers(), at };
    if (isNegated && (this.isName('some') || this.isKeyword('every'))) throw this.unexpected();
    const term = this.expression();
    return { kind: 'expression', isNegated, term, modifiers: this.#modifiers(), at };
  }

  /** One literal, or a body in braces: a set or an empty object alone is neither. */
  block(): RuleBody {
    const literal = this.attempt(() => {
      const read = this.literal();
      const term = read.kind === 'expression' ? read.term : undefined;
      const isEmpty = term?.kind === 'object' && term.pairs.length === 0;
      if (term?.kind === 'set' || isEmpty) throw this.unexpected();
      return read;
    });
    if (literal !== undefined) return [literal];
    this.expect('{');
    return this.body('}');
  }

  /** A term, or two with `=` or `:=` between them. */
  expression(): Term {
    const left = this.infix(false);
    if (!this.isSymbol('=') && !this.isSymbol(':=')) return left;
    const { text, start } = this.advance();
    return callTerm(text === '=' ? 'eq' : 'assign', [left, this.infix(false)], start);
  }

  modified(): Literal {
    const { start: at } = this.token;
    const term = this.infix(false);
    return { kind: 'expression', isNegated: false, term, modifiers: this.#modifiers(), at };
  }

  #modifiers(): readonly WithModifier[] {
    const found: WithModifier[] = [];
    while (this.isName('with')) {
      const { start: at } = this.advance();
      const target = this.term();
      if (!this.isName('as')) throw this.unexpected();
      this.advance();
      found.push({ target, value: this.infix(true), at });
    }
    return found;
  }

  #some(at: number): Literal {
    this.advance();
    const terms: Term[] = [this.relation()];
    while (this.accept(',')) terms.push(this.relation());
    if (this.isKeyword('in')) {
      this.advance();
      const [first = terms[0] as Term, second, third] = terms;
      if (third !== undefined) throw this.unexpected();
      const [key, value] = second === undefined ? [undefined, first] : [first, second];
      return { kind: 'some-in', key, value, domain: this.relation(), modifiers: this.#modifiers(), at };
    }
    const names = terms.filter((term): term is VarTerm => term.kind === 'var');
    if (names.length < terms.length) throw this.fault('expected `x in xs` or `x, y in xs` expression', at);
    return { kind: 'some', names, modifiers: [], at };
  }

  #variable(): VarTerm {
    const term = this.term();
    if (term.kind !== 'var') throw this.fault('unexpected term, expected var', term.at);
    return term;
  }

  #every(at: number): Literal {
    this.advance();
    const first = this.#variable();
    const second = this.accept(',') ? this.#variable() : undefined;
    if (!this.isKeyword('in')) throw this.unexpected();
    this.advance();
    const domain = this.relation();
    this.expect('{');
    const body = this.body('}');
    const [key, value] = second === undefined ? [undefined, first] : [first, second];
    return { kind: 'every', key, value, domain, body, firstSlot: 0, modifiers: this.#modifiers(), at };
  }
}
