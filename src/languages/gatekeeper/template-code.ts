import { fail, ok, type Result } from '../../core/result.ts';
import type { Place } from '../../core/text/parsed-text.ts';
import { positionAt } from '../rego/compile/compile-problem.ts';
import type { NamedModule } from '../rego/code/link.ts';
import { compileModules, type Policy } from '../rego/policy.ts';
import { parseModule, type RegoVersion } from '../rego/syntax/parse-module.ts';
import type { Import, Module, RefTerm, RegoRule, Term } from '../rego/syntax/term.ts';
import { readsNamespaceObject } from './namespace/namespace-reads.ts';
import { walkSyntax } from './syntax-walk.ts';

/** The texts in Rego of a template. */
export interface TemplateSource {
  readonly rego: string;
  readonly libs: readonly string[];
  readonly version: RegoVersion;
}

/** Somewhere in one of these texts. */
interface CodePlace extends Place {
  /** `undefined`: the text with the violations; else the place of a library among the others. */
  readonly lib: number | undefined;
}

/** What is wrong in one of these texts. */
export interface CodeProblem extends CodePlace {
  readonly message: string;
  /** The text is legal, but nothing here can run it. */
  readonly isUnsupported?: boolean;
}

/** A template that can be evaluated. */
export interface TemplateCode {
  readonly policy: Pick<Policy, 'document'>;
  /** What it was compiled from. */
  readonly source: TemplateSource;
  /** Where it reads data.inventory first; `undefined`: it does not. */
  readonly inventory: CodePlace | undefined;
  /** It may ask for the namespace of the object. */
  readonly readsNamespace: boolean;
}

/** Gatekeeper names the packages so, and its messages hold the names. */
const entryPackage = ['template'];
const libFile = (at: number): string => `libs["lib_${at}"]`;
export const violationPath = [...entryPackage, 'violation'];

/** What the rules of a module read of data. */
export class Reads {
  /** Where data.inventory is read first, in the first text that reads it. */
  inventoryAt: number | undefined;
  /** References to data that no template may read. */
  readonly disallowed: { readonly name: string; readonly at: number }[] = [];

  /** What the walk missed could read the data of others. */
  add(rules: readonly RegoRule[]): void {
    walkSyntax(rules, (term) => this.#below(term));
  }

  /** What else to go through. The name that a reference begins with is part of the reference. */
  #below(term: Term): readonly unknown[] | undefined {
    if (term.kind === 'ref' && term.head.kind === 'var') {
      this.#reference(term.head.name, term);
      return [term.path];
    }
    if (term.kind === 'var' && term.name === 'data') this.disallowed.push({ name: 'data', at: term.at });
    return undefined;
  }

  #reference(head: string, { path, at }: RefTerm): void {
    const [first] = path.map((step) => (step.kind === 'scalar' ? step.value : undefined));
    if (head !== 'data' || first === 'lib') return;
    if (first === 'inventory') this.inventoryAt ??= at;
    else this.disallowed.push({ name: typeof first === 'string' ? `data.${first}` : 'data', at });
  }
}

/** A text with its module. */
interface Part {
  readonly lib: number | undefined;
  readonly text: string;
  readonly module: Module;
}

export const problemAt = (
  { lib, text }: Pick<Part, 'lib' | 'text'>,
  offset: number,
  message: string,
): CodeProblem => ({
  lib,
  message,
  ...positionAt(text, offset),
});

const importProblem = (part: Part, { path, at }: Import): CodeProblem | undefined => {
  const [root, second] = path;
  if (root === 'future' || (root === 'data' && second === 'lib')) return undefined;
  const name = path.join('.');
  const remedy =
    name === 'rego.v1'
      ? 'remove it; a template is written in Rego 1 by `version: v1` beside `rego` in `targets[].code[].source`'
      : 'a template imports `data.lib…` and `future.keywords…` alone';
  return problemAt(part, at, `bad import "${name}": ${remedy}`);
};

/** A function of this name would never be asked, so nothing would ever be refused. */
export const isViolation = ({ head: { path, args = [] } }: RegoRule): boolean => {
  const [name] = path;
  return name?.kind === 'scalar' && name.value === 'violation' && args.length === 0;
};

const packageProblem = (part: Part): CodeProblem | undefined => {
  const { package: path } = part.module;
  if (part.lib === undefined || (path[0] === 'lib' && path.length > 1)) return undefined;
  return problemAt(part, 0, `the package "${path.join('.')}" of a library does not stand below "lib"`);
};

const problemsOf = (part: Part, reads: Reads): readonly CodeProblem[] => {
  const { module, lib } = part;
  const before = reads.disallowed.length;
  reads.add(module.rules);
  const missing =
    lib === undefined && !module.rules.some(isViolation)
      ? problemAt(part, 0, 'missing required rule "violation"')
      : undefined;
  return [
    packageProblem(part),
    ...module.imports.map((one) => importProblem(part, one)),
    missing,
    ...reads.disallowed
      .slice(before)
      .map(({ name, at }) =>
        problemAt(part, at, `disallowed ref ${name}: a template reads data.lib and data.inventory alone`),
      ),
  ].filter((problem) => problem !== undefined);
};

interface PlacedFile {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const placed = (names: ReadonlyMap<string, number | undefined>, { file, line, column }: PlacedFile) => ({
  lib: names.get(file),
  line,
  column,
});

const compiled = (
  modules: readonly NamedModule[],
  names: ReadonlyMap<string, number | undefined>,
): Result<TemplateCode['policy'], readonly CodeProblem[]> => {
  const policy = compileModules(modules);
  if (!policy.ok)
    return fail(
      policy.error.map(({ code, message, ...place }) => ({
        message: `${code}: ${message}`,
        ...placed(names, place),
      })),
    );
  const excluded = policy.value.excluded.map(({ name, ...place }) => ({
    message: `calls ${name}, which is never run here`,
    isUnsupported: true,
    ...placed(names, place),
  }));
  if (excluded.length > 0) return fail(excluded);
  // What queries would need, the syntax of all rules, is forgotten.
  const { document } = policy.value;
  return ok({ document });
};

/** A module of a template under the package that it is compiled under. */
export const compiledModule = (lib: number | undefined, module: Module): Module =>
  lib === undefined ? { ...module, package: entryPackage } : module;

/** Compiles the texts of a template, within what Gatekeeper lets a template import and read. */
export const compileTemplate = ({
  rego,
  libs,
  version,
}: TemplateSource): Result<TemplateCode, readonly CodeProblem[]> => {
  const texts = [
    { lib: undefined, text: rego, file: 'template' },
    ...libs.map((text, lib) => ({ lib, text, file: libFile(lib) })),
  ];
  const reads = new Reads();
  const problems: CodeProblem[] = [];
  const modules: NamedModule[] = [];
  let inventory: CodePlace | undefined;
  for (const { lib, text, file } of texts) {
    const parsed = parseModule(text, version);
    if (parsed.ok) {
      modules.push({ ...compiledModule(lib, parsed.value), file });
      problems.push(...problemsOf({ lib, text, module: parsed.value }, reads));
      if (reads.inventoryAt !== undefined) inventory ??= { lib, ...positionAt(text, reads.inventoryAt) };
    } else {
      const { message, offset } = parsed.error;
      problems.push(problemAt({ lib, text }, offset, `rego_parse_error: ${message}`));
    }
  }
  if (problems.length > 0) return fail(problems);
  const policy = compiled(modules, new Map(texts.map(({ file, lib }) => [file, lib])));
  if (!policy.ok) return policy;
  return ok({
    policy: policy.value,
    source: { rego, libs, version },
    inventory,
    readsNamespace: readsNamespaceObject(modules),
  });
};
