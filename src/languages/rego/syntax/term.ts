import type { RegoValue } from '../values/value.ts';

interface Placed {
  /** Where it begins in its module. */
  readonly at: number;
}
export interface ScalarTerm extends Placed {
  readonly kind: 'scalar';
  readonly value: RegoValue;
}
export interface VarTerm extends Placed {
  readonly kind: 'var';
  readonly name: string;
  /** Where its value stands in a frame, once names are resolved; a negative one: it is no variable of a rule. */
  readonly slot: number;
}
export interface RefTerm extends Placed {
  readonly kind: 'ref';
  readonly head: Term;
  readonly path: readonly Term[];
}
export interface ListTerm extends Placed {
  readonly kind: 'array' | 'set';
  readonly items: readonly Term[];
}
export interface ObjectTerm extends Placed {
  readonly kind: 'object';
  readonly pairs: readonly (readonly [Term, Term])[];
}
export interface CallTerm extends Placed {
  readonly kind: 'call';
  readonly operator: VarTerm | RefTerm;
  readonly args: readonly Term[];
}
export interface ComprehensionTerm extends Placed {
  readonly kind: 'comprehension';
  readonly of: 'array' | 'set' | 'object';
  /** The term; of an object its key and its value. */
  readonly head: readonly Term[];
  readonly body: RuleBody;
  /** Variables from this slot on are its own. */
  readonly firstSlot: number;
}

/** A term (Policy Language, "Grammar"). */
export type Term = ScalarTerm | VarTerm | RefTerm | ListTerm | ObjectTerm | CallTerm | ComprehensionTerm;

export interface WithModifier extends Placed {
  readonly target: Term;
  readonly value: Term;
}

interface LiteralParts extends Placed {
  readonly modifiers: readonly WithModifier[];
}
export interface ExpressionLiteral extends LiteralParts {
  readonly kind: 'expression';
  readonly isNegated: boolean;
  readonly term: Term;
}
/** `some x, y`, which declares and asks nothing. */
export interface SomeLiteral extends LiteralParts {
  readonly kind: 'some';
  readonly names: readonly VarTerm[];
}
export interface SomeInLiteral extends LiteralParts {
  readonly kind: 'some-in';
  readonly key: Term | undefined;
  readonly value: Term;
  readonly domain: Term;
}
export interface EveryLiteral extends LiteralParts {
  readonly kind: 'every';
  readonly key: VarTerm | undefined;
  readonly value: VarTerm;
  readonly domain: Term;
  readonly body: RuleBody;
  /** Variables from this slot on are its own. */
  readonly firstSlot: number;
}
/** `not` with a body of its own, as `future.keywords.not` has it: nothing in it is worked out before. */
export interface NotLiteral extends LiteralParts {
  readonly kind: 'not';
  readonly body: RuleBody;
  /** Variables from this slot on are its own. */
  readonly firstSlot: number;
}
export type Literal = NotLiteral | ExpressionLiteral | SomeLiteral | SomeInLiteral | EveryLiteral;
export type RuleBody = readonly Literal[];

export interface RuleHead extends Placed {
  /** Where the value of the rule stands under its package: names, and terms from the first one that is not ground. */
  readonly path: readonly Term[];
  /** The rule is a function. */
  readonly args: readonly Term[] | undefined;
  /** The rule makes a set, with this member. */
  readonly member: Term | undefined;
  readonly value: Term;
}

/** A rule (Policy Language, "Rules"), with the `else` behind it. */
export interface RegoRule extends Placed {
  readonly head: RuleHead;
  readonly body: RuleBody;
  readonly isDefault: boolean;
  readonly otherwise: RegoRule | undefined;
}

export interface Import extends Placed {
  readonly path: readonly string[];
  readonly alias: string;
}

export interface Module {
  readonly source: string;
  readonly package: readonly string[];
  /** It is written in Rego 1. */
  readonly isStrict: boolean;
  readonly imports: readonly Import[];
  readonly rules: readonly RegoRule[];
}

/** A name that nothing has resolved yet, or that of a builtin. */
export const nameTerm = (name: string, at: number): VarTerm => ({ kind: 'var', name, slot: -1, at });
export const scalarTerm = (value: RegoValue, at: number): ScalarTerm => ({ kind: 'scalar', value, at });
export const callTerm = (name: string, args: readonly Term[], at: number): CallTerm => ({
  kind: 'call',
  operator: nameTerm(name, at),
  args,
  at,
});

/** The text that a term is; `undefined`: it is something else. */
export const textOfTerm = (term: Term | undefined): string | undefined =>
  term?.kind === 'scalar' && typeof term.value === 'string' ? term.value : undefined;

/** The terms that a term is made of; the body of a comprehension is none. */
export const subterms = (term: Term): readonly Term[] => {
  switch (term.kind) {
    case 'ref':
      return [term.head, ...term.path];
    case 'array':
    case 'set':
      return term.items;
    case 'object':
      return term.pairs.flat();
    case 'call':
      return term.args;
    case 'scalar':
    case 'var':
    case 'comprehension':
      break;
  }
  return [];
};
