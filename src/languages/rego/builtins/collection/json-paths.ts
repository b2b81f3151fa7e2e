import { BuiltinFault } from '../../evaluate/fault.ts';
import { typeName } from '../../values/value-text.ts';
import { RegoObject, RegoSet, type RegoValue } from '../../values/value.ts';
import { itemsAt, objectAt, type BuiltinTable } from '../builtin.ts';

type Path = readonly RegoValue[];

const unescaped = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

/** `a/b/c`, as in JSON Pointer, or an array of keys. */
export const pathSteps = (value: RegoValue): Path => {
  if (Array.isArray(value)) return value as Path;
  if (typeof value === 'string') return value.replace(/^\//, '').split('/').map(unescaped);
  throw new BuiltinFault(
    `operand 2 must be one of {set, array} containing string paths or array of path segments but got ${typeName(value)}`,
    'eval_type_error',
  );
};

/** Paths as a tree: `true` takes all that is there. */
type PathTree = Map<RegoValue, PathTree | true>;

const treeOf = (paths: readonly Path[]): PathTree => {
  const root: PathTree = new Map();
  for (const path of paths) {
    let tree = root;
    for (const [at, step] of path.entries()) {
      const there = tree.get(step);
      if (there === true) break;
      if (at === path.length - 1) tree.set(step, true);
      else {
        const next: PathTree = there ?? new Map();
        tree.set(step, next);
        tree = next;
      }
    }
  }
  return root;
};

const stepOf = (tree: PathTree, key: RegoValue): PathTree | true | undefined =>
  tree.get(key) ?? (typeof key === 'number' ? tree.get(String(key)) : undefined);

const filtered = (value: RegoValue, tree: PathTree | true): RegoValue => {
  if (tree === true) return value;
  if (value instanceof RegoObject)
    return RegoObject.of(
      value.entries().flatMap(([key, item]) => {
        const step = stepOf(tree, key);
        return step === undefined ? [] : [[key, filtered(item, step)] as const];
      }),
    );
  if (Array.isArray(value))
    return (value as readonly RegoValue[]).flatMap((item, at) => {
      const step = stepOf(tree, at);
      return step === undefined ? [] : [filtered(item, step)];
    });
  if (value instanceof RegoSet)
    return RegoSet.of(
      value.sorted().flatMap((item) => {
        const step = stepOf(tree, item);
        return step === undefined ? [] : [filtered(item, step)];
      }),
    );
  return value;
};

const keptAsList = (kept: RegoValue | undefined): readonly RegoValue[] => (kept === undefined ? [] : [kept]);

const removed = (value: RegoValue, tree: PathTree): RegoValue => {
  const rest = (key: RegoValue, item: RegoValue): RegoValue | undefined => {
    const step = stepOf(tree, key);
    if (step === undefined) return item;
    return step === true ? undefined : removed(item, step);
  };
  if (value instanceof RegoObject)
    return RegoObject.of(
      value.entries().flatMap(([key, item]) => {
        const kept = rest(key, item);
        return kept === undefined ? [] : [[key, kept] as const];
      }),
    );
  if (value instanceof RegoSet) return RegoSet.of(value.sorted().flatMap((item) => rest(item, item) ?? []));
  if (!Array.isArray(value)) return value;
  return (value as readonly RegoValue[]).flatMap((item, at) => {
    return keptAsList(rest(at, item));
  });
};

const pathsAt = (args: readonly RegoValue[]): readonly Path[] => itemsAt(args, 2).map(pathSteps);

/** Policy Reference, "Objects": `json.filter` and `json.remove`. */
export const jsonPaths: BuiltinTable = {
  'json.filter': (args) => {
    const object = objectAt(args, 1);
    const paths = pathsAt(args);
    return paths.length === 0 ? new RegoObject() : filtered(object, treeOf(paths));
  },
  'json.remove': (args) => removed(objectAt(args, 1), treeOf(pathsAt(args))),
};
