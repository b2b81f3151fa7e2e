import { subterms, type RuleBody, type Literal, type Term, type VarTerm } from '../syntax/term.ts';
import { CompileFault } from './compile-problem.ts';
import { freeVariables, patternVariables, visitLiteral, visitTerm } from './variables.ts';

/** Slots whose value is known. */
export type Bound = ReadonlySet<number>;

/** How many arguments what is called takes; `undefined`: nobody knows. */
export type ArityOf = (operator: Term) => number | undefined;

const isSafe = (term: Term, bound: Bound): boolean => {
  let safe = true;
  visitTerm(
    term,
    ({ slot }) => {
      safe &&= slot < 0 || bound.has(slot);
    },
    { closures: false },
  );
  return safe;
};

const addAll = (term: Term, into: Set<number>): void => {
  visitTerm(term, ({ slot }) => slot >= 0 && into.add(slot), { closures: false });
};

/** References whose beginning is known give their steps values. */
const addReferences = (term: Term, into: Set<number>): void => {
  if (term.kind !== 'ref') {
    for (const part of subterms(term)) addReferences(part, into);
    return;
  }
  addReferences(term.head, into);
  if (!isSafe(term.head, into)) return;
  for (const step of term.path) {
    addReferences(step, into);
    if (step.kind !== 'call') addAll(step, into);
  }
};

/** Whether values that have the form of `known` may give the variables of a pattern values. */
const isFilledBy = (pattern: Term, known: Term): boolean => {
  if (pattern.kind === 'var') return true;
  const isComposite = pattern.kind === 'array' || pattern.kind === 'object';
  return isComposite && ['var', 'ref', 'call', 'comprehension'].includes(known.kind);
};

const pairsOf = (one: Term, other: Term): readonly (readonly [Term, Term])[] => {
  if (one.kind === 'array' && other.kind === 'array' && one.items.length === other.items.length)
    return one.items.map((item, at) => [item, other.items[at] ?? item] as const);
  if (one.kind !== 'object' || other.kind !== 'object' || one.pairs.length !== other.pairs.length) return [];
  return one.pairs.flatMap(([key, value]) => {
    const there = other.pairs.find(([known]) => sameKey(key, known));
    return there === undefined ? [] : [[value, there[1]] as const];
  });
};

const sameKey = (one: Term, other: Term): boolean =>
  (one.kind === 'scalar' && other.kind === 'scalar' && one.value === other.value) ||
  (one.kind === 'var' && other.kind === 'var' && one.slot === other.slot);

/** What `one = other` gives values to. */
const addUnified = (one: Term, other: Term, into: Set<number>): void => {
  for (const [pattern, known] of [
    [one, other],
    [other, one],
  ] as const)
    if (isFilledBy(pattern, known) && isSafe(known, into))
      for (const { slot } of patternVariables(pattern)) into.add(slot);
  for (const [left, right] of pairsOf(one, other)) addUnified(left, right, into);
};

const addCall = (term: Term & { kind: 'call' }, into: Set<number>, arityOf: ArityOf): void => {
  const { operator, args } = term;
  const [one, other] = args;
  const isUnify = operator.kind === 'var' && (operator.name === 'eq' || operator.name === 'assign');
  if (isUnify && one !== undefined && other !== undefined) {
    for (let size = -1; size < into.size;) {
      size = into.size;
      addUnified(one, other, into);
    }
    return;
  }
  const result = args.at(-1);
  if (result === undefined || args.length !== (arityOf(operator) ?? args.length) + 1) return;
  if (args.slice(0, -1).every((arg) => isSafe(arg, into)))
    for (const { slot } of patternVariables(result)) into.add(slot);
};

/** Only what stands inside calls inside a negated call has its value before the negation. */
const addNegated = (term: Term, into: Set<number>): void => {
  if (term.kind !== 'call') return;
  for (const arg of term.args) if (arg.kind === 'call') addReferences(arg, into);
};

/** The slots with a value behind a literal. */
const boundBehind = (literal: Literal, bound: Bound, arityOf: ArityOf): ReadonlySet<number> => {
  const into = new Set(bound);
  for (const { value } of literal.modifiers) addReferences(value, into);
  if (literal.kind === 'some' || literal.kind === 'not') return into;
  if (literal.kind === 'expression') {
    if (literal.isNegated) {
      addNegated(literal.term, into);
      return into;
    }
    addReferences(literal.term, into);
    if (literal.term.kind === 'call') addCall(literal.term, into, arityOf);
    return into;
  }
  addReferences(literal.domain, into);
  if (literal.kind === 'every' || !isSafe(literal.domain, into)) return into;
  for (const term of [literal.key, literal.value]) if (term !== undefined) addAll(term, into);
  return into;
};

/** Variables that this literal needs and nobody gives a value. */
const unsafeIn = (literal: Literal, behind: Bound): readonly VarTerm[] => {
  if (literal.kind === 'some') return [];
  const needed: VarTerm[] = [...freeVariables(literal)];
  visitLiteral(literal, (variable) => needed.push(variable), { closures: false });
  return needed.filter(({ slot }) => slot >= 0 && !behind.has(slot));
};

/** @throws {CompileFault} naming each variable without a value */
const refuse = (unsafe: readonly VarTerm[]): never => {
  const written = unsafe.filter(({ name }) => !name.startsWith('#'));
  const distinct = [
    ...new Map((written.length > 0 ? written : unsafe).toReversed().map((one) => [one.name, one])).values(),
  ];
  const faults = distinct
    .toReversed()
    .map(({ name, at }) => new CompileFault('rego_unsafe_var_error', `var ${name} is unsafe`, at));
  const [first = new CompileFault('rego_unsafe_var_error', 'a var is unsafe', 0), ...others] = faults;
  throw others.length === 0 ? first : new CompileFault(first.code, first.message, first.offset, others);
};

/**
 * The literals in an order in which each variable has a value before it is needed (Policy Language, "Safety").
 * `bound` grows with what the body gives values to.
 */
export const orderBody = (body: RuleBody, bound: Set<number>, arityOf: ArityOf): RuleBody => {
  const ordered: Literal[] = [];
  const isTaken = (literal: Literal): boolean => {
    const behind = boundBehind(literal, bound, arityOf);
    if (unsafeIn(literal, behind).length > 0) return false;
    ordered.push(literal);
    for (const slot of behind) bound.add(slot);
    return true;
  };
  let waiting = body;
  while (waiting.length > 0) {
    const rest = waiting.filter((literal) => !isTaken(literal));
    if (rest.length === waiting.length)
      refuse(rest.flatMap((literal) => unsafeIn(literal, boundBehind(literal, bound, arityOf))));
    waiting = rest;
  }
  return ordered;
};
