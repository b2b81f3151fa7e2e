import type { VarTerm } from '../syntax/term.ts';
import { CompileFault } from './compile-problem.ts';

/** Counts the slots of a rule. */
export interface Slots {
  next: number;
}

/** The names that are variables in a body, and those around it. */
export class Scope {
  readonly #slots: Slots;
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, number>();
  readonly #declared = new Set<string>();
  readonly #seen = new Set<string>();

  constructor(slots: Slots, parent?: Scope) {
    this.#slots = slots;
    this.#parent = parent;
  }

  get nextSlot(): number {
    return this.#slots.next;
  }

  fresh(): number {
    return this.#slots.next++;
  }

  lookup(name: string): number | undefined {
    this.#seen.add(name);
    return this.find(name);
  }

  find(name: string): number | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }

  /** A name that a body uses without declaring it. */
  add(name: string): void {
    if (!this.#names.has(name)) this.#names.set(name, this.fresh());
  }

  /** `:=` and `some`: a new variable from here on. */
  declare({ name, at }: VarTerm, how: 'assigned' | 'declared' | 'arg'): void {
    if (how !== 'arg' && this.#declared.has(name))
      throw new CompileFault('rego_compile_error', `var ${name} ${how} above`, at);
    if (how === 'assigned' && this.#seen.has(name))
      throw new CompileFault('rego_compile_error', `var ${name} referenced above`, at);
    if (how === 'arg' && this.#names.has(name)) return;
    if (how !== 'arg') this.#declared.add(name);
    this.#names.set(name, this.fresh());
  }

  child(): Scope {
    return new Scope(this.#slots, this);
  }
}
