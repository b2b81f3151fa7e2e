import {
  callTerm,
  nameTerm,
  type RuleBody,
  type EveryLiteral,
  type Literal,
  type RegoRule,
  type RuleHead,
  type SomeInLiteral,
  type Term,
  type VarTerm,
  type WithModifier,
} from '../syntax/term.ts';
import { typeName } from '../values/value-text.ts';
import { CompileFault } from './compile-problem.ts';
import { globalTerm, type Globals } from './globals.ts';
import { Scope, type Slots } from './scope.ts';
import { closuresOf, dottedName, patternVariables, visitBody, visitTerm } from './variables.ts';

const isWildcard = (name: string): boolean => name === '_';

/** Names that `:=`, `some` and `some … in` of a body declare. */
const declaredIn = (body: RuleBody): ReadonlySet<string> => {
  const names = new Set<string>();
  const add = (terms: readonly Term[]): void => {
    for (const { name } of terms.flatMap(patternVariables)) names.add(name);
  };
  for (const literal of body) {
    if (literal.kind === 'some') add(literal.names);
    if (literal.kind === 'some-in') add([literal.key ?? literal.value, literal.value]);
    if (literal.kind === 'expression' && literal.term.kind === 'call') {
      const { operator, args } = literal.term;
      if (operator.kind === 'var' && operator.name === 'assign') add(args.slice(0, 1));
    }
  }
  return names;
};

/** What a term is, in the words of OPA's messages. */
const kindName = (term: Term): string => {
  if (term.kind === 'scalar') return typeName(term.value);
  return term.kind === 'comprehension' ? `${term.of}comprehension` : term.kind;
};

/** OPA takes `print` away before it looks at names, so a name that nobody knows does no harm there. */
const isPrint = (literal: Literal): boolean =>
  literal.kind === 'expression' &&
  literal.term.kind === 'call' &&
  literal.term.operator.kind === 'var' &&
  literal.term.operator.name === 'print';

const isComputed = (term: Term): boolean =>
  term.kind === 'call' || term.kind === 'ref' || term.kind === 'comprehension' || closuresOf(term).length > 0;

/** Arguments that must be worked out are compared in the body, where variables of the body are known. */
const withPlainArgs = (rule: RegoRule): RegoRule => {
  const computed = (rule.head.args ?? []).map(isComputed);
  if (!computed.includes(true)) return rule;
  const name = (at: number): VarTerm => nameTerm(`#arg${at}`, rule.at);
  const literals = (rule.head.args ?? []).flatMap((arg, at): readonly Literal[] =>
    computed[at] === true
      ? [
          {
            kind: 'expression',
            isNegated: false,
            term: callTerm('eq', [name(at), arg], arg.at),
            modifiers: [],
            at: arg.at,
          },
        ]
      : [],
  );
  const changed = (one: RegoRule): RegoRule => ({
    ...one,
    head: { ...one.head, args: one.head.args?.map((arg, at) => (computed[at] === true ? name(at) : arg)) },
    body: [...literals, ...one.body],
    otherwise: one.otherwise === undefined ? undefined : changed(one.otherwise),
  });
  return changed(rule);
};

/** Gives each variable of a rule its slot, and each other name its full reference. */
export class RuleResolver {
  readonly #globals: Globals;
  readonly #report: (fault: CompileFault) => void;

  /** `report` is told of what is wrong and leaves the rest readable. */
  constructor(globals: Globals, report: (fault: CompileFault) => void) {
    this.#globals = globals;
    this.#report = report;
  }

  #checkUse(scope: Scope): void {
    for (const fault of scope.unused()) this.#report(fault);
  }

  #variable(term: VarTerm, scope: Scope): Term {
    const { name, at } = term;
    if (isWildcard(name)) return { kind: 'var', name, slot: scope.fresh(), at };
    const slot = scope.lookup(name);
    if (slot !== undefined) return { kind: 'var', name, slot, at };
    const path = this.#globals.get(name);
    if (path !== undefined) return globalTerm(path, [], at);
    // Declared further below, which the declaration tells of; else nobody gives it a value.
    return { kind: 'var', name, slot: scope.fresh(), at };
  }

  #reference(head: Term, path: readonly Term[], scope: Scope): Term {
    const first = this.term(head, scope);
    const steps = path.map((step) => this.term(step, scope));
    if (first.kind === 'ref') return { ...first, path: [...first.path, ...steps], at: head.at };
    return { kind: 'ref', head: first, path: steps, at: head.at };
  }

  /** What is called: a rule by its full reference, or a builtin by its name. */
  #operator(operator: VarTerm | (Term & { kind: 'ref' }), scope: Scope): VarTerm | (Term & { kind: 'ref' }) {
    const head = operator.kind === 'var' ? operator : operator.head;
    const name = dottedName(operator);
    const isLocal = head.kind === 'var' && scope.find(head.name) !== undefined;
    if (name === undefined || isLocal)
      throw new CompileFault('rego_type_error', `undefined function ${name ?? 'reference'}`, operator.at);
    const path = head.kind === 'var' ? this.#globals.get(head.name) : undefined;
    if (path === undefined) return nameTerm(name, operator.at);
    const full = globalTerm(path, operator.kind === 'ref' ? operator.path : [], operator.at);
    return full.kind === 'ref' ? full : nameTerm(name, operator.at);
  }

  term(term: Term, scope: Scope): Term {
    const each = (terms: readonly Term[]): readonly Term[] => terms.map((one) => this.term(one, scope));
    switch (term.kind) {
      case 'scalar':
        return term;
      case 'var':
        return this.#variable(term, scope);
      case 'ref':
        return this.#reference(term.head, term.path, scope);
      case 'array':
      case 'set':
        return { ...term, items: each(term.items) };
      case 'object': {
        const pairs = term.pairs.map(
          ([key, value]) => [this.term(key, scope), this.term(value, scope)] as const,
        );
        return { ...term, pairs };
      }
      case 'call':
        return { ...term, operator: this.#operator(term.operator, scope), args: each(term.args) };
      case 'comprehension':
        break;
    }
    const firstSlot = scope.nextSlot;
    const { body, scope: inner } = this.body(term.body, scope, term.head);
    const head = term.head.map((one) => this.term(one, inner));
    this.#checkUse(inner);
    return { ...term, head, body, firstSlot };
  }

  /** A body in a scope of its own; `head`: terms that see its variables. */
  body(
    written: RuleBody,
    outer: Scope,
    head: readonly Term[],
  ): { readonly body: RuleBody; readonly scope: Scope } {
    const body = written.filter((literal) => !isPrint(literal));
    const scope = outer.child();
    const declared = declaredIn(body);
    const add = ({ name }: VarTerm): void => {
      const isKnown = isWildcard(name) || declared.has(name) || this.#globals.has(name);
      if (!isKnown && outer.find(name) === undefined) scope.add(name);
    };
    visitBody(body, add, { closures: false });
    for (const term of head) visitTerm(term, add, { closures: false });
    return { body: body.map((literal) => this.#literal(literal, scope)), scope };
  }

  #declare(pattern: Term, scope: Scope, how: 'assigned' | 'declared'): void {
    for (const variable of patternVariables(pattern))
      if (!isWildcard(variable.name)) scope.declare(variable, how);
  }

  #modifier(modifier: WithModifier, scope: Scope): WithModifier {
    const { target } = modifier;
    return { ...modifier, target: this.#named(target, scope), value: this.#named(modifier.value, scope) };
  }

  /** A term, or the name of a builtin. */
  #named(term: Term, scope: Scope): Term {
    const name = dottedName(term);
    const head = term.kind === 'ref' ? term.head : term;
    if (name === undefined || head.kind !== 'var') return this.term(term, scope);
    const isKnown =
      isWildcard(head.name) || scope.find(head.name) !== undefined || this.#globals.has(head.name);
    return isKnown ? this.term(term, scope) : nameTerm(name, term.at);
  }

  #literal(literal: Literal, scope: Scope): Literal {
    const modifiers = literal.modifiers.map((modifier) => this.#modifier(modifier, scope));
    if (literal.kind === 'some') {
      for (const name of literal.names) scope.declare(name, 'declared');
      scope.expectUse(literal.names, literal.at);
      return literal;
    }
    if (literal.kind === 'some-in') return this.#someIn({ ...literal, modifiers }, scope);
    if (literal.kind === 'every') return this.#every({ ...literal, modifiers }, scope);
    if (literal.kind === 'not') {
      const firstSlot = scope.nextSlot;
      const { body, scope: inner } = this.body(literal.body, scope, []);
      this.#checkUse(inner);
      return { ...literal, body, firstSlot, modifiers };
    }
    return { ...literal, term: this.#expression(literal.term, scope), modifiers };
  }

  #someIn(literal: SomeInLiteral, scope: Scope): Literal {
    const domain = this.term(literal.domain, scope);
    for (const pattern of [literal.key, literal.value])
      if (pattern !== undefined) this.#declare(pattern, scope, 'declared');
    const key = literal.key === undefined ? undefined : this.term(literal.key, scope);
    return { ...literal, domain, key, value: this.term(literal.value, scope) };
  }

  #every(literal: EveryLiteral, scope: Scope): Literal {
    const domain = this.term(literal.domain, scope);
    const firstSlot = scope.nextSlot;
    const inner = scope.child();
    for (const name of [literal.key, literal.value])
      if (name !== undefined && !isWildcard(name.name)) inner.declare(name, 'declared');
    const key = literal.key === undefined ? undefined : (this.term(literal.key, inner) as VarTerm);
    const value = this.term(literal.value, inner) as VarTerm;
    const names = literal.key === undefined ? [literal.value] : [literal.key, literal.value];
    inner.expectUse(names, literal.body[0]?.at ?? literal.at);
    const { body, scope: innermost } = this.body(literal.body, inner, []);
    this.#checkUse(innermost);
    this.#checkUse(inner);
    return { ...literal, key, value, domain, body, firstSlot };
  }

  #expression(term: Term, scope: Scope): Term {
    const isAssign = term.kind === 'call' && term.operator.kind === 'var' && term.operator.name === 'assign';
    if (!isAssign || term.args.length !== 2) return this.term(term, scope);
    const [pattern, value] = term.args as [Term, Term];
    const said = this.term(value, scope);
    if (!['var', 'array', 'object'].includes(pattern.kind))
      throw new CompileFault('rego_compile_error', `cannot assign to ${kindName(pattern)}`, pattern.at);
    this.#declare(pattern, scope, 'assigned');
    return { ...term, args: [this.term(pattern, scope), said] };
  }

  #head(head: RuleHead, scope: Scope, args: readonly Term[] | undefined): RuleHead {
    return {
      ...head,
      args,
      path: head.path.map((step) => this.term(step, scope)),
      member: head.member === undefined ? undefined : this.term(head.member, scope),
      value: this.term(head.value, scope),
    };
  }

  #chain(rule: RegoRule, scope: Scope, args: readonly Term[] | undefined): RegoRule {
    const { head } = rule;
    const seen = [...head.path, ...(head.member === undefined ? [] : [head.member]), head.value];
    const { body, scope: inner } = this.body(rule.body, scope, seen);
    const otherwise = rule.otherwise === undefined ? undefined : this.#chain(rule.otherwise, scope, args);
    const named = this.#head(head, inner, args);
    this.#checkUse(inner);
    return { ...rule, head: named, body, otherwise };
  }

  /** A rule with the `else` behind it; how many slots its frame has. */
  rule(given: RegoRule): { readonly rule: RegoRule; readonly slots: Slots } {
    const slots: Slots = { next: 0 };
    const scope = new Scope(slots);
    const rule = withPlainArgs(given);
    const { args } = rule.head;
    const addArg = (variable: VarTerm): void => {
      if (!isWildcard(variable.name)) scope.declare(variable, 'arg');
    };
    for (const arg of args ?? []) visitTerm(arg, addArg, { closures: false });
    const named = args?.map((arg) => this.term(arg, scope));
    return { rule: this.#chain(rule, scope, named), slots };
  }
}
