import type { Builtin } from '../builtins/builtin.ts';
import { CompileFault, problemIn, type CompileProblem } from '../compile/compile-problem.ts';
import { globalsOf } from '../compile/globals.ts';
import { checkQueryTypes, typeOfRules, type TypedPolicy } from '../compile/check-types.ts';
import { inOrderOfAsking, meetRule, rulesAsked } from '../compile/references.ts';
import { RuleResolver } from '../compile/resolve-rule.ts';
import { signatureOf } from '../compile/type-signature.ts';
import type { MaybeType } from '../compile/type.ts';
import { wrongArity } from '../compile/wrong-arity.ts';
import { RuleTree, type RuleKind, type RuleNode } from '../evaluate/rule-node.ts';
import type { CallTerm, Module, RegoRule, RuleBody, RuleHead, Term } from '../syntax/term.ts';
import {
  entriesCode,
  entryMaker,
  ruleCode,
  setCode,
  setMaker,
  valueCode,
  type ResolvedRule,
} from './rule-code.ts';
import type { Linked } from './term-code.ts';

/** A module that was read, by the name of its file. */
export interface NamedModule extends Module {
  readonly file: string;
}

interface PlacedRule extends ResolvedRule {
  readonly module: NamedModule;
  readonly node: RuleNode;
  /** How many steps of its head lead to the node. */
  readonly depth: number;
}

export interface Link {
  readonly linked: Linked;
  readonly rules: readonly PlacedRule[];
  readonly problems: readonly CompileProblem[];
  /** What the types of queries are worked out from. */
  readonly typed: TypedPolicy;
}

const staticSteps = (head: RuleHead): readonly string[] => {
  const steps = head.path.map((step) =>
    step.kind === 'scalar' && typeof step.value === 'string' ? step.value : undefined,
  );
  const end = steps.indexOf(undefined);
  return steps.slice(0, end < 0 ? steps.length : end) as readonly string[];
};

const kindOf = (head: RuleHead, depth: number): RuleKind => {
  if (head.args !== undefined && head.args.length > 0) return 'function';
  if (depth < head.path.length) return 'object';
  return head.member === undefined ? 'value' : 'set';
};

/** Names of builtins, and functions of `data`. */
const linkedOf = (tree: RuleTree, builtins: ReadonlyMap<string, Builtin>): Linked => {
  const nodeAt = (operator: Term): RuleNode | undefined => {
    if (operator.kind !== 'ref') return undefined;
    const steps = operator.path.map((step) => (step.kind === 'scalar' ? step.value : undefined));
    return tree.find(steps as readonly string[]);
  };
  return {
    tree,
    builtins,
    ordered: new WeakMap(),
    arityOf: (operator) => {
      if (operator.kind === 'var' && operator.slot < 0) return signatureOf(operator.name)?.args.length;
      const node = nodeAt(operator);
      return node?.kind === 'function' ? node.arity : undefined;
    },
    functionAt: (operator) => {
      if (operator.kind === 'var') return operator.name;
      const node = nodeAt(operator);
      if (node?.kind !== undefined) return node;
      const name =
        operator.kind === 'ref'
          ? [
              operator.head.kind === 'var' ? operator.head.name : '?',
              ...operator.path.map((step) => (step.kind === 'scalar' ? (step.value as string) : '?')),
            ]
          : [];
      throw new CompileFault('rego_type_error', `undefined function ${name.join('.')}`, operator.at);
    },
  };
};

const inOrder = (one: CompileProblem, other: CompileProblem): number =>
  one.file === other.file
    ? one.line - other.line || one.column - other.column
    : one.file < other.file
      ? -1
      : 1;

/** Makes a policy of modules: places their rules, checks them, and makes closures of them. */
export class Linker {
  readonly #tree = new RuleTree();
  readonly #linked: Linked;
  readonly #rules: PlacedRule[] = [];
  readonly #problems: CompileProblem[] = [];

  constructor(builtins: ReadonlyMap<string, Builtin>) {
    this.#linked = linkedOf(this.#tree, builtins);
  }

  #report(module: NamedModule, fault: CompileFault): void {
    for (const one of [fault, ...fault.others]) this.#problems.push(problemIn(module, one));
  }

  /** Runs something, and keeps what it finds wrong with a module. */
  #checked(module: NamedModule, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof CompileFault)) throw error;
      this.#report(module, error);
    }
  }

  #place(module: NamedModule, rule: RegoRule, resolver: RuleResolver): void {
    this.#checked(module, () => {
      const resolved = resolver.rule(rule);
      const steps = staticSteps(resolved.rule.head);
      const [first = ''] = steps;
      if (first === 'input' || first === 'data') {
        const why = `rules must not shadow ${first} (use a different rule name)`;
        throw new CompileFault('rego_compile_error', why, rule.at);
      }
      const node = this.#tree.place([...module.package, ...steps]);
      const kind = kindOf(resolved.rule.head, steps.length);
      const arity = resolved.rule.head.args?.length ?? 0;
      const isOther =
        node.kind !== undefined && (node.kind !== kind || (kind === 'function' && node.arity !== arity));
      if (isOther) throw new CompileFault('rego_type_error', `conflicting rules ${node.name} found`, rule.at);
      node.kind = kind;
      node.arity = arity;
      this.#rules.push({ ...resolved, module, node, depth: steps.length });
    });
  }

  #placeAll(modules: readonly NamedModule[]): void {
    const rulesOf = (name: readonly string[]): readonly RegoRule[] =>
      modules.filter((module) => module.package.join('\n') === name.join('\n')).flatMap(({ rules }) => rules);
    for (const module of modules) {
      this.#tree.place(module.package);
      const resolver = new RuleResolver(globalsOf(module, rulesOf(module.package)), (fault) =>
        this.#report(module, fault),
      );
      for (const rule of module.rules) this.#place(module, rule, resolver);
    }
  }

  #byNode(): ReadonlyMap<RuleNode, readonly PlacedRule[]> {
    const groups = new Map<RuleNode, PlacedRule[]>();
    for (const rule of this.#rules) {
      const group = groups.get(rule.node);
      if (group === undefined) groups.set(rule.node, [rule]);
      else group.push(rule);
    }
    return groups;
  }

  /** The rules, each behind those that it asks. */
  #checkRecursion(groups: ReadonlyMap<RuleNode, readonly PlacedRule[]>): readonly RuleNode[] {
    const asked = (node: RuleNode): readonly RuleNode[] => {
      const found = new Set<RuleNode>();
      const reference = (term: Term & { kind: 'ref' }): void => {
        for (const one of rulesAsked(this.#tree, term)) found.add(one);
      };
      for (const { rule } of groups.get(node) ?? []) meetRule(rule, { reference });
      return [...found];
    };
    const ordered = inOrderOfAsking([...groups.keys()], asked);
    if (ordered.ok) return ordered.value;
    const circle = ordered.error;
    const [first] = circle;
    const [rule] = first === undefined ? [] : (groups.get(first) ?? []);
    if (first === undefined || rule === undefined) return [];
    const message = `rule ${first.name} is recursive: ${circle.map(({ name }) => name).join(' -> ')}`;
    this.#report(rule.module, new CompileFault('rego_recursion_error', message, rule.rule.at));
    return [];
  }

  #checkCalls({ module, rule }: PlacedRule): void {
    const call = (term: Term & { kind: 'call' }): void =>
      this.#checked(module, () => {
        checkCall(this.#linked, term);
      });
    meetRule(rule, { call });
  }

  /** The type of each rule is worked out when it is asked for: rules ask one another in no circle. */
  #typed(groups: ReadonlyMap<RuleNode, readonly PlacedRule[]>): TypedPolicy {
    const { tree, functionAt, arityOf, ordered } = this.#linked;
    const known = new Map<RuleNode, MaybeType>();
    const typed: TypedPolicy = {
      root: tree.root,
      functionAt,
      arityOf,
      orderOf: (body) => ordered.get(body) ?? body,
      typeOfRule: (node) => {
        if (known.has(node)) return known.get(node);
        const report = ({ module }: PlacedRule, fault: CompileFault): void => this.#report(module, fault);
        const type = typeOfRules(typed, groups.get(node) ?? [], report);
        known.set(node, type);
        return type;
      },
    };
    return typed;
  }

  #code(node: RuleNode, rules: readonly PlacedRule[]): void {
    const [first] = rules;
    if (first === undefined) return;
    const defaults = rules.filter(({ rule }) => rule.isDefault);
    const second = defaults[1];
    if (second !== undefined)
      this.#report(
        second.module,
        new CompileFault('rego_type_error', `multiple default rules ${node.name} found`, second.rule.at),
      );
    this.#install(node, rules);
  }

  /** What is made of each rule; what is wrong in one is said of its own module. */
  #compiled<T>(rules: readonly PlacedRule[], compile: (linked: Linked, rule: PlacedRule) => T): readonly T[] {
    const all: T[] = [];
    for (const rule of rules) this.#checked(rule.module, () => void all.push(compile(this.#linked, rule)));
    return all;
  }

  #install(node: RuleNode, rules: readonly PlacedRule[]): void {
    if (node.kind === 'set') node.value = setCode(this.#compiled(rules, setMaker));
    else if (node.kind === 'object') node.entries = entriesCode(this.#compiled(rules, entryMaker));
    else {
      const isFunction = node.kind === 'function';
      const run = valueCode(this.#compiled(rules, ruleCode), isFunction);
      if (isFunction) node.call = run;
      else node.value = (ctx) => run(ctx, []);
    }
  }

  link(modules: readonly NamedModule[]): Link {
    this.#placeAll(modules);
    const groups = this.#byNode();
    if (this.#problems.length === 0) for (const rule of this.#rules) this.#checkCalls(rule);
    const order = this.#problems.length === 0 ? this.#checkRecursion(groups) : [];
    if (this.#problems.length === 0) for (const [node, rules] of groups) this.#code(node, rules);
    const typed = this.#typed(groups);
    if (this.#problems.length === 0) for (const node of order) typed.typeOfRule(node);
    return { linked: this.#linked, rules: this.#rules, problems: this.#problems.sort(inOrder), typed };
  }
}

/** @throws {CompileFault} for a function that is not there, or a wrong number of arguments */
export const checkCall = (linked: Linked, call: CallTerm): void => {
  const { operator, args, at } = call;
  const target = linked.functionAt(operator);
  const name = typeof target === 'string' ? target : target.name;
  if (target === 'print') return;
  const isRule = typeof target !== 'string' && target.kind !== 'function';
  const arity = isRule ? 0 : linked.arityOf(operator);
  if (arity === undefined || (isRule && args.length > 0))
    throw new CompileFault('rego_type_error', `undefined function ${name}`, at);
  if (args.length !== arity && args.length !== arity + 1) throw wrongArity(call, name, arity);
};

/** @throws {CompileFault} for a query that no value could satisfy */
export const checkQuery = ({ typed }: Link, body: RuleBody): void => {
  checkQueryTypes(typed, body, (fault) => {
    throw fault;
  });
};
