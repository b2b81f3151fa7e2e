import type { Builtin } from '../builtins/builtin.ts';
import { CompileFault } from '../compile/compile-problem.ts';
import type { Slots } from '../compile/scope.ts';
import type { SourcePlace } from '../evaluate/fault.ts';
import type { Exec, Getter, Matcher, Step } from '../evaluate/frame.ts';
import type { RuleNode, RuleTree } from '../evaluate/rule-node.ts';
import {
  subterms,
  type CallTerm,
  type ComprehensionTerm,
  type ObjectTerm,
  type RefTerm,
  type RuleBody,
  type Term,
  type VarTerm,
} from '../syntax/term.ts';
import { equalValues, RegoObject, RegoSet, type Maybe, type RegoValue } from '../values/value.ts';
import { builtinCode, functionCode, termValues } from './call-code.ts';
import { dataStart, lookupCode, placeCode, walkCode, type DataStart, type PathStep } from './walk-code.ts';

/** What the compiler knows beside the rule at hand. */
export interface Linked {
  readonly tree: RuleTree;
  readonly builtins: ReadonlyMap<string, Builtin>;
  /** What is called: a rule, or a builtin by its name. */
  readonly functionAt: (operator: Term) => RuleNode | string;
  readonly arityOf: (operator: Term) => number | undefined;
  /** The literals of bodies in the order in which they run, once they were compiled. */
  readonly ordered: WeakMap<RuleBody, RuleBody>;
}

const writtenKey = (term: Term): Maybe => (term.kind === 'scalar' ? term.value : undefined);

/** Makes closures of terms. Which variables have values is known here, so that closures need not ask. */
export abstract class TermCompiler {
  readonly linked: Linked;
  readonly slots: Slots;
  /** The text that terms stand in. */
  readonly module: SourcePlace['module'];
  bound = new Set<number>();

  constructor(linked: Linked, slots: Slots, module: SourcePlace['module']) {
    this.linked = linked;
    this.slots = slots;
    this.module = module;
  }

  abstract comprehension(term: ComprehensionTerm): Getter;

  /** A slot of the frame for a value between two steps. */
  temporary(): VarTerm {
    const slot = this.slots.next++;
    this.bound.add(slot);
    return { kind: 'var', name: '#', slot, at: 0 };
  }

  /** Whether a term has a value once its references have been followed. */
  isReady(term: Term): boolean {
    if (term.kind === 'var') return term.slot < 0 || this.bound.has(term.slot);
    if (term.kind === 'ref') return this.isReady(term.head);
    return subterms(term).every((part) => this.isReady(part));
  }

  /** The value of a term; what must be tried in turn becomes steps. */
  lower(term: Term, steps: Step[]): Getter {
    switch (term.kind) {
      case 'scalar': {
        const { value } = term;
        return () => value;
      }
      case 'var':
        return this.#variable(term);
      case 'ref':
        return this.#reference(term, steps);
      case 'array':
        return this.#array(term.items.map((item) => this.lower(item, steps)));
      case 'set':
        return this.#set(term.items.map((item) => this.lower(item, steps)));
      case 'object':
        return this.#object(term, steps);
      case 'call':
        return this.#call(term, steps);
      case 'comprehension':
        break;
    }
    return this.comprehension(term);
  }

  #variable({ slot, name, at }: VarTerm): Getter {
    if (slot >= 0) {
      if (!this.bound.has(slot)) throw new CompileFault('rego_unsafe_var_error', `var ${name} is unsafe`, at);
      return (frame) => frame.slots[slot];
    }
    if (name === 'input') return ({ ctx }) => ctx.documents.input;
    return this.#reference({ kind: 'ref', head: { kind: 'var', name: 'data', slot, at }, path: [], at }, []);
  }

  #array(items: readonly Getter[]): Getter {
    return (frame) => termValues(frame, items);
  }

  #set(items: readonly Getter[]): Getter {
    return (frame) => {
      const values = new RegoSet();
      for (const item of items) {
        const value = item(frame);
        if (value === undefined) return undefined;
        frame.ctx.shared.budget.write(values.add(value));
      }
      return values;
    };
  }

  #object(term: ObjectTerm, steps: Step[]): Getter {
    const pairs = term.pairs.map(
      ([key, value]) => [this.lower(key, steps), this.lower(value, steps)] as const,
    );
    return (frame) => {
      const values = new RegoObject();
      for (const [getKey, getValue] of pairs) {
        const key = getKey(frame);
        const value = getValue(frame);
        if (key === undefined || value === undefined) return undefined;
        frame.ctx.shared.budget.write(values.set(key, value));
      }
      return values;
    };
  }

  /** Keeps the value of a term in a slot; without one, the body fails here. */
  hoist(term: Term, steps: Step[]): Term {
    if (term.kind === 'scalar' || term.kind === 'var') return term;
    const get = this.lower(term, steps);
    const kept = this.temporary();
    steps.push(keepStep(get, kept.slot));
    return kept;
  }

  #call(term: CallTerm, steps: Step[]): Getter {
    const args = term.args.map((arg) => this.lower(arg, steps));
    const target = this.linked.functionAt(term.operator);
    if (typeof target !== 'string') return functionCode(target, args);
    const builtin = this.linked.builtins.get(target);
    if (builtin === undefined)
      throw new CompileFault('rego_type_error', `undefined function ${target}`, term.at);
    const get = builtinCode(target, builtin, args);
    return target === 'walk' ? this.#relation(get, steps) : get;
  }

  /** A builtin with more than one answer: an array of them. */
  #relation(get: Getter, steps: Step[]): Getter {
    const { slot } = this.temporary();
    steps.push((next) => (frame) => {
      const answers = get(frame);
      if (!Array.isArray(answers)) return false;
      return (answers as readonly RegoValue[]).some((answer) => {
        frame.ctx.shared.budget.spend();
        frame.slots[slot] = answer;
        return next(frame);
      });
    });
    return (frame) => frame.slots[slot];
  }

  #reference(term: RefTerm, steps: Step[]): Getter {
    const { head } = term;
    if (head.kind === 'var' && head.slot < 0 && head.name === 'data')
      return this.#dataReference(term.path, steps);
    return this.#valueReference(this.lower(head, steps), term.path, steps);
  }

  #dataReference(terms: readonly Term[], steps: Step[]): Getter {
    const start = dataStart(this.linked.tree, terms.map(writtenKey));
    const rest = terms.slice(start.taken);
    if (start.kind === 'value') return this.#valueReference(start.get, rest, steps);
    const path: PathStep[] = [];
    for (const [at, term] of rest.entries()) {
      const inner: Step[] = [];
      const step = this.#pathStep(term, inner);
      if (inner.length > 0 && path.some((one) => 'match' in one)) {
        const kept = this.#placeWalk(start, path, steps);
        steps.push(...inner);
        return this.#valueReference(this.#walk(kept, [step], steps), rest.slice(at + 1), steps);
      }
      steps.push(...inner);
      path.push(step);
    }
    return this.#placeWalk(start, path, steps);
  }

  #placeWalk(
    start: DataStart & { readonly kind: 'place' },
    path: readonly PathStep[],
    steps: Step[],
  ): Getter {
    const { slot } = this.temporary();
    const keep = (next: Exec): Exec =>
      placeCode(start, path, (frame, value) => {
        frame.slots[slot] = value;
        return next(frame);
      });
    if (path.some((step) => 'match' in step)) {
      steps.push(keep);
      return (frame) => frame.slots[slot];
    }
    const find = keep(() => true);
    return (frame) => (find(frame) ? frame.slots[slot] : undefined);
  }

  #valueReference(start: Getter, terms: readonly Term[], steps: Step[]): Getter {
    const path: PathStep[] = [];
    for (const [at, term] of terms.entries()) {
      const inner: Step[] = [];
      const step = this.#pathStep(term, inner);
      const isLate = inner.length > 0 && path.some((one) => 'match' in one);
      if (isLate) {
        // A step that is tried in turn needs the variables that steps before it give values to.
        const kept = this.#walk(start, path, steps);
        steps.push(...inner);
        return this.#valueReference(this.#walk(kept, [step], steps), terms.slice(at + 1), steps);
      }
      steps.push(...inner);
      path.push(step);
    }
    return this.#walk(start, path, steps);
  }

  #walk(start: Getter, path: readonly PathStep[], steps: Step[]): Getter {
    const keys = path.flatMap((step) => ('get' in step ? [step.get] : []));
    if (keys.length === path.length) return lookupCode(start, keys);
    const { slot } = this.temporary();
    steps.push((next) => {
      const walk = walkCode(path, 0, (frame, value) => {
        frame.slots[slot] = value;
        return next(frame);
      });
      return (frame) => {
        const value = start(frame);
        return value !== undefined && walk(frame, value);
      };
    });
    return (frame) => frame.slots[slot];
  }

  #pathStep(term: Term, steps: Step[]): PathStep {
    if (this.isReady(term)) return { get: this.lower(term, steps) };
    return { match: this.matcher(this.hoistInside(term, steps)) };
  }

  /** A pattern whose references and calls have been worked out. */
  hoistInside(term: Term, steps: Step[]): Term {
    if (term.kind === 'array')
      return { ...term, items: term.items.map((item) => this.hoistInside(item, steps)) };
    if (term.kind !== 'object') return this.hoist(term, steps);
    const pairs = term.pairs.map(
      ([key, value]) => [this.hoist(key, steps), this.hoistInside(value, steps)] as const,
    );
    return { ...term, pairs };
  }

  /** Holds a value against a pattern in which nothing is left to follow. */
  matcher(pattern: Term): Matcher {
    if (pattern.kind === 'var' && pattern.slot >= 0 && !this.bound.has(pattern.slot)) {
      const { slot } = pattern;
      this.bound.add(slot);
      return (frame, value) => {
        frame.slots[slot] = value;
        return true;
      };
    }
    if (pattern.kind === 'array' && !this.isReady(pattern)) return this.#arrayMatcher(pattern.items);
    if (pattern.kind === 'object' && !this.isReady(pattern)) return this.#objectMatcher(pattern);
    const get = this.lower(pattern, []);
    return (frame, value) => {
      const known = get(frame);
      return known !== undefined && equalValues(known, value);
    };
  }

  #arrayMatcher(items: readonly Term[]): Matcher {
    const matchers = items.map((item) => this.matcher(item));
    return (frame, value) => {
      if (!Array.isArray(value) || value.length !== matchers.length) return false;
      return matchers.every((match, at) => match(frame, (value as readonly RegoValue[])[at] ?? null));
    };
  }

  #objectMatcher({ pairs }: ObjectTerm): Matcher {
    const keys = pairs.map(([key]) => this.lower(key, []));
    const matchers = pairs.map(([, value]) => this.matcher(value));
    return (frame, value) => {
      if (!(value instanceof RegoObject) || value.size !== matchers.length) return false;
      return matchers.every((match, at) => {
        const key = keys[at]?.(frame);
        const found = key === undefined ? undefined : value.get(key);
        return found !== undefined && match(frame, found);
      });
    };
  }
}

const keepStep =
  (get: Getter, slot: number): Step =>
  (next) =>
  (frame) => {
    const value = get(frame);
    if (value === undefined) return false;
    frame.slots[slot] = value;
    return next(frame);
  };
