import { isUnification } from '../compile/variables.ts';
import { lookup } from '../evaluate/document.ts';
import type { Exec } from '../evaluate/frame.ts';
import { subterms, type RuleBody, type Term } from '../syntax/term.ts';
import { equalValues, RegoObject, type Maybe, type RegoValue } from '../values/value.ts';

/** A field of the input without which a body has no way to be satisfied. */
interface NeededField {
  readonly path: readonly RegoValue[];
  /** The one value that it may have. */
  readonly value: Maybe;
}

const fieldOf = (term: Term): readonly RegoValue[] | undefined => {
  if (term.kind !== 'ref' || term.head.kind !== 'var' || term.head.name !== 'input' || term.head.slot >= 0)
    return undefined;
  const path = term.path.map((step) => (step.kind === 'scalar' ? step.value : undefined));
  return path.every((step) => step !== undefined) ? path : undefined;
};

const fieldsOf = (term: Term): readonly NeededField[] => {
  const path = fieldOf(term);
  if (path !== undefined) return [{ path, value: undefined }];
  if (term.kind !== 'call' && term.kind !== 'array' && term.kind !== 'object' && term.kind !== 'set')
    return [];
  return subterms(term).flatMap(fieldsOf);
};

const neededIn = (term: Term): readonly NeededField[] => {
  if (term.kind === 'call' && isUnification(term)) {
    const [one, other] = term.args as [Term, Term];
    for (const [field, known] of [
      [one, other],
      [other, one],
    ] as const) {
      const path = fieldOf(field);
      if (path !== undefined && known.kind === 'scalar') return [{ path, value: known.value }];
    }
  }
  return fieldsOf(term);
};

/**
 * Runs a body only when the fields of the input that it names have values (OPA's index of rules). A rule for Pods costs
 * nothing at a Service then, and what goes wrong before the field is asked for does no harm, as in OPA.
 */
export const whenPossible = (body: RuleBody, head: Term, run: Exec): Exec => {
  const inBody = body.flatMap((literal) =>
    literal.kind === 'expression' && !literal.isNegated && literal.modifiers.length === 0
      ? neededIn(literal.term)
      : [],
  );
  const needed = [...inBody, ...fieldsOf(head)];
  if (needed.length === 0) return run;
  const isThere = (input: Maybe, { path, value }: NeededField): boolean => {
    let found = input;
    for (const [at, key] of path.entries()) {
      if (found === undefined) return false;
      // Whoever asks whether a field is there has not read it.
      if (value === undefined && at === path.length - 1 && found instanceof RegoObject) return found.has(key);
      found = lookup(found, key);
    }
    return found !== undefined && (value === undefined || equalValues(found, value));
  };
  return (frame) => needed.every((field) => isThere(frame.ctx.documents.input, field)) && run(frame);
};
