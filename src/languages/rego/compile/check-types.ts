import { builtinSignatures } from '../builtins/signatures.ts';
import type { CallTerm, Term } from '../syntax/term.ts';
import { typeName } from '../values/value-text.ts';
import { CompileFault } from './compile-problem.ts';

const names: Readonly<Record<string, string>> = {
  s: 'string',
  n: 'number',
  b: 'boolean',
  z: 'null',
  a: 'array[any]',
  o: 'object[any: any]',
  t: 'set[any]',
  x: 'any',
};

const named = (letters: string): string => {
  const all = Array.from(letters, (letter) => names[letter] ?? 'any');
  return all.length === 1 ? (all[0] ?? 'any') : `any<${all.join(', ')}>`;
};

const letterOf = (type: string): string =>
  Object.entries(names).find(([, name]) => name.split('[')[0] === type)?.[0] ?? 'x';

/** The types that a term may have as far as its own form says; `x`: it may have any. */
const typesOf = (term: Term): string => {
  switch (term.kind) {
    case 'scalar':
      return letterOf(typeName(term.value));
    case 'comprehension':
      return letterOf(term.of);
    case 'array':
    case 'set':
    case 'object':
      return letterOf(term.kind);
    case 'call':
      return term.operator.kind === 'var' ? (builtinSignatures.get(term.operator.name)?.result ?? 'x') : 'x';
    case 'var':
    case 'ref':
      break;
  }
  return 'x';
};

const mayBe = (have: string, want: string): boolean =>
  want === 'x' || have === 'x' || Array.from(have).some((letter) => want.includes(letter));

/**
 * Refuses a builtin that no value of an argument could satisfy (Policy Language, "Type Checking"). Only what the form of the
 * argument says is held against it, so nothing that OPA takes is refused.
 *
 * @throws {CompileFault}
 */
export const checkArguments = ({ operator, args, at }: CallTerm): void => {
  const signature = operator.kind === 'var' ? builtinSignatures.get(operator.name) : undefined;
  if (signature === undefined || operator.kind !== 'var') return;
  const have = args.slice(0, signature.args.length).map(typesOf);
  if (have.every((types, index) => mayBe(types, signature.args[index] ?? 'x'))) return;
  const lines = [
    `${operator.name}: invalid argument(s)`,
    `\thave: (${[...have.map(named), '???'].join(', ')})`,
    `\twant: (${[...signature.args, signature.result].map(named).join(', ')})`,
  ];
  throw new CompileFault('rego_type_error', lines.join('\n'), at);
};

/** A call with another number of arguments than what is called takes. */
export const wrongArity = ({ operator, args, at }: CallTerm, name: string, arity: number): CompileFault => {
  const signature = operator.kind === 'var' ? builtinSignatures.get(operator.name) : undefined;
  const why =
    signature === undefined
      ? `function ${name} has arity ${arity}, got ${args.length} argument${args.length === 1 ? '' : 's'}`
      : [
          `${name}: arity mismatch`,
          `\thave: (${args.map((arg) => named(typesOf(arg))).join(', ')})`,
          `\twant: (${signature.args.map(named).join(', ')})`,
        ].join('\n');
  return new CompileFault('rego_type_error', why, at);
};
