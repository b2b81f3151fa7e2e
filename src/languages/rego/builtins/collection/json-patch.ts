import { BuiltinFault } from '../../evaluate/fault.ts';
import { typeName } from '../../values/value-text.ts';
import { equalValues, RegoObject, RegoSet, type Maybe, type RegoValue } from '../../values/value.ts';
import { walk } from '../../values/walk-bound.ts';
import { arrayAt, type BuiltinTable } from '../builtin.ts';
import { pathSteps } from './json-paths.ts';

type Path = readonly RegoValue[];

const cannot = (): BuiltinFault => new BuiltinFault('path does not exist');

/** The place in an array; `-` is behind its end. */
const indexOf = (items: readonly RegoValue[], step: RegoValue, isInsert: boolean): number => {
  if (step === '-' && isInsert) return items.length;
  const at =
    typeof step === 'number'
      ? step
      : typeof step === 'string' && /^(?:0|[1-9]\d{0,9})$/.test(step)
        ? Number(step)
        : -1;
  const end = isInsert ? items.length : items.length - 1;
  if (!Number.isInteger(at) || at < 0 || at > end) throw cannot();
  return at;
};

const childOf = (value: RegoValue, step: RegoValue): RegoValue => {
  const found: Maybe = Array.isArray(value)
    ? (value as readonly RegoValue[])[indexOf(value as readonly RegoValue[], step, false)]
    : value instanceof RegoObject || value instanceof RegoSet
      ? value.get(step)
      : undefined;
  if (found === undefined) throw cannot();
  return found;
};

const valueAt = (root: RegoValue, path: Path): RegoValue => path.reduce(childOf, root);

/** A value with another child under a step; `undefined`: without it. */
const withChild = (value: RegoValue, step: RegoValue, child: Maybe): RegoValue => {
  if (Array.isArray(value)) {
    const items = value as readonly RegoValue[];
    const at = indexOf(items, step, false);
    walk(items.length);
    return child === undefined ? items.toSpliced(at, 1) : items.toSpliced(at, 1, child);
  }
  if (value instanceof RegoObject) {
    walk(value.size);
    const entries = value.entries().filter(([key]) => !equalValues(key, step));
    return RegoObject.of(child === undefined ? entries : [...entries, [step, child]]);
  }
  if (!(value instanceof RegoSet)) throw cannot();
  walk(value.size);
  const rest = [...value.values()].filter((member) => !equalValues(member, step));
  return RegoSet.of(child === undefined ? rest : [...rest, child]);
};

/** The document with what `change` makes of the value that holds the last step. */
const changedAt = (
  root: RegoValue,
  path: Path,
  change: (holder: RegoValue, last: RegoValue) => RegoValue,
): RegoValue => {
  const [first, ...rest] = path;
  if (first === undefined) throw cannot();
  if (rest.length === 0) return change(root, first);
  return withChild(root, first, changedAt(childOf(root, first), rest, change));
};

const added = (root: RegoValue, path: Path, value: RegoValue): RegoValue => {
  if (path.length === 0) return value;
  return changedAt(root, path, (holder, last) => {
    if (Array.isArray(holder)) {
      const items = holder as readonly RegoValue[];
      walk(items.length);
      return items.toSpliced(indexOf(items, last, true), 0, value);
    }
    if (holder instanceof RegoSet && !equalValues(last, value)) throw cannot();
    return withChild(holder, last, value);
  });
};

const removed = (root: RegoValue, path: Path): RegoValue => {
  valueAt(root, path);
  return path.length === 0
    ? null
    : changedAt(root, path, (holder, last) => withChild(holder, last, undefined));
};

const replaced = (root: RegoValue, path: Path, value: RegoValue): RegoValue => {
  valueAt(root, path);
  if (path.length === 0) return value;
  return changedAt(root, path, (holder, last) => {
    if (holder instanceof RegoSet && !equalValues(last, value)) throw cannot();
    return withChild(holder, last, value);
  });
};

const required = (operation: RegoObject, name: string): RegoValue => {
  const value = operation.get(name);
  if (value === undefined) throw new BuiltinFault(`missing required attribute '${name}'`);
  return value;
};

const patchPath = (value: RegoValue): Path => (value === '' ? [] : pathSteps(value));

const applied = (root: RegoValue, operation: RegoValue): RegoValue => {
  if (!(operation instanceof RegoObject))
    throw new BuiltinFault(
      'must be an array of JSON-Patch objects, but at least one element is not an object',
    );
  const path = patchPath(required(operation, 'path'));
  const name = required(operation, 'op');
  if (typeof name !== 'string')
    throw new BuiltinFault(`attribute 'op' must be a string but found: ${typeName(name)}`);
  switch (name) {
    case 'add':
      return added(root, path, required(operation, 'value'));
    case 'remove':
      return removed(root, path);
    case 'replace':
      return replaced(root, path, required(operation, 'value'));
    case 'move':
      return moved(root, patchPath(required(operation, 'from')), path);
    case 'copy':
      return added(root, path, valueAt(root, patchPath(required(operation, 'from'))));
    case 'test':
      if (equalValues(valueAt(root, path), required(operation, 'value'))) return root;
      throw new BuiltinFault('value from EditTree != patch value');
    default:
      throw new BuiltinFault(`unrecognized op: '${name}'`);
  }
};

const moved = (root: RegoValue, from: Path, path: Path): RegoValue =>
  added(removed(root, from), path, valueAt(root, from));

/** Policy Reference, "Objects": `json.patch` (RFC 6902, and members of sets). */
export const jsonPatch: BuiltinTable = {
  'json.patch': (args, ctx) => {
    const [root = null] = args;
    const operations = arrayAt(args, 2);
    ctx.shared.budget.spend(operations.length);
    try {
      return operations.reduce<RegoValue>(applied, root);
    } catch (error) {
      if (error instanceof BuiltinFault && error.message === 'path does not exist') return undefined;
      throw error;
    }
  },
};
