import { subterms, type ListTerm, type ObjectTerm, type Term } from '../syntax/term.ts';
import { compareValues } from '../values/value.ts';
import {
  anything,
  bounded,
  either,
  isUnknown,
  itemAt,
  mayAgree,
  typeUnder,
  typeOfScalar,
  typeOfValues,
  type MaybeType,
  type ObjectType,
  type Type,
} from './type.ts';

const isComposite = (term: Term): term is ListTerm | ObjectTerm =>
  term.kind === 'array' || term.kind === 'set' || term.kind === 'object';

/** What is known of the variables of a body, and of those around it. */
export abstract class TypeEnvironment {
  readonly #types = new Map<number, MaybeType>();
  readonly #outer: TypeEnvironment | undefined;

  constructor(outer?: TypeEnvironment) {
    this.#outer = outer;
  }

  /** Of a reference into `data`, a call or a comprehension. */
  protected abstract computed(term: Term): MaybeType;

  variable(slot: number): MaybeType {
    return this.#types.get(slot) ?? this.#outer?.variable(slot);
  }

  set(slot: number, type: MaybeType): void {
    this.#types.set(slot, type);
  }

  typeOf(term: Term): MaybeType {
    switch (term.kind) {
      case 'scalar':
        return typeOfScalar(term.value);
      case 'var':
        if (term.slot >= 0) return this.variable(term.slot);
        return anything;
      case 'array':
        return term.items.length === 0
          ? { kind: 'array', items: [], rest: anything }
          : bounded({ kind: 'array', items: term.items.map((item) => this.typeOf(item)), rest: undefined });
      case 'set': {
        const of = term.items.map((item) => this.typeOf(item)).reduce<MaybeType>(either, undefined);
        return bounded({ kind: 'set', of: of ?? anything });
      }
      case 'object':
        return bounded(this.#object(term));
      case 'ref':
      case 'call':
      case 'comprehension':
        break;
    }
    return this.computed(term);
  }

  #object({ pairs }: ObjectTerm): Type {
    const fields: (readonly [ObjectType['fields'][number][0], MaybeType])[] = [];
    let rest: ObjectType['rest'] = pairs.length === 0 ? { key: anything, value: anything } : undefined;
    for (const [key, value] of pairs) {
      if (key.kind === 'scalar') fields.push([key.value, this.typeOf(value)]);
      else
        rest = {
          key: either(rest?.key, this.typeOf(key)),
          value: either(rest?.value, this.typeOf(value)),
        };
    }
    return { kind: 'object', fields: fields.sort(([one], [other]) => compareValues(one, other)), rest };
  }

  /** Of a value below another one, as the steps lead to it. */
  below(type: MaybeType, steps: readonly Term[]): MaybeType {
    return steps.reduce<MaybeType>(
      (found, step) =>
        found === undefined
          ? undefined
          : step.kind === 'scalar'
            ? typeUnder(found, step.value)
            : typeOfValues(found),
      type,
    );
  }

  /** Whether a term may have a type; what is not known of its variables is known then. */
  fits(term: Term, type: MaybeType, isOneOfSeveral = false): boolean {
    if (term.kind === 'var' && term.slot >= 0) return this.#variableFits(term.slot, type, isOneOfSeveral);
    if (!isComposite(term)) return mayAgree(this.typeOf(term), type);
    if (type?.kind === 'any') return this.#oneFits(term, type.of);
    if (term.kind === 'object')
      return type?.kind === 'object' && this.#objectFits(term, type, isOneOfSeveral);
    return term.kind === type?.kind && this.#itemsFit(term, type, isOneOfSeveral);
  }

  #oneFits(term: Term, types: readonly Type[]): boolean {
    if (types.length > 0) return types.filter((one) => this.fits(term, one, true)).length > 0;
    for (const part of subterms(term)) this.fits(part, anything, true);
    return true;
  }

  #itemsFit({ items }: ListTerm, type: Type, isOneOfSeveral: boolean): boolean {
    if (type.kind !== 'array')
      return items.every((item) => this.fits(item, typeOfValues(type), isOneOfSeveral));
    if (items.length !== type.items.length && type.rest === undefined) return false;
    return items.every((item, at) => this.fits(item, itemAt(type, at), isOneOfSeveral));
  }

  #variableFits(slot: number, type: MaybeType, isOneOfSeveral: boolean): boolean {
    const known = this.variable(slot);
    if (isOneOfSeveral) this.set(slot, either(known, type));
    else if (known !== undefined) return mayAgree(known, type);
    else this.set(slot, type);
    return true;
  }

  #objectFits({ pairs }: ObjectTerm, type: ObjectType, isOneOfSeveral: boolean): boolean {
    if (pairs.length !== type.fields.length && type.rest?.value === undefined) return false;
    return pairs.every(([key, value]) => {
      if (key.kind !== 'scalar') {
        this.fits(value, anything, isOneOfSeveral);
        return true;
      }
      const there = typeUnder(type, key.value);
      return there !== undefined && this.fits(value, there, isOneOfSeveral);
    });
  }

  /** Whether two terms may be equal; what is not known of their variables is known then. */
  matches(one: Term, other: Term): boolean {
    const [left, right] = [this.typeOf(one), this.typeOf(other)];
    const isLeftUnknown = isUnknown(left);
    const isRightUnknown = isUnknown(right);
    if (isLeftUnknown && !isRightUnknown) return this.fits(one, right);
    if (isRightUnknown && !isLeftUnknown) return this.fits(other, left);
    if (!isLeftUnknown) return mayAgree(left, right);
    return this.#unknownMatch(one, other);
  }

  #isOpen(term: Term): boolean {
    return term.kind === 'var' && term.slot >= 0 && this.variable(term.slot) === undefined;
  }

  #unknownMatch(one: Term, other: Term): boolean {
    if (one.kind === 'array' && other.kind === 'array')
      return (
        one.items.length === other.items.length &&
        one.items.every((item, at) => this.matches(item, other.items[at] ?? item))
      );
    if (one.kind === 'object' && other.kind === 'object') return true;
    const [variable, known] = this.#isOpen(one) ? [one, other] : [other, one];
    if (!this.#isOpen(variable)) return true;
    if (known.kind !== 'comprehension') this.fits(known, anything);
    return this.fits(variable, this.typeOf(known) ?? anything);
  }
}
