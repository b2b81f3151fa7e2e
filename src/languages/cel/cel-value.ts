import { celList, celMap, type CelInput, type CelList, type CelMap } from '@bufbuild/cel';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import type { StepBudget } from './step-budget.ts';

/**
 * A list of which each element that is looked at costs a step: `x in list` and `list == list` look at all of them.
 * Elements are converted when they are looked at, since most of a statement never is.
 */
const countedList = (items: readonly JsonValue[], budget: StepBudget): CelList => {
  const elementAt = (at: number): CelInput | undefined => {
    budget.spend();
    const item = items[at];
    return item === undefined ? undefined : celValue(item, budget);
  };
  return Object.assign(celList(items.map(() => null)), {
    get: elementAt,
    *values() {
      for (let at = 0; at < items.length; at++) yield elementAt(at);
    },
  });
};

/** The same for a map. Its keys are texts, so a key of another type is not in it. */
const countedMap = (fields: JsonObject, budget: StepBudget): CelMap => {
  const valueOf = (key: unknown): CelInput | undefined => {
    budget.spend();
    const value = typeof key === 'string' && Object.hasOwn(fields, key) ? fields[key] : undefined;
    return value === undefined ? undefined : celValue(value, budget);
  };
  return Object.assign(celMap(new Map<string, CelInput>(Object.keys(fields).map((key) => [key, null]))), {
    get: valueOf,
    has: (key: unknown) => typeof key === 'string' && Object.hasOwn(fields, key),
    *values() {
      for (const key of Object.keys(fields)) yield valueOf(key);
    },
    *entries() {
      for (const key of Object.keys(fields)) yield [key, valueOf(key)];
    },
    forEach: (each: (value: unknown, key: string) => void) => {
      for (const key of Object.keys(fields)) each(valueOf(key), key);
    },
  });
};

/**
 * JSON as CEL sees it, and as Kubernetes reads its objects: a number without a fraction is an `int` where it fits, others
 * are `double`.
 */
export const celValue = (value: JsonValue, budget: StepBudget): CelInput => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return countedList(value as readonly JsonValue[], budget);
  return isJsonObject(value) ? countedMap(value, budget) : (value as string | boolean | null);
};
