import { deeper, ruleValue } from '../evaluate/document.ts';
import { Evaluation, type Documents, type FunctionCall } from '../evaluate/evaluation.ts';
import { EvaluationFault } from '../evaluate/fault.ts';
import type { Exec, Frame, Getter, Step } from '../evaluate/frame.ts';
import type { Term } from '../syntax/term.ts';
import { RegoObject, type Maybe, type RegoValue } from '../values/value.ts';
import { builtinCall } from './call-code.ts';
import type { Linked } from './term-code.ts';

/** One `with` of a literal. */
export interface Change {
  readonly target: Term;
  readonly value: Term;
  /** Absent: a function stands in place of a function. */
  readonly get: Getter | undefined;
}

/** What one `with` does to the documents and functions that the next one sees. */
interface Changed {
  documents: Documents;
  replaced: (readonly string[])[];
  functions: Map<string, FunctionCall>;
}

const pathSteps = (target: Term): readonly string[] =>
  target.kind === 'ref'
    ? target.path.map((step) => (step.kind === 'scalar' && typeof step.value === 'string' ? step.value : ''))
    : [];

/** A document with another value at a path. */
const withValueAt = (document: Maybe, path: readonly string[], value: RegoValue): RegoValue => {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const result = document instanceof RegoObject ? document.copy() : new RegoObject();
  result.set(first, withValueAt(result.get(first), rest, value));
  return result;
};

/** What stands in place of a function calls what it names as if nothing were replaced. */
const unreplaced = (ctx: Evaluation): Evaluation =>
  new Evaluation(ctx.shared, ctx.documents, ctx, { functions: new Map() });

const replacementOf = (linked: Linked, { value, get }: Change, frame: Frame): FunctionCall | undefined => {
  if (get !== undefined) {
    const said = get(frame);
    return said === undefined ? undefined : () => said;
  }
  const named = linked.functionAt(value);
  if (typeof named !== 'string')
    return (ctx, args) => {
      const inner = unreplaced(ctx);
      return named.kind === 'function'
        ? deeper(inner, () => named.call(inner, args))
        : ruleValue(inner, named);
    };
  const builtin = linked.builtins.get(named);
  return builtin && builtinCall(named, builtin);
};

/** @throws {EvaluationFault} when the new data are no object */
const withData = (changed: Changed, path: readonly string[], value: RegoValue): void => {
  const data = withValueAt(changed.documents.data, path, value);
  if (!(data instanceof RegoObject))
    throw new EvaluationFault('eval_with_merge_error', 'real and replacement data could not be merged');
  changed.documents = { ...changed.documents, data };
  changed.replaced.push(path);
};

/** Does one `with`; `false`: what it puts in place has no value. */
type Apply = (frame: Frame, changed: Changed) => boolean;

const functionChange =
  (linked: Linked, change: Change, name: string): Apply =>
  (frame, changed) => {
    const replacement = replacementOf(linked, change, frame);
    if (replacement === undefined) return false;
    changed.functions.set(name, replacement);
    return true;
  };

const documentChange = (change: Change): Apply => {
  const { target, get } = change;
  const root = target.kind === 'ref' ? target.head : target;
  const isInput = root.kind === 'var' && root.name === 'input';
  const path = pathSteps(target);
  return (frame, changed) => {
    const value = get?.(frame);
    if (value === undefined) return false;
    if (isInput)
      changed.documents = { ...changed.documents, input: withValueAt(changed.documents.input, path, value) };
    else withData(changed, path, value);
    return true;
  };
};

const applied = (linked: Linked, change: Change): Apply => {
  const { target } = change;
  if (linked.arityOf(target) === undefined) return documentChange(change);
  const named = linked.functionAt(target);
  if (typeof named === 'string') return functionChange(linked, change, named);
  return named.kind === 'function' ? functionChange(linked, change, named.name) : documentChange(change);
};

/** A literal under `with` (Policy Language, "With Keyword"): what stands behind it sees the world as it was. */
export const modifiedStep = (
  linked: Linked,
  changes: readonly Change[],
  literal: (last: Exec) => Exec,
): Step => {
  const all = changes.map((change) => applied(linked, change));
  return (next) => {
    const run = literal((frame) => {
      const inner = frame.ctx;
      frame.ctx = inner.outer ?? inner;
      const isEnough = next(frame);
      frame.ctx = inner;
      return isEnough;
    });
    return (frame) => {
      const outer = frame.ctx;
      const changed: Changed = {
        documents: outer.documents,
        replaced: [...outer.replaced],
        functions: new Map(outer.functions),
      };
      if (!all.every((apply) => apply(frame, changed))) return false;
      const functions = changed.functions.size > 0 ? { functions: changed.functions } : {};
      frame.ctx = new Evaluation(outer.shared, changed.documents, outer, {
        replaced: changed.replaced,
        ...functions,
      });
      const isEnough = run(frame);
      frame.ctx = outer;
      return isEnough;
    };
  };
};
