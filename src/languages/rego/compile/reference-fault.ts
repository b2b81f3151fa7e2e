import type { RefTerm, Term } from '../syntax/term.ts';
import { valueText } from '../values/value-text.ts';
import { compareValues, type RegoValue } from '../values/value.ts';
import { CompileFault } from './compile-problem.ts';
import { typeText, type MaybeType } from './type.ts';

const headText = (head: Term): string => (head.kind === 'var' ? head.name : '__local__');

const stepText = (step: Term): string => {
  if (step.kind === 'var') return `[${step.name}]`;
  if (step.kind !== 'scalar') return '[…]';
  if (typeof step.value === 'string' && /^[A-Za-z_]\w{0,255}$/.test(step.value)) return `.${step.value}`;
  return `[${valueText(step.value)}]`;
};

/** A reference as OPA writes it, up to a step. */
const referenceText = ({ head, path }: RefTerm, steps = path.length): string =>
  headText(head) + path.slice(0, steps).map(stepText).join('');

const undefinedReference = (term: RefTerm, lines: readonly string[]): CompileFault => {
  const text = referenceText(term);
  return new CompileFault(
    'rego_type_error',
    [`undefined ref: ${text}`, text, ...lines].join('\n\t'),
    term.at,
  );
};

/** A step into a value that has no keys. */
export const unsupportedReference = (term: RefTerm, index: number, type: MaybeType): CompileFault =>
  undefinedReference(term, ['^'.repeat(referenceText(term, index).length), `have: ${typeText(type)}`]);

/** A function that is named and not called would never have a value, so what asks for it would never refuse anything. */
export const functionReference = (term: RefTerm, type: MaybeType): CompileFault => {
  const text = referenceText(term);
  const lines = [`function ${text} used as reference, not called`, text, '^'.repeat(text.length)];
  return new CompileFault('rego_type_error', [...lines, `have: ${typeText(type)}`].join('\n\t'), term.at);
};

/** The keys that an object is known to have. */
const knownKeys = (type: MaybeType): readonly RegoValue[] => {
  if (type?.kind === 'object') return type.fields.map(([key]) => key);
  return type?.kind === 'any' ? type.of.flatMap(knownKeys) : [];
};

interface StepTypes {
  /** Of the step; `undefined`: it stands there as it is. */
  readonly have: MaybeType;
  readonly keys: MaybeType;
  readonly type: MaybeType;
}

/** A step by a key that is not there. */
export const invalidStep = (term: RefTerm, index: number, { have, keys, type }: StepTypes): CompileFault => {
  const pad = ' '.repeat(referenceText(term, index).length + 1);
  const step = term.path[index];
  const shown = step?.kind === 'scalar' ? valueText(step.value) : '';
  const known = [...new Set(knownKeys(type))].sort(compareValues).map(valueText);
  return undefinedReference(term, [
    `${pad}^`,
    have === undefined ? `${pad}have: ${shown}` : `${pad}have (type): ${typeText(have)}`,
    known.length > 0 ? `${pad}want (one of): [${known.join(' ')}]` : `${pad}want (type): ${typeText(keys)}`,
  ]);
};
