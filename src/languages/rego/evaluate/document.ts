import {
  compareValues,
  equalValues,
  RegoObject,
  RegoSet,
  type Maybe,
  type RegoValue,
} from '../values/value.ts';
import { smallIntegerOf } from '../values/number.ts';
import { undefinedValue, type Evaluation } from './evaluation.ts';
import { EvaluationFault } from './fault.ts';
import type { RuleNode } from './rule-node.ts';

/** What stands under a key of a value: of a set, the member itself. */
export const lookup = (value: RegoValue, key: RegoValue): Maybe => {
  if (value instanceof RegoObject) return value.get(key);
  if (Array.isArray(value)) {
    const at = smallIntegerOf(key);
    return at === undefined ? undefined : (value as readonly RegoValue[])[at];
  }
  return value instanceof RegoSet ? value.get(key) : undefined;
};

/** Rules call rules: so deep, and no deeper, since each call takes from the stack of the engine. */
const maxCallDepth = 400;
/** A call makes a frame for each of the rules of its name, and tries them. */
const stepsOfRules = 4;

export const deeper = <T>(ctx: Evaluation, run: () => T): T => {
  ctx.shared.budget.spend(stepsOfRules);
  ctx.depth += 1;
  if (ctx.depth > maxCallDepth)
    throw new EvaluationFault('budget_exceeded', 'rules call one another too deeply');
  const value = run();
  ctx.depth -= 1;
  return value;
};

const isReplaced = (ctx: Evaluation, { path }: RuleNode): boolean =>
  ctx.replaced.some(
    (replaced) => replaced.length <= path.length && replaced.every((step, at) => step === path[at]),
  );

/** What stands under a key of a document of the store, whose paths are texts. */
const storedAt = (value: Maybe, key: RegoValue): Maybe => {
  if (value instanceof RegoObject)
    return value.get(typeof key === 'number' && !value.has(key) ? String(key) : key);
  if (Array.isArray(value) && typeof key === 'string')
    return /^(?:0|[1-9]\d{0,9})$/.test(key) ? (value as readonly RegoValue[])[Number(key)] : undefined;
  return value === undefined ? undefined : lookup(value, key);
};

/** The document of the store at a path. */
export const baseAt = (ctx: Evaluation, path: readonly RegoValue[]): Maybe => {
  let value: Maybe = ctx.documents.data;
  for (const step of path) value = storedAt(value, step);
  return value;
};

/** The value of a rule, worked out once in each evaluation. */
export const ruleValue = (ctx: Evaluation, node: RuleNode): Maybe => {
  const known = ctx.memo[node.id];
  if (known !== undefined) return known === undefinedValue ? undefined : known;
  const isThere = ctx.replaced.length > 0 && isReplaced(ctx, node);
  const value = isThere ? baseAt(ctx, node.path) : deeper(ctx, () => node.value(ctx));
  ctx.memo[node.id] = value === undefined ? undefinedValue : value;
  return value;
};

/** What rules with keys of their own make at a node. */
export const dynamicEntries = (ctx: Evaluation, node: RuleNode): RegoObject | undefined => {
  const known = ctx.memo[node.id];
  if (known !== undefined) return known === undefinedValue ? undefined : (known as RegoObject);
  const value = deeper(ctx, () => node.entries(ctx));
  ctx.memo[node.id] = value ?? undefinedValue;
  return value;
};

/** Marks an object or set that more than one rule may fill. The value of one rule is none of them. */
export const share = <T extends RegoObject | RegoSet>(value: T): T => {
  value.isShared = true;
  return value;
};
export const isShared = (value: Maybe): value is RegoObject | RegoSet =>
  (value instanceof RegoObject || value instanceof RegoSet) && value.isShared;

const merged = (one: RegoValue, other: RegoValue): RegoValue => {
  const areShared = isShared(one) && isShared(other);
  if (areShared && one instanceof RegoSet && other instanceof RegoSet)
    return share(RegoSet.of([...one.values(), ...other.values()]));
  if (!areShared || !(one instanceof RegoObject) || !(other instanceof RegoObject)) {
    if (equalValues(one, other)) return one;
    throw new EvaluationFault('eval_conflict_error', 'object keys must be unique');
  }
  const result = share(one.copy());
  for (const [key, value] of other.entries()) {
    const there = one.get(key);
    result.set(key, there === undefined ? value : merged(there, value));
  }
  return result;
};

/** A document with what rules add to it: all of them, as `data.a` asks. Where both speak, the document does. */
const extent = (ctx: Evaluation, node: RuleNode, base: Maybe): Maybe => {
  const result = share(base instanceof RegoObject ? base.copy() : new RegoObject());
  for (const [key, child] of node.children) {
    const there = result.get(key);
    const isRule = child.kind === 'value' || child.kind === 'set';
    const value = isRule && there !== undefined ? there : documentOf(ctx, child, there);
    if (value !== undefined) result.set(key, value);
  }
  const made = node.kind === 'object' ? dynamicEntries(ctx, node) : undefined;
  return made === undefined ? result : merged(result, made);
};

/** The whole value at a node. */
export const documentOf = (ctx: Evaluation, node: RuleNode, base: Maybe): Maybe => {
  if (ctx.replaced.length > 0 && isReplaced(ctx, node)) return base;
  if (node.kind === 'function') return base;
  return node.kind === 'value' || node.kind === 'set' ? ruleValue(ctx, node) : extent(ctx, node, base);
};

/** A place under `data`: rules, a document of the store, or both. */
export interface DataPlace {
  readonly node: RuleNode | undefined;
  readonly value: Maybe;
}

/** Whether rules may still speak below this place; else its value says all. */
export const opened = (ctx: Evaluation, { node, value }: DataPlace): DataPlace => {
  if (node === undefined) return { node: undefined, value };
  if (ctx.replaced.length > 0 && isReplaced(ctx, node)) return { node: undefined, value };
  const isLeaf = node.kind === 'value' || node.kind === 'set' || node.kind === 'function';
  return isLeaf ? { node: undefined, value: documentOf(ctx, node, value) } : { node, value };
};

/** The place under a key of an open place. */
export const placeUnder = (ctx: Evaluation, { node, value }: DataPlace, key: RegoValue): DataPlace => {
  const base = storedAt(value, key);
  const child = typeof key === 'string' ? node?.children.get(key) : undefined;
  const made = node?.kind === 'object' ? dynamicEntries(ctx, node)?.get(key) : undefined;
  if (made === undefined) return { node: child, value: base };
  const there = child === undefined ? undefined : documentOf(ctx, child, base);
  return { node: undefined, value: there === undefined ? made : merged(there, made) };
};

/** The keys of an open place, in order. */
export const keysAt = (ctx: Evaluation, { node, value }: DataPlace): readonly RegoValue[] => {
  const keys = new RegoSet();
  if (value instanceof RegoObject) for (const key of value.keys()) keys.add(key);
  for (const key of node?.children.keys() ?? []) keys.add(key);
  const made = node?.kind === 'object' ? dynamicEntries(ctx, node) : undefined;
  for (const key of made?.keys() ?? []) keys.add(key);
  return [...keys.sorted()].sort(compareValues);
};

/** Calls `each` with every key and value of a collection, in order, until it says that it is enough. */
export const eachEntry = (value: RegoValue, each: (key: RegoValue, value: RegoValue) => boolean): boolean => {
  if (Array.isArray(value)) {
    const items = value as readonly RegoValue[];
    for (let at = 0; at < items.length; at++) if (each(at, items[at] ?? null)) return true;
    return false;
  }
  if (value instanceof RegoObject) {
    for (const key of value.keys()) if (each(key, value.get(key) ?? null)) return true;
    return false;
  }
  if (value instanceof RegoSet) for (const item of value.sorted()) if (each(item, item)) return true;
  return false;
};
