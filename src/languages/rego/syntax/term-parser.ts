import { numberOf } from '../values/number.ts';
import type { RegoValue } from '../values/value.ts';
import { levels, operatorNames } from './operators.ts';
import { TokenCursor } from './token-cursor.ts';
import { callTerm, nameTerm, scalarTerm, type RuleBody, type Literal, type Term } from './term.ts';
import type { TemplatePart, RegoToken } from './token.ts';

const words: ReadonlyMap<string, RegoValue> = new Map<string, RegoValue>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Names that no variable may have. Those of `future.keywords` are names until a module imports them. */
const reserved = new Set('as default else false import package not null true with some'.split(' '));

const maxNumberText = 400;

/** Reads terms (Policy Language, "Grammar": term, expr-infix). */
export abstract class TermParser extends TokenCursor {
  readonly keywords: Set<string>;

  constructor(tokens: readonly RegoToken[], keywords: Iterable<string>) {
    super(tokens);
    this.keywords = new Set(keywords);
  }

  abstract body(close: string): RuleBody;
  isReserved(name: string): boolean {
    return reserved.has(name) || this.keywords.has(name);
  }

  /** A term and its modifiers, as they stand in a template. */
  abstract modified(): Literal;

  isKeyword(name: string): boolean {
    return this.isName(name) && this.keywords.has(name);
  }

  /** A term with the operators behind it that bind as tightly as `least`, or more so. */
  #binary(least: number, first: Term | undefined): Term {
    let left = first ?? this.term();
    for (;;) {
      const { kind, text } = this.token;
      const level = kind === 'symbol' ? (levels.get(text) ?? -1) : -1;
      if (level < least) return left;
      this.advance();
      this.countOperator();
      const right = this.#binary(level + 1, undefined);
      left = callTerm(operatorNames.get(text) ?? text, [left, right], left.at);
    }
  }

  /** Operators other than `in`, `=` and `:=`. */
  relation(first?: Term): Term {
    return this.#binary(0, first);
  }

  /** All operators but `=` and `:=`. In a list, a comma ends it; elsewhere `k, v in xs` asks for the key as well. */
  infix(isList: boolean, first?: Term): Term {
    let left = this.relation(first);
    if (!isList && this.isSymbol(',') && this.keywords.has('in')) {
      this.advance();
      const value = this.relation();
      if (!this.isKeyword('in')) throw this.unexpected();
      this.advance();
      left = callTerm('internal.member_3', [left, value, this.relation()], left.at);
    }
    while (this.isKeyword('in')) {
      this.advance();
      this.countOperator();
      left = callTerm('internal.member_2', [left, this.relation()], left.at);
    }
    return left;
  }

  list(close: string): readonly Term[] {
    const items: Term[] = [];
    while (!this.isSymbol(close)) {
      items.push(this.infix(true));
      if (!this.isSymbol(close)) this.expect(',');
    }
    this.advance();
    return items;
  }

  term(): Term {
    return this.nested(() => this.#suffixes(this.#primary()));
  }

  #primary(): Term {
    const { kind, text, start: at, parts } = this.token;
    if (kind === 'string') return scalarTerm(this.advance().text, at);
    if (kind === 'number') return this.#number('');
    if (kind === 'template') return this.#template(parts ?? []);
    if (kind === 'name') return this.#named();
    if (kind === 'end') throw this.unexpected();
    return this.#enclosed(text, at);
  }

  #enclosed(text: string, at: number): Term {
    if (text === '[') return this.#array(at);
    if (text === '{') return this.#braces(at);
    if (text === '(') {
      this.advance();
      const inner = this.infix(false);
      this.expect(')');
      return inner;
    }
    if (text === '-' && this.following.kind === 'number' && this.following.isGlued) {
      this.advance();
      return this.#number('-');
    }
    throw this.unexpected();
  }

  #number(sign: string): Term {
    const { text, start: at } = this.advance();
    if (text.length > maxNumberText || Math.abs(Number(/[eE]([+-]?\d{1,9})$/.exec(text)?.[1] ?? 0)) > 400)
      throw this.fault('number too large', at);
    return scalarTerm(numberOf(sign + text), at);
  }

  /** Each expression is a set of its values, so that one without a value leaves the text whole. */
  #template(parts: readonly TemplatePart[]): Term {
    const { start: at } = this.advance();
    const name = nameTerm('#part', at);
    const read = (part: TemplatePart): Term => {
      if (typeof part === 'string') return scalarTerm(part, at);
      return this.within(part, () => {
        const literal = this.modified();
        if (this.token.kind !== 'end' || literal.kind !== 'expression') throw this.unexpected();
        const body = [{ ...literal, term: callTerm('assign', [name, literal.term], at) }];
        return { kind: 'comprehension', of: 'set', head: [name], body, firstSlot: 0, at };
      });
    };
    return callTerm('internal.template_string', [{ kind: 'array', items: parts.map(read), at }], at);
  }

  #named(): Term {
    const { text, start: at } = this.token;
    const value = words.get(text);
    if (value !== undefined && !this.isHead) {
      this.advance();
      return scalarTerm(value, at);
    }
    const isCall = this.following.text === '(' && this.following.isGlued;
    const isFuture = this.keywords.has(text) && !(text === 'contains' && isCall);
    if (!this.isHead && (reserved.has(text) || isFuture)) throw this.fault(`unexpected ${text} keyword`);
    this.advance();
    return nameTerm(text, at);
  }

  #suffixes(first: Term): Term {
    if (first.kind === 'scalar') return first;
    let term: Term = first;
    const path: Term[] = [];
    for (;;) {
      if (this.isGlued('.') || this.isGlued('[')) path.push(this.step());
      else if (this.isGlued('(') && (term.kind === 'var' || path.length > 0)) {
        this.countOperator();
        term = this.#arguments(this.#ref(term, path.splice(0)));
      } else return this.#ref(term, path);
    }
  }

  #ref(head: Term, path: readonly Term[]): Term {
    return path.length === 0 ? head : { kind: 'ref', head, path, at: head.at };
  }

  /** One step of a reference. A keyword may be a name behind the point. */
  step(): Term {
    if (this.accept('.')) {
      if (!this.token.isGlued) throw this.unexpected();
      const { text, start } = this.expectName();
      return scalarTerm(text, start);
    }
    this.expect('[');
    const term = this.infix(false);
    this.expect(']');
    return term;
  }

  #arguments(operator: Term): Term {
    if (operator.kind !== 'var' && operator.kind !== 'ref') throw this.unexpected();
    this.advance();
    const args = this.list(')');
    if (operator.kind === 'var' && operator.name === 'set' && args.length === 0)
      return { kind: 'set', items: [], at: operator.at };
    return { kind: 'call', operator, args, at: operator.at };
  }

  /** The body of a comprehension, when one stands here. */
  #comprehensionBody(close: string): RuleBody | undefined {
    if (!this.isSymbol('|')) return undefined;
    return this.attempt(() => {
      this.advance();
      return this.body(close);
    });
  }

  /** The items from the first one on, which was read. */
  #items(head: Term, close: string): readonly Term[] {
    if (this.accept(close)) return [head];
    this.expect(',');
    return [head, ...this.list(close)];
  }

  #array(at: number): Term {
    this.advance();
    if (this.accept(']')) return { kind: 'array', items: [], at };
    // OPA's parser lets a comma stand before the first item.
    this.accept(',');
    const first = this.term();
    const body = this.#comprehensionBody(']');
    if (body !== undefined)
      return { kind: 'comprehension', of: 'array', head: [first], body, firstSlot: 0, at };
    return { kind: 'array', items: this.#items(this.infix(true, first), ']'), at };
  }

  #braces(at: number): Term {
    this.advance();
    if (this.accept('}')) return { kind: 'object', pairs: [], at };
    this.accept(',');
    const first = this.term();
    const body = this.#comprehensionBody('}');
    if (body !== undefined)
      return { kind: 'comprehension', of: 'set', head: [first], body, firstSlot: 0, at };
    const head = this.infix(true, first);
    if (this.accept(':')) return this.#object(head, at);
    return { kind: 'set', items: this.#items(head, '}'), at };
  }

  #object(key: Term, at: number): Term {
    const first = this.term();
    const body = this.#comprehensionBody('}');
    if (body !== undefined)
      return { kind: 'comprehension', of: 'object', head: [key, first], body, firstSlot: 0, at };
    const pairs: (readonly [Term, Term])[] = [[key, this.infix(true, first)]];
    while (!this.accept('}')) {
      this.expect(',');
      if (this.accept('}')) break;
      const next = this.infix(true);
      this.expect(':');
      pairs.push([next, this.infix(true)]);
    }
    return { kind: 'object', pairs, at };
  }
}
