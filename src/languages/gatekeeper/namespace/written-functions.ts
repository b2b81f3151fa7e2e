import { dottedName } from '../../rego/compile/variables.ts';
import { textOfTerm, type CallTerm, type Module, type Term } from '../../rego/syntax/term.ts';

/** A module of a template, with the package that it is compiled under. */
export type TemplateModule = Pick<Module, 'package' | 'imports' | 'rules'>;

/** One body of a function. */
interface WrittenFunction {
  readonly module: TemplateModule;
  readonly args: readonly Term[];
}

const keyOf = (path: readonly string[]): string => path.join('.');

/** The functions of all modules of a template. */
export class WrittenFunctions {
  /** By the path of their rules. */
  readonly #functions = new Map<string, WrittenFunction[]>();

  constructor(modules: readonly TemplateModule[]) {
    for (const module of modules)
      for (const { head } of module.rules) {
        if (head.args === undefined) continue;
        const key = keyOf([...module.package, ...head.path.map((step) => textOfTerm(step) ?? '')]);
        const others = this.#functions.get(key);
        if (others === undefined) this.#functions.set(key, [{ module, args: head.args }]);
        else others.push({ module, args: head.args });
      }
  }

  /** Those that a call in a module may run; none: it calls a builtin. */
  calledBy({ operator }: CallTerm, module: TemplateModule): readonly WrittenFunction[] {
    const name = dottedName(operator);
    if (name === undefined) return [];
    const [first = '', ...rest] = name.split('.');
    const paths = [
      [...module.package, name],
      ...(first === 'data' ? [rest] : []),
      ...module.imports.filter(({ alias }) => alias === first).map(({ path }) => [...path.slice(1), ...rest]),
    ];
    return paths.flatMap((path) => this.#functions.get(keyOf(path)) ?? []);
  }
}
