import type { Term } from '../../rego/syntax/term.ts';

/** Something that holds the namespace: all of `input`, or all of `input.review`. */
type Whole = 'input' | 'review';
export type Wholes = readonly Whole[];

export const isNamed = (term: Term | undefined): term is Term & { readonly kind: 'var' } =>
  term?.kind === 'var' && term.name !== '_';

/** The names of one module that stand for all of the review, or of the input. */
export class AliasedNames {
  readonly #wholes = new Map<string, Set<Whole>>();
  /** Names that `=` holds against all of the review: it gives them a value, or compares the one that they have. */
  readonly #unified = new Set<string>();
  /** Names that get another value as well. */
  readonly #bound = new Set<string>();

  of(name: string): Wholes {
    const known = [...(this.#wholes.get(name) ?? [])];
    return name === 'input' ? ['input', ...known] : known;
  }

  /** @returns whether that is news */
  add(name: string, wholes: Wholes): boolean {
    const known = this.#wholes.get(name) ?? new Set();
    const before = known.size;
    for (const one of wholes) known.add(one);
    this.#wholes.set(name, known);
    return known.size > before;
  }

  unify(name: Term): void {
    if (isNamed(name)) this.#unified.add(name.name);
  }

  bind(name: Term): void {
    if (isNamed(name)) this.#bound.add(name.name);
  }

  /** Whether all of the review may be compared with something else. */
  get areCompared(): boolean {
    return [...this.#unified].some((name) => this.#bound.has(name));
  }

  /** What holds a name was perhaps not known to be the review yet. */
  forgetBindings(): void {
    this.#unified.clear();
    this.#bound.clear();
  }
}
