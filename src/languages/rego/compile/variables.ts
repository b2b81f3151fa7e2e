import { builtinSignatures } from '../builtins/signatures.ts';
import {
  subterms,
  type CallTerm,
  type Literal,
  type RuleBody,
  type Term,
  type VarTerm,
} from '../syntax/term.ts';

type Visit = (variable: VarTerm) => void;

/** What a walk goes into: comprehensions and the bodies of `every`, or not. */
export interface Walked {
  readonly closures: boolean;
}

const visitTerms = (terms: readonly Term[], visit: Visit, walked: Walked): void => {
  for (const term of terms) visitTerm(term, visit, walked);
};

/** Each variable of a term; the name of what is called is none. */
export const visitTerm = (term: Term, visit: Visit, walked: Walked): void => {
  switch (term.kind) {
    case 'scalar':
      return;
    case 'var':
      visit(term);
      return;
    case 'ref':
      visitTerm(term.head, visit, walked);
      visitTerms(term.path, visit, walked);
      return;
    case 'call':
      visitTerms(term.args, visit, walked);
      return;
    case 'object':
      for (const pair of term.pairs) visitTerms(pair, visit, walked);
      return;
    case 'array':
    case 'set':
      visitTerms(term.items, visit, walked);
      return;
    case 'comprehension':
      if (!walked.closures) return;
      visitTerms(term.head, visit, walked);
      visitBody(term.body, visit, walked);
  }
};

/** `count` or `data.f` of a term; `undefined`: it is more than names. */
export const dottedName = (term: Term): string | undefined => {
  if (term.kind === 'var') return term.name;
  if (term.kind !== 'ref' || term.head.kind !== 'var') return undefined;
  const steps = term.path.map((step) => (step.kind === 'scalar' ? step.value : undefined));
  return steps.every((step) => typeof step === 'string') ? [term.head.name, ...steps].join('.') : undefined;
};

/** A call that holds two terms against each other; with a third one, that takes the answer, it always has a value. */
export const isUnification = ({ operator, args }: CallTerm): boolean =>
  args.length === 2 && operator.kind === 'var' && ['eq', 'assign', 'equal'].includes(operator.name);

/** A builtin stands in place of a function under `with`. */
const isBuiltinName = (term: Term): boolean => builtinSignatures.has(dottedName(term) ?? '');

const termsOf = (literal: Literal): readonly Term[] => {
  const values = literal.modifiers.map(({ value }) => value).filter((value) => !isBuiltinName(value));
  if (literal.kind === 'some') return literal.names;
  if (literal.kind === 'not') return values;
  if (literal.kind === 'every') return [literal.domain, ...values];
  if (literal.kind === 'expression') return [literal.term, ...values];
  return [...(literal.key === undefined ? [] : [literal.key]), literal.value, literal.domain, ...values];
};

const hasBody = (literal: Literal): literal is Literal & { readonly kind: 'every' | 'not' } =>
  literal.kind === 'every' || literal.kind === 'not';

export const visitLiteral = (literal: Literal, visit: Visit, walked: Walked): void => {
  visitTerms(termsOf(literal), visit, walked);
  if (hasBody(literal) && walked.closures) visitBody(literal.body, visit, walked);
};

export const visitBody = (body: RuleBody, visit: Visit, walked: Walked): void => {
  for (const literal of body) visitLiteral(literal, visit, walked);
};

/** Comprehensions of a term, the outermost of each. */
export const closuresOf = (term: Term): readonly (Term & { readonly kind: 'comprehension' })[] => {
  if (term.kind === 'comprehension') return [term];
  return term.kind === 'scalar' || term.kind === 'var' ? [] : subterms(term).flatMap(closuresOf);
};

/** Variables that comprehensions and `every` of a literal take from around them. */
export const freeVariables = (literal: Literal): readonly VarTerm[] => {
  const found: VarTerm[] = [];
  const outer = (first: number) => (variable: VarTerm) => {
    if (variable.slot >= 0 && variable.slot < first) found.push(variable);
  };
  for (const term of termsOf(literal))
    for (const closure of closuresOf(term)) {
      visitTerms(closure.head, outer(closure.firstSlot), { closures: true });
      visitBody(closure.body, outer(closure.firstSlot), { closures: true });
    }
  if (hasBody(literal)) visitBody(literal.body, outer(literal.firstSlot), { closures: true });
  return found;
};

/** Variables that a pattern declares: those of its arrays and of the values of its objects. */
export const patternVariables = (pattern: Term): readonly VarTerm[] => {
  if (pattern.kind === 'var') return [pattern];
  if (pattern.kind === 'array') return pattern.items.flatMap(patternVariables);
  return pattern.kind === 'object' ? pattern.pairs.flatMap(([, value]) => patternVariables(value)) : [];
};
