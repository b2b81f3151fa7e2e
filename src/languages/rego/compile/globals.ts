import { nameTerm, scalarTerm, type Module, type RegoRule, type Term } from '../syntax/term.ts';

/** What names mean in a whole module: `data`, `input`, imports and the rules of its package. */
export type Globals = ReadonlyMap<string, readonly string[]>;

export const globalsOf = (module: Module, packageRules: readonly RegoRule[]): Globals => {
  const names = new Map<string, readonly string[]>([
    ['data', ['data']],
    ['input', ['input']],
  ]);
  for (const { head } of packageRules) {
    const [first] = head.path;
    if (first?.kind === 'scalar' && typeof first.value === 'string')
      names.set(first.value, ['data', ...module.package, first.value]);
  }
  for (const { path, alias } of module.imports) {
    if (path[0] !== 'future' && path[0] !== 'rego') names.set(alias, path);
  }
  return names;
};

/** A global name as a reference: `data` and `input` are what it begins with. */
export const globalTerm = (path: readonly string[], rest: readonly Term[], at: number): Term => {
  const head = nameTerm(path[0] ?? '', at);
  const steps = [...path.slice(1).map((step) => scalarTerm(step, at)), ...rest];
  return steps.length === 0 ? head : { kind: 'ref', head, path: steps, at };
};
