import { BodyParser } from './body-parser.ts';
import { scalarTerm, type RuleBody, type RegoRule, type RuleHead, type Term } from './term.ts';

interface Named {
  readonly path: readonly Term[];
  readonly args: readonly Term[] | undefined;
  readonly at: number;
}

const emptyBody: RuleBody = [];
const maxElse = 500;

/** Reads rules (Policy Language, "Grammar": rule). */
export class RuleParser extends BodyParser {
  /** The module is written in v1: `if` and `contains` are demanded. */
  isStrict = false;

  #named(): Named {
    const { text, start: at } = this.token;
    const first = this.expectName();
    if (this.isReserved(text) && !this.isGluedNext(first.end))
      throw this.fault(`unexpected ${text} keyword`, at);
    const path: Term[] = [scalarTerm(text, at)];
    while (this.isGlued('.') || this.isGlued('[')) path.push(this.step());
    if (!this.isGlued('(')) return { path, args: undefined, at };
    this.advance();
    return { path, args: this.list(')'), at };
  }

  /** A keyword may begin a reference of more than one part. */
  isGluedNext(end: number): boolean {
    return (this.isSymbol('.') || this.isSymbol('[')) && this.token.start === end;
  }

  #head(): RuleHead & { readonly isValued: boolean } {
    const { path, args, at } = this.#named();
    const isTrue = scalarTerm(true, at);
    if (this.isKeyword('contains')) {
      this.advance();
      return { path, args, member: this.infix(true), value: isTrue, at, isValued: true };
    }
    const isValued = this.accept(':=') || this.accept('=');
    return { path, args, member: undefined, value: isValued ? this.infix(false) : isTrue, at, isValued };
  }

  /** `p[x] { … }` makes a set in v0; with `if`, or a value, it makes an object. */
  #settled(head: RuleHead & { readonly isValued: boolean }, hasIf: boolean): RuleHead {
    const { path, args, member, value, at, isValued } = head;
    const [first, key] = path;
    const isSet = path.length === 2 && args === undefined && !isValued && !hasIf;
    if (!isSet || first === undefined) return { path, args, member, value, at };
    if (this.isStrict) throw this.fault('`contains` keyword is required for partial set rules', at);
    return { path: [first], args, member: key, value, at };
  }

  #ifBody(): RuleBody {
    this.advance();
    return this.block();
  }

  #bracedBody(): RuleBody {
    if (this.isStrict) throw this.fault('`if` keyword is required before rule body');
    this.advance();
    return this.body('}');
  }

  #otherwise(head: RuleHead, before = 0): RegoRule | undefined {
    if (!this.isName('else')) return undefined;
    const { start: at } = this.advance();
    if (before >= maxElse) throw this.fault(`more than ${maxElse} else in one rule`, at);
    if (head.member !== undefined) throw this.fault('else keyword cannot be used on multi-value rules', at);
    const isValued = this.accept(':=') || this.accept('=');
    const value = isValued ? this.infix(false) : scalarTerm(true, at);
    const elseHead = { ...head, value, at };
    const body = this.#anyBody(isValued);
    return { head: elseHead, body, isDefault: false, otherwise: this.#otherwise(elseHead, before + 1), at };
  }

  #anyBody(mayBeEmpty: boolean): RuleBody {
    if (this.isKeyword('if')) return this.#ifBody();
    if (this.isSymbol('{')) return this.#bracedBody();
    if (!mayBeEmpty) throw this.unexpected();
    return emptyBody;
  }

  /** A rule, and one more for each further body in braces. */
  rules(): readonly RegoRule[] {
    const { start: at } = this.token;
    this.beginChain();
    if (this.isName('default') && this.following.kind === 'name') return [this.#default(at)];
    const named = this.#head();
    const hasIf = this.isKeyword('if');
    const head = this.#settled(named, hasIf);
    const isBare =
      head.member === undefined && head.args === undefined && !named.isValued && head.path.length < 2;
    const body = this.#anyBody(!isBare);
    const rule: RegoRule = { head, body, isDefault: false, otherwise: this.#otherwise(head), at };
    const further: RegoRule[] = [];
    if (hasIf) return [rule];
    while (rule.otherwise === undefined && this.isSymbol('{')) {
      const { start } = this.token;
      further.push({ head, body: this.#bracedBody(), isDefault: false, otherwise: undefined, at: start });
    }
    return [rule, ...further];
  }

  #default(at: number): RegoRule {
    this.advance();
    const { isValued, ...head } = this.#head();
    if (!isValued) throw this.fault('illegal default rule (must have a value)', at);
    if (head.member !== undefined) throw this.fault('illegal default rule (must not be a set)', at);
    return { head, body: emptyBody, isDefault: true, otherwise: undefined, at };
  }
}
