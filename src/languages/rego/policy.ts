import { fail, ok, type Result } from '../../core/result.ts';
import { builtins } from './builtins/builtins.ts';
import { isExcluded } from './builtins/signatures.ts';
import { BodyCompiler, chain } from './code/body-code.ts';
import { checkCall, checkQuery, Linker, type Link, type NamedModule } from './code/link.ts';
import { CompileFault, positionAt, problemIn, type CompileProblem } from './compile/compile-problem.ts';
import { deprecatedCalls } from './compile/deprecated-builtins.ts';
import { meetBody, meetRule } from './compile/references.ts';
import { RuleResolver } from './compile/resolve-rule.ts';
import { Scope } from './compile/scope.ts';
import { visitBody } from './compile/variables.ts';
import { EvaluationBudget } from './evaluate/budget.ts';
import { documentOf } from './evaluate/document.ts';
import { Evaluation, type Surroundings } from './evaluate/evaluation.ts';
import { EvaluationFault, type BuiltinFault, type EvaluationProblem } from './evaluate/fault.ts';
import { frameOf } from './evaluate/frame.ts';
import type { RuleTree } from './evaluate/rule-node.ts';
import { nestsTooDeeply, parseModule, parseQuery, type RegoVersion } from './syntax/parse-module.ts';
import type { VarTerm } from './syntax/term.ts';
import { NumberTooLarge } from './values/big-float.ts';
import { RegoObject, type Maybe, type RegoValue } from './values/value.ts';
import { withWalkBound, WalkTooLong } from './values/walk-bound.ts';

/** The text of a module, as a file or a template holds it. */
export interface ModuleSource {
  readonly file: string;
  readonly text: string;
  readonly version: RegoVersion;
  /** Stands for the package that the text names. */
  readonly package?: readonly string[];
}

/** What a policy is asked about. */
export interface Asked {
  readonly input?: RegoValue;
  readonly data?: RegoObject;
  readonly surroundings: Surroundings;
  /** A fault of a builtin ends the evaluation, instead of leaving its expression without a value. */
  readonly isStrict?: boolean;
  /** What the evaluation may do; its steps can be read afterwards. */
  readonly budget?: EvaluationBudget;
}

/** The variables of a query, once for each way to satisfy it. */
export type Bindings = ReadonlyMap<string, RegoValue>;

export interface ExcludedCall {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Policy {
  /** Calls of builtins that this engine knows and does not run. */
  readonly excluded: readonly ExcludedCall[];
  /** The value under `data` at a path. */
  readonly document: (path: readonly string[], asked: Asked) => Result<Maybe, EvaluationProblem>;
  readonly query: (
    text: string,
  ) => Result<(asked: Asked) => Result<readonly Bindings[], EvaluationProblem>, CompileProblem>;
}

const problemOf = ({ code, message, place }: EvaluationFault): EvaluationProblem => {
  if (place === undefined) return { code, message };
  const { module, at } = place;
  return { code, message, place: { file: module.file, line: positionAt(module.source, at).line } };
};

const evaluated = <T>(asked: Asked, run: (ctx: Evaluation) => T): Result<T, EvaluationProblem> => {
  const shared = {
    budget: asked.budget ?? new EvaluationBudget(),
    surroundings: asked.surroundings,
    faults: [] as BuiltinFault[],
    kept: new Map<string, unknown>(),
  };
  const ctx = new Evaluation(shared, { input: asked.input, data: asked.data ?? new RegoObject() });
  try {
    const value = withWalkBound(() => run(ctx), shared.budget.bounds.walked);
    const [fault] = shared.faults;
    return asked.isStrict === true && fault !== undefined
      ? fail({ code: fault.code, message: fault.message })
      : ok(value);
  } catch (error) {
    if (error instanceof EvaluationFault) return fail(problemOf(error));
    if (error instanceof WalkTooLong) shared.budget.end();
    if (error instanceof NumberTooLarge || error instanceof WalkTooLong)
      return fail({ code: 'budget_exceeded', message: error.message });
    // The stack of the engine has no more room: rules nest too deeply.
    if (error instanceof RangeError)
      return fail({ code: 'budget_exceeded', message: 'evaluation nests too deeply' });
    throw error;
  }
};

const excludedCalls = ({ rules }: Link): readonly ExcludedCall[] => {
  const found: ExcludedCall[] = [];
  for (const { rule, module } of rules)
    meetRule(rule, {
      call: ({ operator, at }) => {
        if (operator.kind === 'var' && isExcluded(operator.name))
          found.push({ name: operator.name, file: module.file, ...positionAt(module.source, at) });
      },
    });
  return found;
};

type RunQuery = (asked: Asked) => Result<readonly Bindings[], EvaluationProblem>;

const queryCode = (link: Link, text: string): Result<RunQuery, CompileProblem> => {
  const module = { file: 'query', source: text };
  const { linked } = link;
  const parsed = parseQuery(text);
  if (!parsed.ok) return fail(problemIn(module, { code: 'rego_parse_error', ...parsed.error }));
  try {
    const slots = { next: 0 };
    const resolver = new RuleResolver(
      new Map([
        ['data', ['data']],
        ['input', ['input']],
      ]),
      // What a query declares is its answer.
      () => undefined,
    );
    const { body } = resolver.body(parsed.value, new Scope(slots), []);
    meetBody(body, { call: (call) => checkCall(linked, call) });
    const variables: VarTerm[] = [];
    visitBody(body, (one) => one.slot >= 0 && one.name !== '_' && variables.push(one), { closures: false });
    const steps = new BodyCompiler(linked, slots, module).body(body);
    checkQuery(link, body);
    const found: Bindings[][] = [];
    const run = chain(steps, (frame) => {
      frame.ctx.shared.budget.spend();
      found.at(-1)?.push(new Map(variables.map(({ name, slot }) => [name, frame.slots[slot] ?? null])));
      return false;
    });
    return ok((asked) =>
      evaluated(asked, (ctx) => {
        const all: Bindings[] = [];
        found.push(all);
        try {
          run(frameOf(ctx, slots.next));
        } finally {
          found.pop();
        }
        return all;
      }),
    );
  } catch (error) {
    if (error instanceof CompileFault) return fail(problemIn(module, error));
    throw error;
  }
};

const documentAt =
  (tree: RuleTree) =>
  (path: readonly string[], asked: Asked): Result<Maybe, EvaluationProblem> =>
    evaluated(asked, (ctx) => {
      const node = tree.find(path);
      return node === undefined ? undefined : documentOf(ctx, node, undefined);
    });

const deprecations = (modules: readonly NamedModule[]): readonly CompileProblem[] =>
  modules
    .filter(({ isStrict }) => isStrict)
    .flatMap((module) => deprecatedCalls(module).map((fault) => problemIn(module, fault)));

const linkedPolicy = (modules: readonly NamedModule[]): Result<Policy, readonly CompileProblem[]> => {
  const link = new Linker(builtins).link(modules);
  const problems = link.problems.length > 0 ? link.problems : deprecations(modules);
  if (problems.length > 0) return fail(problems);
  return ok({
    excluded: excludedCalls(link),
    document: documentAt(link.linked.tree),
    query: (text) => queryCode(link, text),
  });
};

/** Makes a policy of modules, or says why they are none (Policy Language, "Modules"). */
export const compileModules = (
  modules: readonly NamedModule[],
): Result<Policy, readonly CompileProblem[]> => {
  try {
    return linkedPolicy(modules);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [first] = modules;
    return fail([
      { code: 'rego_parse_error', message: nestsTooDeeply, file: first?.file ?? '', line: 1, column: 1 },
    ]);
  }
};

/** Reads the texts of modules and makes a policy of them, or says what is wrong with each. */
export const compileRego = (sources: readonly ModuleSource[]): Result<Policy, readonly CompileProblem[]> => {
  const problems: CompileProblem[] = [];
  const modules: NamedModule[] = [];
  for (const { file, text, version, package: named } of sources) {
    const parsed = parseModule(text, version);
    if (!parsed.ok) {
      problems.push(problemIn({ file, source: text }, { code: 'rego_parse_error', ...parsed.error }));
      continue;
    }
    modules.push({ ...parsed.value, package: named ?? parsed.value.package, file });
  }
  return problems.length > 0 ? fail(problems) : compileModules(modules);
};
