import type { Exec, Frame, Getter, Matcher, Walk } from '../evaluate/frame.ts';
import {
  baseAt,
  documentOf,
  eachEntry,
  keysAt,
  lookup,
  opened,
  placeUnder,
  ruleValue,
  type DataPlace,
} from '../evaluate/document.ts';
import type { RuleNode, RuleTree } from '../evaluate/rule-node.ts';
import { RegoObject, RegoSet, type Maybe, type RegoValue } from '../values/value.ts';

/** One step of a reference: a key that is known, or a pattern that each key is held against. */
export type PathStep = { readonly get: Getter } | { readonly match: Matcher };

const isIterable = (value: RegoValue): boolean =>
  Array.isArray(value) || value instanceof RegoObject || value instanceof RegoSet;

/** Walks down a value from step `at` on. */
export const walkCode = (path: readonly PathStep[], at: number, done: Walk): Walk => {
  const step = path[at];
  if (step === undefined) return done;
  const next = walkCode(path, at + 1, done);
  if ('get' in step) {
    const { get } = step;
    return (frame, value) => {
      const key = get(frame);
      const found = key === undefined ? undefined : lookup(value, key);
      return found !== undefined && next(frame, found);
    };
  }
  const { match } = step;
  return (frame, value) => {
    if (!isIterable(value)) return false;
    const { budget } = frame.ctx.shared;
    return eachEntry(value, (key, found) => {
      budget.spend();
      return match(frame, key) && next(frame, found);
    });
  };
};

/** The value at the end of a path of known keys. */
export const lookupCode = (start: Getter, keys: readonly Getter[]): Getter => {
  const [first, second] = keys;
  if (first === undefined) return start;
  if (second === undefined)
    return (frame) => {
      const value = start(frame);
      const key = value === undefined ? undefined : first(frame);
      return value === undefined || key === undefined ? undefined : lookup(value, key);
    };
  return (frame) => {
    let value = start(frame);
    for (const key of keys) {
      if (value === undefined) return undefined;
      const at = key(frame);
      value = at === undefined ? undefined : lookup(value, at);
    }
    return value;
  };
};

type PlaceWalk = (frame: Frame, place: DataPlace) => boolean;

/** Walks down `data`, where rules may stand, from step `at` on. */
const placeWalkCode = (path: readonly PathStep[], at: number, done: Walk): PlaceWalk => {
  const inValue = walkCode(path, at, done);
  const step = path[at];
  const next = step === undefined ? undefined : placeWalkCode(path, at + 1, done);
  return (frame, place) => {
    const { ctx } = frame;
    const open = opened(ctx, place);
    if (open.node === undefined) return open.value !== undefined && inValue(frame, open.value);
    if (step === undefined || next === undefined) {
      const value = documentOf(ctx, open.node, open.value);
      return value !== undefined && done(frame, value);
    }
    if ('get' in step) {
      const key = step.get(frame);
      return key !== undefined && next(frame, placeUnder(ctx, open, key));
    }
    return keysAt(ctx, open).some((key) => {
      ctx.shared.budget.spend();
      return step.match(frame, key) && next(frame, placeUnder(ctx, open, key));
    });
  };
};

interface Prefix {
  readonly node: RuleNode | undefined;
  readonly keys: readonly RegoValue[];
}

/** How far the names of a reference say where it leads: to rules, or into documents of the store. */
const prefixOf = (tree: RuleTree, names: readonly Maybe[]): Prefix => {
  let node: RuleNode | undefined = tree.root;
  const keys: RegoValue[] = [];
  for (const name of names) {
    const isName = typeof name === 'string' || (node === undefined && typeof name === 'number');
    if (!isName || node?.kind !== undefined) break;
    node = typeof name === 'string' ? node?.children.get(name) : undefined;
    keys.push(name);
  }
  return { node, keys };
};

const baseCode =
  (keys: readonly RegoValue[]): Getter =>
  ({ ctx }) =>
    baseAt(ctx, keys);

/** Where a reference into `data` begins: a rule, a place with rules below, or a document that no rule adds to. */
export type DataStart =
  | { readonly kind: 'value'; readonly get: Getter; readonly taken: number }
  | { readonly kind: 'place'; readonly node: RuleNode; readonly base: Getter; readonly taken: number };

/** `names`: the steps that are texts or numbers in the source. */
export const dataStart = (tree: RuleTree, names: readonly Maybe[]): DataStart => {
  const { node, keys } = prefixOf(tree, names);
  const taken = keys.length;
  if (node === undefined) return { kind: 'value', get: baseCode(keys), taken };
  if (node.kind === 'value' || node.kind === 'set')
    return { kind: 'value', get: ({ ctx }) => ruleValue(ctx, node), taken };
  return { kind: 'place', node, base: baseCode(keys), taken };
};

export const placeCode = (
  { node, base }: DataStart & { readonly kind: 'place' },
  path: readonly PathStep[],
  done: Walk,
): Exec => {
  const walk = placeWalkCode(path, 0, done);
  return (frame) => walk(frame, { node, value: base(frame) });
};
