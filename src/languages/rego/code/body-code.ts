import { orderBody } from '../compile/safety.ts';
import { isUnification } from '../compile/variables.ts';
import { eachEntry } from '../evaluate/document.ts';
import { EvaluationFault, type SourcePlace } from '../evaluate/fault.ts';
import type { Exec, Frame, Getter, Step } from '../evaluate/frame.ts';
import {
  nameTerm,
  type RuleBody,
  type ComprehensionTerm,
  type EveryLiteral,
  type Literal,
  type SomeInLiteral,
  type Term,
} from '../syntax/term.ts';
import { equalValues, RegoObject, RegoSet, type Maybe, type RegoValue } from '../values/value.ts';
import { askCode, holdsVariable, namedLookup, readCode, type NamedLookup } from './late-lookup.ts';
import { TermCompiler } from './term-code.ts';
import { modifiedStep, type Change } from './with-code.ts';

/** The steps of a body, the last one first. */
export const chain = (steps: readonly Step[], last: Exec): Exec =>
  steps.reduceRight((next, step) => step(next), last);

/** A value that is read behind the literal that names it. */
interface LateRead {
  readonly slot: number;
  readonly read: Step;
}

/** Reads what a literal needs, and strikes it from the list. */
const readNeeded = (late: LateRead[], literal: Literal, steps: Step[]): void => {
  for (const one of late.splice(0))
    if (holdsVariable(literal, one.slot)) steps.push(one.read);
    else late.push(one);
};

const isTrue = (value: Maybe): boolean => value !== undefined && value !== false;

/** Makes closures of bodies. */
export class BodyCompiler extends TermCompiler {
  body(body: RuleBody): Step[] {
    const ordered = orderBody(body, new Set(this.bound), this.linked.arityOf);
    this.linked.ordered.set(body, ordered);
    const steps: Step[] = [];
    const late: LateRead[] = [];
    for (const [at, literal] of ordered.entries()) {
      readNeeded(late, literal, steps);
      const found = namedLookup(literal);
      const next = ordered[at + 1];
      const mayWait = found !== undefined && next !== undefined && !holdsVariable(next, found.name.slot);
      if (mayWait && !this.bound.has(found.name.slot)) late.push(this.#readLater(found, steps));
      else this.#literal(literal, steps);
    }
    // What is made of the body may need them.
    for (const { read } of late) steps.push(read);
    return steps;
  }

  /**
   * The literal fails or not where it stands, and its value is read where somebody needs it. Templates name the image of a container
   * before they look at a list of exempt images, which is mostly empty: an answer that rests on the image is of use for no
   * other Pod.
   */
  #readLater({ name: { slot }, base, key }: NamedLookup, steps: Step[]): LateRead {
    const kept = this.temporary().slot;
    steps.push(askCode(this.lower(base, steps), kept, key));
    this.bound.add(slot);
    return { slot, read: readCode(kept, key, slot) };
  }

  /** What `compile` says, while the variables that it gives values to stay inside. */
  inside<T>(compile: () => T): T {
    const outer = this.bound;
    this.bound = new Set(outer);
    const value = compile();
    this.bound = outer;
    return value;
  }

  #literal(literal: Literal, steps: Step[]): void {
    if (literal.modifiers.length > 0) {
      const changes = literal.modifiers.map(({ target, value }): Change => ({
        target,
        value,
        get: this.#replacement(target, value, steps),
      }));
      const inner: Step[] = [];
      this.#bare(literal, inner);
      steps.push(modifiedStep(this.linked, changes, (last) => chain(inner, last)));
    } else this.#bare(literal, steps);
  }

  /** The value that `with` puts in place; `undefined`: a function stands in place of a function. */
  #replacement(target: Term, value: Term, steps: Step[]): Getter | undefined {
    const isFunction = this.linked.arityOf(target) !== undefined;
    if (isFunction && this.linked.arityOf(value) !== undefined) return undefined;
    return this.lower(this.hoist(value, steps), steps);
  }

  #bare(literal: Literal, steps: Step[]): void {
    switch (literal.kind) {
      case 'some':
        return;
      case 'some-in':
        this.#someIn(literal, steps);
        return;
      case 'every':
        this.#every(literal, steps);
        return;
      case 'not':
        this.#without(() => this.body(literal.body), steps);
        return;
      case 'expression':
        if (literal.isNegated) this.#negated(literal.term, steps);
        else this.#expression(literal.term, steps);
    }
  }

  /** Goes on when there is no way to satisfy something. */
  #without(compile: () => readonly Step[], steps: Step[]): void {
    const inner = this.inside(() => chain(compile(), () => true));
    steps.push((next) => (frame) => !inner(frame) && next(frame));
  }

  #expression(term: Term, steps: Step[]): void {
    if (term.kind === 'call' && isUnification(term)) {
      const [one, other] = term.args as [Term, Term];
      this.#unify(one, other, steps);
      return;
    }
    if (term.kind === 'call') {
      const arity = this.linked.arityOf(term.operator);
      const result = term.args.at(-1);
      if (arity !== undefined && result !== undefined && term.args.length === arity + 1) {
        this.#unify({ ...term, args: term.args.slice(0, -1) }, result, steps);
        return;
      }
    }
    const get = this.lower(term, steps);
    steps.push((next) => (frame) => isTrue(get(frame)) && next(frame));
  }

  #unify(one: Term, other: Term, steps: Step[]): void {
    const left = this.hoistPattern(one, steps);
    const right = this.hoistPattern(other, steps);
    const isLeft = this.isReady(left);
    const isRight = this.isReady(right);
    if (isLeft && isRight) this.#compare(left, right, steps);
    else if (isRight) this.#match(left, right, steps);
    else if (isLeft) this.#match(right, left, steps);
    else this.#pairwise(left, right, steps);
  }

  /** References inside a composite are followed first; one alone is followed when its turn comes. */
  hoistPattern(term: Term, steps: Step[]): Term {
    return term.kind === 'array' || term.kind === 'object'
      ? this.isReady(term)
        ? term
        : this.#hoistReady(term, steps)
      : term;
  }

  #hoistReady(term: Term, steps: Step[]): Term {
    if (term.kind === 'var' || term.kind === 'scalar') return term;
    if (term.kind === 'array')
      return { ...term, items: term.items.map((item) => this.#hoistReady(item, steps)) };
    if (term.kind === 'object')
      return {
        ...term,
        pairs: term.pairs.map(
          ([key, value]) =>
            [this.isReady(key) ? this.hoist(key, steps) : key, this.#hoistReady(value, steps)] as const,
        ),
      };
    return this.isReady(term) ? this.hoist(term, steps) : term;
  }

  #compare(left: Term, right: Term, steps: Step[]): void {
    const one = this.lower(left, steps);
    const other = this.lower(right, steps);
    steps.push((next) => (frame) => {
      const value = one(frame);
      if (value === undefined) return false;
      const there = other(frame);
      frame.ctx.shared.budget.spend();
      return there !== undefined && equalValues(value, there) && next(frame);
    });
  }

  #match(pattern: Term, known: Term, steps: Step[]): void {
    const get = this.lower(known, steps);
    const match = this.matcher(pattern);
    steps.push((next) => (frame) => {
      const value = get(frame);
      frame.ctx.shared.budget.spend();
      return value !== undefined && match(frame, value) && next(frame);
    });
  }

  /** Two patterns, neither of which is known: their parts, in an order in which one side is. */
  #pairwise(left: Term, right: Term, steps: Step[]): void {
    let waiting = partsOf(left, right);
    if (waiting === undefined) {
      steps.push(() => () => false);
      return;
    }
    while (waiting.length > 0) {
      const rest: (readonly [Term, Term])[] = [];
      for (const [one, other] of waiting) {
        const isNested = partsOf(one, other) !== undefined && one.kind !== 'scalar';
        if (this.isReady(one) || this.isReady(other) || isNested) this.#unify(one, other, steps);
        else rest.push([one, other]);
      }
      if (rest.length === waiting.length) {
        steps.push(() => () => false);
        return;
      }
      waiting = rest;
    }
  }

  /** What stands inside a negated call has its value before the negation; without one, the body fails. */
  #negated(term: Term, steps: Step[]): void {
    const hoisted = this.#hoistNegated(term, steps);
    this.#without(() => {
      const found: Step[] = [];
      this.#expression(hoisted, found);
      return found;
    }, steps);
  }

  #hoistNegated(term: Term, steps: Step[]): Term {
    if (term.kind === 'ref')
      return {
        ...term,
        path: term.path.map((step) => (step.kind === 'var' ? step : this.hoist(step, steps))),
      };
    if (term.kind !== 'call') return term;
    const isEquality = isUnification(term);
    const args = term.args.map((arg) => (isEquality && arg.kind === 'ref' ? arg : this.hoist(arg, steps)));
    return { ...term, args };
  }

  #someIn({ key, value, domain, at }: SomeInLiteral, steps: Step[]): void {
    const kept = this.hoist(domain, steps);
    const slot = this.slots.next++;
    const step = key ?? { ...nameTerm('_', at), slot };
    this.#unify({ kind: 'ref', head: kept, path: [step], at }, value, steps);
  }

  #every({ key, value, domain, body }: EveryLiteral, steps: Step[]): void {
    const get = this.lower(domain, steps);
    const holds = this.inside(() => {
      for (const name of [key, value]) if (name !== undefined) this.bound.add(name.slot);
      return chain(this.body(body), () => true);
    });
    const keySlot = key?.slot ?? this.slots.next++;
    steps.push((next) => (frame) => {
      const all = get(frame);
      if (all === undefined || all === null || typeof all !== 'object') return false;
      const isBroken = eachEntry(all, (at, item) => {
        frame.ctx.shared.budget.spend();
        frame.slots[keySlot] = at;
        frame.slots[value.slot] = item;
        return !holds(frame);
      });
      return !isBroken && next(frame);
    });
  }

  comprehension(term: ComprehensionTerm): Getter {
    return this.inside(() => {
      const steps = this.body(term.body);
      const [key, value] = term.head.map((one) => this.lower(one, steps));
      if (key === undefined) return () => undefined;
      if (term.of === 'array') return arrayCode(steps, key);
      if (term.of === 'set') return setCode(steps, key);
      const place = { module: this.module, at: term.head[0]?.at ?? term.at };
      return value === undefined ? () => undefined : objectCode(steps, key, value, place);
    });
  }
}

const partsOf = (one: Term, other: Term): readonly (readonly [Term, Term])[] | undefined => {
  if (one.kind === 'array' && other.kind === 'array' && one.items.length === other.items.length)
    return one.items.map((item, at) => [item, other.items[at] ?? item] as const);
  if (one.kind !== 'object' || other.kind !== 'object' || one.pairs.length !== other.pairs.length)
    return undefined;
  const parts = one.pairs.flatMap(([key, value]) => {
    const there = other.pairs.find(
      ([known]) => key.kind === 'scalar' && known.kind === 'scalar' && equalValues(key.value, known.value),
    );
    return there === undefined ? [] : [[value, there[1]] as const];
  });
  return parts.length === one.pairs.length ? parts : undefined;
};

/** Each run fills a collection of its own, though one frame may run a comprehension inside itself. */
const collected = <T>(
  steps: readonly Step[],
  make: () => T,
  add: (into: T, frame: Frame) => void,
): Getter => {
  const open: T[] = [];
  const run = chain(steps, (frame) => {
    frame.ctx.shared.budget.spend();
    add(open.at(-1) as T, frame);
    return false;
  });
  return (frame) => {
    const depth = open.length;
    const into = make();
    open.push(into);
    try {
      run(frame);
    } finally {
      open.length = depth;
    }
    return into as RegoValue;
  };
};

const arrayCode = (steps: readonly Step[], item: Getter): Getter =>
  collected<RegoValue[]>(
    steps,
    () => [],
    (into, frame) => {
      const value = item(frame);
      if (value !== undefined) into.push(value);
    },
  );

const setCode = (steps: readonly Step[], item: Getter): Getter =>
  collected(
    steps,
    () => new RegoSet(),
    (into, frame) => {
      const value = item(frame);
      if (value !== undefined) frame.ctx.shared.budget.write(into.add(value));
    },
  );

const objectCode = (steps: readonly Step[], getKey: Getter, getValue: Getter, place: SourcePlace): Getter =>
  collected(
    steps,
    () => new RegoObject(),
    (into, frame) => {
      const key = getKey(frame);
      const value = getValue(frame);
      if (key === undefined || value === undefined) return;
      const there = into.get(key);
      if (there !== undefined && !equalValues(there, value))
        throw new EvaluationFault('eval_conflict_error', 'object keys must be unique', place);
      frame.ctx.shared.budget.write(into.set(key, value));
    },
  );
