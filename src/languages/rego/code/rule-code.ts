import { isShared, share } from '../evaluate/document.ts';
import { EvaluationFault, type SourcePlace } from '../evaluate/fault.ts';
import type { Evaluation } from '../evaluate/evaluation.ts';
import { frameOf, type Exec, type Frame, type Getter, type Matcher, type Step } from '../evaluate/frame.ts';
import type { Slots } from '../compile/scope.ts';
import type { RegoRule } from '../syntax/term.ts';
import { equalValues, RegoObject, RegoSet, type Maybe, type RegoValue } from '../values/value.ts';
import { BodyCompiler, chain } from './body-code.ts';
import { whenPossible } from './needed-input.ts';
import type { Linked } from './term-code.ts';

/** A rule whose names are resolved. */
export interface ResolvedRule {
  readonly rule: RegoRule;
  readonly slots: Slots;
  readonly module: SourcePlace['module'];
}

type RuleRun = (ctx: Evaluation, args: readonly RegoValue[]) => Maybe;

interface RuleCode {
  readonly isDefault: boolean;
  readonly run: RuleRun;
  readonly place: SourcePlace;
  /** The one value that it may have. */
  readonly constant: Maybe;
}

const conflict = (isFunction: boolean, place: SourcePlace): EvaluationFault =>
  new EvaluationFault(
    'eval_conflict_error',
    isFunction
      ? 'functions must not produce multiple outputs for same inputs'
      : 'complete rules must not produce multiple outputs',
    place,
  );

const argsBound = (compiler: BodyCompiler, args: RegoRule['head']['args']): readonly Matcher[] => {
  const steps: Step[] = [];
  return (args ?? []).map((arg) => compiler.matcher(compiler.hoistInside(arg, steps)));
};

/** Runs a body and keeps the value of the head in a slot. */
const bodyCode = (compiler: BodyCompiler, rule: RegoRule, slot: number): Exec =>
  compiler.inside(() => {
    const steps = compiler.body(rule.body);
    const { value: head } = rule.head;
    const value = compiler.lower(head, steps);
    const isConstant = head.kind === 'scalar';
    const isFunction = rule.head.args !== undefined;
    const place = { module: compiler.module, at: rule.at };
    const run = chain(steps, (frame) => {
      const found = value(frame);
      if (found === undefined) return false;
      const before = frame.slots[slot];
      if (before !== undefined && !equalValues(before, found)) throw conflict(isFunction, place);
      frame.slots[slot] = found;
      return isConstant;
    });
    return whenPossible(rule.body, head, run);
  });

const bodiesOf = (compiler: BodyCompiler, rule: RegoRule, slot: number): readonly Exec[] => {
  const rest = rule.otherwise === undefined ? [] : bodiesOf(compiler, rule.otherwise, slot);
  return [bodyCode(compiler, rule, slot), ...rest];
};

const constantOf = (rule: RegoRule): Maybe => {
  const { value } = rule.head;
  return value.kind === 'scalar' && rule.otherwise === undefined ? value.value : undefined;
};

/** A rule with a value (Policy Language, "Complete Definitions" and "Functions"). */
export const ruleCode = (linked: Linked, { rule, slots, module }: ResolvedRule): RuleCode => {
  const compiler = new BodyCompiler(linked, slots, module);
  const matchers = argsBound(compiler, rule.head.args);
  const { slot } = compiler.temporary();
  const bodies = bodiesOf(compiler, rule, slot);
  const run: RuleRun = (ctx, args) => {
    const frame = frameOf(ctx, slots.next);
    if (!matchers.every((match, at) => match(frame, args[at] ?? null))) return undefined;
    for (const body of bodies) {
      body(frame);
      if (frame.slots[slot] !== undefined) return frame.slots[slot];
    }
    return undefined;
  };
  return { isDefault: rule.isDefault, run, place: { module, at: rule.at }, constant: constantOf(rule) };
};

/** Rules with one value for all of them. */
export const valueCode = (all: readonly RuleCode[], isFunction: boolean): RuleRun => {
  const codes = all.filter(({ isDefault }) => !isDefault);
  const defaults = all.filter(({ isDefault }) => isDefault);
  const constant = codes[0]?.constant;
  const isOne =
    constant !== undefined &&
    codes.every((code) => code.constant !== undefined && equalValues(code.constant, constant));
  return (ctx, args) => {
    let result: Maybe;
    for (const { run, place } of codes) {
      const value = run(ctx, args);
      if (value === undefined) continue;
      if (result !== undefined && !equalValues(result, value)) throw conflict(isFunction, place);
      result = value;
      if (isOne) break;
    }
    return result === undefined ? defaults[0]?.run(ctx, args) : result;
  };
};

interface SetMaker {
  readonly run: Exec;
  readonly slot: number;
  readonly slots: Slots;
}

/** A rule that makes members of a set. */
export const setMaker = (linked: Linked, { rule, slots, module }: ResolvedRule): SetMaker => {
  const compiler = new BodyCompiler(linked, slots, module);
  const steps = compiler.body(rule.body);
  const member = compiler.lower(rule.head.member ?? rule.head.value, steps);
  const { slot } = compiler.temporary();
  const run = chain(steps, (frame) => {
    const value = member(frame);
    const { budget } = frame.ctx.shared;
    budget.spend();
    if (value !== undefined) budget.write((frame.slots[slot] as RegoSet).add(value));
    return false;
  });
  return { run: whenPossible(rule.body, rule.head.member ?? rule.head.value, run), slot, slots };
};

/** Rules that make one set together (Policy Language, "Generating Sets"). */
export const setCode =
  (makers: readonly SetMaker[]): ((ctx: Evaluation) => Maybe) =>
  (ctx) => {
    const members = share(new RegoSet());
    for (const { run, slot, slots } of makers) {
      const frame = frameOf(ctx, slots.next);
      frame.slots[slot] = members;
      run(frame);
    }
    return members;
  };

const notUnique = (place: SourcePlace): EvaluationFault =>
  new EvaluationFault('eval_conflict_error', 'object keys must be unique', place);

/** The object at a path, made where it is missing. */
const insertAt = (root: RegoObject, { path, place }: Entry): RegoObject => {
  let object = root;
  for (const key of path.slice(0, -1)) {
    const there = object.get(key);
    if (there instanceof RegoObject && isShared(there)) object = there;
    else {
      if (there !== undefined) throw notUnique(place);
      const made = share(new RegoObject());
      object.set(key, made);
      object = made;
    }
  }
  return object;
};

const addMember = (object: RegoObject, key: RegoValue, { value, place }: Entry): void => {
  const there = object.get(key);
  if (there === undefined) object.set(key, share(RegoSet.of([value])));
  else if (there instanceof RegoSet && isShared(there)) there.add(value);
  else throw notUnique(place);
};

const addValue = (object: RegoObject, key: RegoValue, { value, place }: Entry): void => {
  const there = object.get(key);
  if (there !== undefined && (isShared(there) || !equalValues(there, value))) throw notUnique(place);
  object.set(key, value);
};

interface Entry {
  readonly path: readonly RegoValue[];
  readonly value: RegoValue;
  readonly isMember: boolean;
  readonly place: SourcePlace;
}

type EntryMaker = (ctx: Evaluation) => readonly Entry[];

/** A rule that makes entries of an object, whose keys begin at step `depth` of its head. */
export const entryMaker = (
  linked: Linked,
  { rule, slots, module, depth }: ResolvedRule & { readonly depth: number },
): EntryMaker => {
  const compiler = new BodyCompiler(linked, slots, module);
  const place = { module, at: rule.head.at };
  const steps = compiler.body(rule.body);
  const path = rule.head.path.slice(depth).map((step) => compiler.lower(step, steps));
  const { member } = rule.head;
  const get: Getter = compiler.lower(member ?? rule.head.value, steps);
  const found: Entry[] = [];
  const last = (frame: Frame): boolean => {
    frame.ctx.shared.budget.spend();
    const keys = path.map((key) => key(frame));
    const value = get(frame);
    if (value !== undefined && keys.every((key) => key !== undefined))
      found.push({ path: keys, value, isMember: member !== undefined, place });
    return false;
  };
  const run = whenPossible(rule.body, member ?? rule.head.value, chain(steps, last));
  return (ctx: Evaluation): readonly Entry[] => {
    const before = found.length;
    try {
      run(frameOf(ctx, slots.next));
      return found.splice(before);
    } finally {
      found.length = before;
    }
  };
};

/** Rules that make one object together, each with keys of its own (Policy Language, "Generating Objects"). */
export const entriesCode =
  (makers: readonly EntryMaker[]): ((ctx: Evaluation) => RegoObject) =>
  (ctx) => {
    const root = share(new RegoObject());
    for (const entry of makers.flatMap((make) => make(ctx))) {
      const object = insertAt(root, entry);
      const key = entry.path.at(-1) ?? null;
      if (entry.isMember) addMember(object, key, entry);
      else addValue(object, key, entry);
    }
    return root;
  };
