import type { VarTerm } from '../syntax/term.ts';
import { CompileFault } from './compile-problem.ts';

/** Counts the slots of a rule. */
export interface Slots {
  next: number;
}

type Declaration = 'assigned' | 'declared' | 'arg';

/** The names that are variables in a body, and those around it. */
export class Scope {
  readonly #slots: Slots;
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, number>();
  readonly #declared = new Map<string, Declaration>();
  readonly #seen = new Set<string>();
  /** Names that `some` and `every` declare and nobody has used yet, with the places of these literals. */
  readonly #unused = new Map<string, number>();

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
    this.use(name);
    return this.find(name);
  }

  use(name: string): void {
    if (this.#names.has(name)) this.#unused.delete(name);
    else this.#parent?.use(name);
  }

  /** What was declared here has to be used from here on. */
  expectUse(names: readonly VarTerm[], at: number): void {
    for (const { name } of names) if (name !== '_') this.#unused.set(name, at);
  }

  unused(): readonly CompileFault[] {
    return Array.from(
      this.#unused,
      ([name, at]) => new CompileFault('rego_compile_error', `declared var ${name} unused`, at),
    );
  }

  find(name: string): number | undefined {
    return this.#names.get(name) ?? this.#parent?.find(name);
  }

  /** A name that a body uses without declaring it. */
  add(name: string): void {
    if (!this.#names.has(name)) this.#names.set(name, this.fresh());
  }

  /** `:=` and `some`: a new variable from here on. */
  declare({ name, at }: VarTerm, how: Declaration): void {
    if (how === 'arg' && this.#names.has(name)) return;
    const before = this.#declared.get(name);
    if (before !== undefined) throw new CompileFault('rego_compile_error', `var ${name} ${before} above`, at);
    if (how !== 'arg' && this.#seen.has(name))
      throw new CompileFault('rego_compile_error', `var ${name} referenced above`, at);
    if (this.#parent?.isArgument(name) === true)
      throw new CompileFault('rego_compile_error', `arg ${name} redeclared`, at);
    this.#declared.set(name, how);
    this.#names.set(name, this.fresh());
  }

  isArgument(name: string): boolean {
    return this.#declared.get(name) === 'arg';
  }

  child(): Scope {
    return new Scope(this.#slots, this);
  }
}
