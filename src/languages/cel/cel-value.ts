import { celList, celMap, type CelInput, type CelList, type CelMap } from '@bufbuild/cel';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import type { StepBudget } from './step-budget.ts';

/** How a value is seen where a schema says more of it than JSON does. */
export interface ValueView {
  /** A number without a fraction is a `double` all the same. */
  readonly isDouble?: boolean;
  /** Why nobody can be shown the value here. */
  readonly hidden?: string;
  readonly items?: ValueView;
  /** Fields by the names that expressions have for them; others are not there. */
  readonly fields?: ReadonlyMap<string, FieldView>;
  /** Of a map, of which each key is a name. */
  readonly values?: ValueView;
}
interface FieldView extends ValueView {
  /** In JSON. */
  readonly name: string;
}

/**
 * A list of which each element that is looked at costs a step: `x in list` and `list == list` look at all of them.
 * Elements are converted when they are looked at, since most of a statement never is.
 */
const countedList = (items: readonly JsonValue[], budget: StepBudget, view: ValueView): CelList => {
  const elementAt = (at: number): CelInput | undefined => {
    budget.spend();
    const item = items[at];
    return item === undefined ? undefined : celValue(item, budget, view.items);
  };
  return Object.assign(celList(items.map(() => null)), {
    get: elementAt,
    *values() {
      for (let at = 0; at < items.length; at++) yield elementAt(at);
    },
  });
};

/** The names that an expression has for the fields of an object, with the names in JSON. */
const namesIn = (fields: JsonObject, view: ValueView): ReadonlyMap<string, FieldView> => {
  const { fields: known, values = {} } = view;
  if (known === undefined) return new Map(Object.keys(fields).map((name) => [name, { ...values, name }]));
  // A field that may be null and is so is not there, for the rules of the API server.
  return new Map([...known].filter(([, { name }]) => Object.hasOwn(fields, name) && fields[name] !== null));
};

/** The same for a map. Its keys are texts, so a key of another type is not in it. */
const countedMap = (fields: JsonObject, budget: StepBudget, view: ValueView): CelMap => {
  const names = namesIn(fields, view);
  const valueOf = (key: unknown): CelInput | undefined => {
    budget.spend();
    const field = typeof key === 'string' ? names.get(key) : undefined;
    const value = field === undefined ? undefined : fields[field.name];
    return value === undefined ? undefined : celValue(value, budget, field);
  };
  return Object.assign(celMap(new Map<string, CelInput>(Array.from(names.keys(), (key) => [key, null]))), {
    get: valueOf,
    has: (key: unknown) => typeof key === 'string' && names.has(key),
    *values() {
      for (const key of names.keys()) yield valueOf(key);
    },
    *entries() {
      for (const key of names.keys()) yield [key, valueOf(key)];
    },
    forEach: (each: (value: unknown, key: string) => void) => {
      for (const key of names.keys()) each(valueOf(key), key);
    },
  });
};

/**
 * JSON as CEL sees it, and as Kubernetes reads its objects: a number without a fraction is an `int` where it fits, others
 * are `double`.
 */
export const celValue = (value: JsonValue, budget: StepBudget, view: ValueView = {}): CelInput => {
  if (view.hidden !== undefined && value !== null) return budget.stop(view.hidden);
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && view.isDouble !== true ? BigInt(value) : value;
  if (Array.isArray(value)) return countedList(value as readonly JsonValue[], budget, view);
  return isJsonObject(value) ? countedMap(value, budget, view) : (value as string | boolean | null);
};
