import type { RuleNode } from '../evaluate/rule-node.ts';
import {
  subterms,
  type CallTerm,
  type ComprehensionTerm,
  type EveryLiteral,
  type Literal,
  type RefTerm,
  type RegoRule,
  type RuleBody,
  type SomeInLiteral,
  type Term,
} from '../syntax/term.ts';
import { CompileFault } from './compile-problem.ts';
import { functionReference, invalidStep, unsupportedReference } from './reference-fault.ts';
import { TypeEnvironment } from './type-environment.ts';
import { signatureOf, type Signature, type TypedName } from './type-signature.ts';
import {
  anything,
  bounded,
  either,
  isAnything,
  isUnknown,
  typeOfKeys,
  mayAgree,
  typeUnder,
  typeText,
  typeOfValues,
  type MaybeType,
  type Type,
} from './type.ts';
import { isUnification } from './variables.ts';

/** What the types of a policy are worked out from. */
export interface TypedPolicy {
  readonly root: RuleNode;
  /** What is called: a rule, or a builtin by its name. */
  readonly functionAt: (operator: Term) => RuleNode | string;
  readonly arityOf: (operator: Term) => number | undefined;
  /** The literals of a body in the order in which they run. */
  readonly orderOf: (body: RuleBody) => RuleBody;
  readonly typeOfRule: (node: RuleNode) => MaybeType;
}

type Report = (fault: CompileFault) => void;

/** What a reference begins with, and how many of its steps lead there. */
interface StartType {
  readonly type: MaybeType;
  readonly taken: number;
}

/** The types of one body, and what cannot be right with them whatever the input is. */
class BodyTypes extends TypeEnvironment {
  readonly #policy: TypedPolicy;
  readonly #report: Report;
  /** Of comprehensions, which are looked at once. */
  readonly #closures: Map<ComprehensionTerm, MaybeType>;

  constructor(policy: TypedPolicy, report: Report, outer?: BodyTypes) {
    super(outer);
    this.#policy = policy;
    this.#report = report;
    this.#closures = outer === undefined ? new Map() : outer.#closures;
  }

  protected computed(term: Term): MaybeType {
    if (term.kind === 'comprehension') return this.#closures.get(term);
    if (term.kind === 'call') return this.#signature(term)?.result.type;
    if (term.kind !== 'ref') return undefined;
    const { type, taken } = this.#start(term);
    return this.below(type, term.path.slice(taken));
  }

  /** How far the names of a reference lead to a rule, and what it has there. */
  #start({ head, path }: RefTerm): StartType {
    if (head.kind !== 'var' || head.slot >= 0) return { type: this.typeOf(head), taken: 0 };
    if (head.name !== 'data') return { type: anything, taken: 0 };
    let node: RuleNode | undefined = this.#policy.root;
    for (const [at, step] of path.entries()) {
      if (node.kind !== undefined) return { type: this.#ruleType(node), taken: at };
      node =
        step.kind === 'scalar' && typeof step.value === 'string' ? node.children.get(step.value) : undefined;
      if (node === undefined) return { type: anything, taken: at };
    }
    return { type: node.kind === undefined ? anything : this.#ruleType(node), taken: path.length };
  }

  #ruleType(node: RuleNode): MaybeType {
    return node.children.size > 0 ? anything : this.#policy.typeOfRule(node);
  }

  #signature({ operator }: CallTerm): (Signature & { readonly name: string }) | undefined {
    const target = this.#policy.functionAt(operator);
    if (typeof target === 'string') {
      const found = signatureOf(target);
      return found === undefined ? undefined : { ...found, name: target };
    }
    const type = this.#policy.typeOfRule(target);
    // Most calls are right, and nobody asks for the text of what they take.
    const named = (one: MaybeType): TypedName => ({
      get text() {
        return typeText(one);
      },
      type: one,
    });
    const { name } = target;
    if (target.kind !== 'function') return { args: [], result: named(type), name };
    return type?.kind === 'function'
      ? { args: type.args.map(named), result: named(type.result), name }
      : undefined;
  }

  /** Looks at what stands inside a term, the innermost first, and at the term. */
  #term(term: Term, report: Report): void {
    if (term.kind === 'comprehension') {
      this.#closure(term, report);
      return;
    }
    if (term.kind === 'ref') {
      if (term.head.kind !== 'var') this.#term(term.head, report);
      for (const step of term.path) this.#term(step, report);
      this.#reference(term, report);
      return;
    }
    if (term.kind === 'call') this.#withArguments(term, report, (outside) => this.#call(term, true, outside));
    else for (const part of subterms(term)) this.#term(part, report);
  }

  /** A fault in an argument leaves types unknown, which is no fault of what takes it. */
  #withArguments({ args }: CallTerm, report: Report, check: (report: Report) => void): void {
    let isWrong = false;
    for (const arg of args)
      this.#term(arg, (fault) => {
        isWrong = true;
        report(fault);
      });
    check((fault) => {
      if (!isWrong || !fault.isOfUnknown) report(fault);
    });
  }

  #closure(term: ComprehensionTerm, report: Report): void {
    let isWrong = false;
    const inner = new BodyTypes(
      this.#policy,
      (fault) => {
        isWrong = true;
        report(fault);
      },
      this,
    );
    inner.body(term.body, term.head);
    const [key, value] = term.head.map((one) => inner.typeOf(one));
    const known: Record<ComprehensionTerm['of'], Type> = {
      array: { kind: 'array', items: [], rest: key },
      set: { kind: 'set', of: key },
      object: { kind: 'object', fields: [], rest: { key, value } },
    };
    this.#closures.set(term, isWrong ? undefined : bounded(known[term.of]));
  }

  #call(term: CallTerm, isNested: boolean, report: Report): void {
    if (term.operator.kind === 'var' && term.operator.name === 'internal.template_string') return;
    const signature = this.#signature(term);
    if (signature === undefined) return;
    const wanted = [...signature.args, signature.result];
    const before = term.args.map((arg) => this.typeOf(arg));
    const have = (types: readonly MaybeType[]): string =>
      [...types.map(typeText), ...(isNested ? ['???'] : [])].join(', ');
    const refuse = (types: readonly MaybeType[]): void => {
      const lines = [
        `${signature.name}: invalid argument(s)`,
        `\thave: (${have(types)})`,
        `\twant: (${wanted.map(({ text }) => text).join(', ')})`,
      ];
      const fault = new CompileFault('rego_type_error', lines.join('\n'), term.at);
      fault.isOfUnknown = isNested || types.some(isUnknown);
      report(fault);
    };
    for (const [at, arg] of term.args.entries()) {
      const want = wanted[at]?.type;
      if (want === undefined) continue;
      const known = before[at];
      if (known !== undefined && !isUnknown(known) && !mayAgree(known, want)) {
        refuse(before);
        return;
      }
      if (!this.fits(arg, want)) {
        refuse(term.args.map((one) => this.typeOf(one)));
        return;
      }
    }
  }

  #reference(term: RefTerm, report: Report): void {
    const { head } = term;
    // What nobody has said anything of may have any keys.
    if (head.kind === 'var' && head.slot >= 0 && this.variable(head.slot) === undefined)
      this.set(head.slot, anything);
    const { type, taken } = this.#start(term);
    if (type?.kind === 'function') report(functionReference(term, type));
    else this.#steps(term, { type, taken }, report);
  }

  #steps(term: RefTerm, { type, taken }: StartType, report: Report): void {
    let found = type;
    for (const [index, step] of term.path.entries()) {
      if (index < taken) continue;
      if (isUnknown(found)) return;
      const keys = typeOfKeys(found);
      if (keys === undefined) {
        report(unsupportedReference(term, index, found));
        return;
      }
      if (!this.#stepFits(step, found, keys)) {
        const have = step.kind === 'scalar' ? undefined : this.typeOf(step);
        report(invalidStep(term, index, { have, keys, type: found }));
        return;
      }
      found = step.kind === 'scalar' ? typeUnder(found, step.value) : typeOfValues(found);
    }
  }

  #stepFits(step: Term, type: MaybeType, keys: MaybeType): boolean {
    if (step.kind === 'scalar') return typeUnder(type, step.value) !== undefined;
    if (step.kind === 'var' || step.kind === 'array' || step.kind === 'object' || step.kind === 'set')
      return (step.kind === 'var' && step.slot < 0) || this.fits(step, keys);
    const known = this.typeOf(step);
    return known === undefined || mayAgree(known, keys);
  }

  #literal(literal: Literal, report: Report): void {
    for (const { value } of literal.modifiers) {
      const isName = (value.kind === 'var' && value.slot < 0) || this.#policy.arityOf(value) !== undefined;
      if (!isName) this.#term(value, report);
    }
    if (literal.kind === 'expression') this.#expression(literal.term, report);
    if (literal.kind === 'not') new BodyTypes(this.#policy, report, this).body(literal.body, []);
    if (literal.kind === 'every') this.#every(literal, report);
    if (literal.kind === 'some-in') this.#someIn(literal, report);
  }

  #every({ domain, key, value, body }: EveryLiteral, report: Report): void {
    this.#term(domain, report);
    const inner = new BodyTypes(this.#policy, report, this);
    for (const name of [key, value]) if (name !== undefined) inner.set(name.slot, anything);
    inner.body(body, []);
  }

  #someIn({ domain, key, value, at }: SomeInLiteral, report: Report): void {
    this.#term(domain, report);
    const type = this.typeOf(domain) ?? anything;
    if (typeOfKeys(type) === undefined && !isUnknown(type)) {
      report(new CompileFault('rego_type_error', 'match error\n\tleft  : ???\n\tright : ???', at));
      return;
    }
    if (key !== undefined) this.fits(key, typeOfKeys(type) ?? anything);
    this.fits(value, typeOfValues(type) ?? anything);
  }

  #expression(term: Term, report: Report): void {
    if (term.kind !== 'call') {
      this.#term(term, report);
      return;
    }
    this.#withArguments(term, report, (outside) => {
      const [one, other] = term.args;
      if (one === undefined || other === undefined || !isUnification(term)) this.#call(term, false, outside);
      else this.#match(term, [one, other], outside);
    });
  }

  #match({ at }: CallTerm, [one, other]: readonly [Term, Term], report: Report): void {
    const [left, right] = [this.typeOf(one), this.typeOf(other)];
    if (this.matches(one, other)) return;
    const text = `match error\n\tleft  : ${typeText(left)}\n\tright : ${typeText(right)}`;
    const fault = new CompileFault('rego_type_error', text, at);
    fault.isOfUnknown = isUnknown(left) || isUnknown(right);
    report(fault);
  }

  /** `head`: terms that are worked out behind the body. */
  body(body: RuleBody, head: readonly Term[]): void {
    for (const literal of this.#policy.orderOf(body)) this.#literal(literal, this.#report);
    for (const term of head) this.#term(term, this.#report);
  }

  /** Of an argument: what nobody asks about it may be anything. */
  argument(arg: Term): MaybeType {
    const open = (term: Term): void => {
      if (term.kind === 'var' && this.variable(term.slot) === undefined) this.set(term.slot, anything);
      for (const part of subterms(term)) open(part);
    };
    open(arg);
    return this.typeOf(arg);
  }
}

const withKeys = (keys: readonly MaybeType[], value: MaybeType): MaybeType =>
  keys.reduceRight<MaybeType>(
    (inner, key) => ({ kind: 'object', fields: [], rest: { key, value: inner } }),
    value,
  );

/** What two rules of one name make together. */
const together = (one: MaybeType, other: MaybeType): MaybeType => {
  if (one?.kind === 'set' && other?.kind === 'set') return { kind: 'set', of: either(one.of, other.of) };
  const areOpen =
    one?.kind === 'object' && other?.kind === 'object' && one.fields.length + other.fields.length === 0;
  if (!areOpen || one.rest === undefined || other.rest === undefined) return either(one, other);
  const rest = {
    key: either(one.rest.key, other.rest.key),
    value: together(one.rest.value, other.rest.value),
  };
  return { kind: 'object', fields: [], rest };
};

/** A rule with what leads to its node. */
interface TypedRule {
  readonly rule: RegoRule;
  readonly node: RuleNode;
  readonly depth: number;
}

/** The type of what one rule makes; `anything` when something is wrong in it. */
const typeOfOne = (policy: TypedPolicy, { rule, node, depth }: TypedRule, report: Report): MaybeType => {
  let isWrong = false;
  const types = new BodyTypes(policy, (fault) => {
    isWrong = true;
    report(fault);
  });
  const { path, args = [], member, value } = rule.head;
  const made = member ?? value;
  const steps = path.slice(depth);
  types.body(rule.body, [...steps, made]);
  if (isWrong) return anything;
  if (node.kind === 'function') {
    const taken = args.map((arg) => types.argument(arg));
    return { kind: 'function', args: taken, result: types.typeOf(made) };
  }
  const type = types.typeOf(made);
  const keys = steps.map((step) => types.typeOf(step));
  return withKeys(keys, member === undefined ? type : { kind: 'set', of: type });
};

/** The type of what rules of one name make together. */
export const typeOfRules = <Rule extends TypedRule>(
  policy: TypedPolicy,
  rules: readonly Rule[],
  report: (rule: Rule, fault: CompileFault) => void,
): MaybeType => {
  let type: MaybeType;
  for (const placed of rules)
    for (let rule: RegoRule | undefined = placed.rule; rule !== undefined; rule = rule.otherwise) {
      const one = typeOfOne(policy, { ...placed, rule }, (fault) => report(placed, fault));
      type = isAnything(one) ? anything : together(type, one);
    }
  return type;
};

/** Looks at the body of a query. */
export const checkQueryTypes = (policy: TypedPolicy, body: RuleBody, report: Report): void => {
  new BodyTypes(policy, report).body(body, []);
};
