import { lookup } from '../evaluate/document.ts';
import type { Getter, Step } from '../evaluate/frame.ts';
import type { Literal, RefTerm, Term, VarTerm } from '../syntax/term.ts';
import { isUnification, visitLiteral } from '../compile/variables.ts';
import { RegoObject } from '../values/value.ts';

/** `name := a.b.key`: it fails where there is no such key, and for no other reason. */
export interface NamedLookup {
  readonly name: VarTerm;
  /** `a.b` */
  readonly base: Term;
  readonly key: string;
}

const isWritten = (term: Term): boolean => term.kind === 'scalar' && typeof term.value === 'string';

/** A reference of written keys into a variable, or into the input. */
const partsOf = ({ head, path, at }: RefTerm): Pick<NamedLookup, 'base' | 'key'> | undefined => {
  const last = path.at(-1);
  if (head.kind !== 'var' || (head.slot < 0 && head.name !== 'input') || !path.every(isWritten))
    return undefined;
  if (last?.kind !== 'scalar' || typeof last.value !== 'string') return undefined;
  const base: Term = path.length === 1 ? head : { kind: 'ref', head, path: path.slice(0, -1), at };
  return { base, key: last.value };
};

/** What stands on both sides of a literal that only unifies. */
const sidesOf = (literal: Literal): readonly Term[] => {
  if (literal.kind !== 'expression' || literal.isNegated || literal.modifiers.length > 0) return [];
  return literal.term.kind === 'call' && isUnification(literal.term) ? literal.term.args : [];
};

/** What a literal looks up under a name; `undefined`: it does more than that. */
export const namedLookup = (literal: Literal): NamedLookup | undefined => {
  const [name, value] = sidesOf(literal);
  if (name?.kind !== 'var' || name.slot < 0 || value?.kind !== 'ref') return undefined;
  const parts = partsOf(value);
  return parts && { name, ...parts };
};

/** Whether a variable stands in a literal, its comprehensions and bodies included. */
export const holdsVariable = (literal: Literal, wanted: number): boolean => {
  let found = false;
  visitLiteral(literal, ({ slot }) => (found ||= slot === wanted), { closures: true });
  return found;
};

/** Goes on where there is something under the key, which is asked and not read. */
export const askCode =
  (base: Getter, kept: number, key: string): Step =>
  (next) =>
  (frame) => {
    const value = base(frame);
    frame.ctx.shared.budget.spend();
    if (value === undefined) return false;
    const isThere = value instanceof RegoObject ? value.has(key) : lookup(value, key) !== undefined;
    if (!isThere) return false;
    frame.slots[kept] = value;
    return next(frame);
  };

/** Reads what is there under the key. */
export const readCode =
  (kept: number, key: string, slot: number): Step =>
  (next) =>
  (frame) => {
    const value = frame.slots[kept];
    frame.slots[slot] = value === undefined ? undefined : lookup(value, key);
    return next(frame);
  };
