import { plural } from '../../../core/text/plural.ts';
import type { CallTerm } from '../syntax/term.ts';
import { CompileFault } from './compile-problem.ts';
import { TypeEnvironment } from './type-environment.ts';
import { signatureOf } from './type-signature.ts';
import { typeText, type MaybeType } from './type.ts';

/** What the form of a term says of its type. */
class FormTypes extends TypeEnvironment {
  protected computed(): MaybeType {
    return undefined;
  }
}

/** A call with another number of arguments than what is called takes. */
export const wrongArity = ({ operator, args, at }: CallTerm, name: string, arity: number): CompileFault => {
  const signature = operator.kind === 'var' ? signatureOf(operator.name) : undefined;
  const types = new FormTypes();
  const why =
    signature === undefined
      ? `function ${name} has arity ${arity}, got ${plural(args.length, 'argument')}`
      : [
          `${name}: arity mismatch`,
          `\thave: (${args.map((arg) => typeText(types.typeOf(arg))).join(', ')})`,
          `\twant: (${signature.args.map(({ text }) => text).join(', ')})`,
        ].join('\n');
  return new CompileFault('rego_type_error', why, at);
};
