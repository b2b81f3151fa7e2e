import type { CelFunc } from '@bufbuild/cel';
import { fail, ok, type Result } from '../../core/result.ts';
import { isWritten, typeNames } from './unknown-names.ts';
import { partsOf, type ExpressionNode } from './expression-tree.ts';

/** The name of a type; `undefined`: the statement decides. */
export type StaticType = string | undefined;

/** A node whose types do not fit, whatever the statement says. */
export interface TypeFault {
  readonly node: ExpressionNode;
  readonly why: string;
}
type Typed = Result<StaticType, TypeFault>;

/** What a node stands among. */
interface Scope {
  /** The functions of a name; none where the language has it as an operator of its own. */
  readonly functionsOf: (name: string) => readonly CelFunc[];
  /** Types of the variables that comprehensions make. */
  readonly variables: ReadonlyMap<string, StaticType>;
}

const constantTypes: Readonly<Record<string, string>> = {
  nullValue: 'null_type',
  boolValue: 'bool',
  int64Value: 'int',
  uint64Value: 'uint',
  doubleValue: 'double',
  stringValue: 'string',
  bytesValue: 'bytes',
};

/** Operators that the interpreter evaluates itself, with how many of their arguments are conditions. */
const conditionsOf: Readonly<Record<string, number>> = { '_&&_': 2, '_||_': 2, '_?_:_': 1 };

/** `+` for `_+_`. */
const written = (name: string): string =>
  isWritten(name) ? `${name}()` : name.replaceAll('_', '').replaceAll('@', '');

const fits = (given: StaticType, { name }: { readonly name: string }): boolean =>
  given === undefined || name === 'dyn' || given === 'dyn' || given === name;

const takes = (
  { target, arguments: wanted }: CelFunc,
  on: { readonly type: StaticType } | undefined,
  given: readonly StaticType[],
): boolean =>
  (target === undefined) === (on === undefined) &&
  (target === undefined || fits(on?.type, target)) &&
  wanted.length === given.length &&
  wanted.every((type, at) => fits(given[at], type));

const same = (types: readonly StaticType[]): StaticType => {
  const [first, ...others] = types;
  return first !== 'dyn' && others.every((other) => other === first) ? first : undefined;
};

const named = (type: StaticType): string => type ?? 'any type';

const typesOf = (
  nodes: readonly (ExpressionNode | undefined)[],
  scope: Scope,
): Result<readonly StaticType[], TypeFault> => {
  const types: StaticType[] = [];
  for (const node of nodes) {
    const typed = node === undefined ? ok(undefined) : typeOf(node, scope);
    if (!typed.ok) return typed;
    types.push(typed.value);
  }
  return ok(types);
};

interface Call {
  readonly function: string;
  readonly target?: ExpressionNode | undefined;
  readonly args: readonly ExpressionNode[];
}

const callType = (node: ExpressionNode, { function: name, target, args }: Call, scope: Scope): Typed => {
  const given = typesOf(args, scope);
  if (!given.ok) return given;
  const on = target === undefined ? ok(undefined) : typeOf(target, scope);
  if (!on.ok) return on;
  const conditions = conditionsOf[name];
  if (conditions !== undefined) {
    const other = given.value.slice(0, conditions).find((type) => !fits(type, { name: 'bool' }));
    if (other !== undefined) return fail({ node, why: `it uses ${other} as a condition (${written(name)})` });
    return ok(name === '_?_:_' ? same(given.value.slice(1)) : 'bool');
  }
  const functions = scope.functionsOf(name);
  if (functions.length === 0) return ok(undefined);
  const type = target === undefined ? undefined : { type: on.value };
  const taking = functions.filter((one) => takes(one, type, given.value));
  if (taking.length > 0) return ok(same(taking.map(({ result }) => result.name)));
  const whole = [...(target === undefined ? [] : [on.value]), ...given.value].map(named).join(' and ');
  return fail({ node, why: `there is no ${written(name)} of ${whole === '' ? 'nothing' : whole}` });
};

type Comprehension = Extract<ExpressionNode['exprKind'], { case: 'comprehensionExpr' }>['value'];

const comprehensionType = (
  { accuVar, accuInit, iterVar, iterRange, loopCondition, loopStep, result }: Comprehension,
  scope: Scope,
): Typed => {
  const before = typesOf([iterRange, accuInit], scope);
  if (!before.ok) return before;
  const [range, accumulated] = before.value;
  if (iterRange !== undefined && !['list', 'map', 'dyn', undefined].includes(range))
    return fail({ node: iterRange, why: `it iterates over ${named(range)}` });
  const variables = new Map([...scope.variables, [iterVar, undefined], [accuVar, accumulated]] as const);
  const inner = typesOf([loopCondition, loopStep, result], { ...scope, variables });
  return inner.ok ? ok(inner.value[2]) : inner;
};

const nameType = (name: string, { variables }: Scope): StaticType => {
  if (variables.has(name)) return variables.get(name);
  return typeNames.has(name) && name !== 'google' ? 'type' : undefined;
};

/** The type of what is built of its parts. Messages of `google.protobuf` become what they hold. */
const builtType = ({ exprKind }: ExpressionNode): StaticType => {
  if (exprKind.case === 'listExpr') return 'list';
  if (exprKind.case === 'structExpr') return exprKind.value.messageName === '' ? 'map' : undefined;
  return exprKind.case === 'selectExpr' && exprKind.value.testOnly ? 'bool' : undefined;
};

/** The type of a node, whatever the statement says; fails where it could only ever be an error. */
const typeOf = (node: ExpressionNode, scope: Scope): Typed => {
  const { exprKind } = node;
  if (exprKind.case === 'constExpr') return ok(constantTypes[exprKind.value.constantKind.case ?? '']);
  if (exprKind.case === 'identExpr') return ok(nameType(exprKind.value.name, scope));
  if (exprKind.case === 'callExpr') return callType(node, exprKind.value, scope);
  if (exprKind.case === 'comprehensionExpr') return comprehensionType(exprKind.value, scope);
  const inner = typesOf(partsOf(node), scope);
  return inner.ok ? ok(builtType(node)) : inner;
};

/** What an expression has to come to. */
export type ResultType = 'bool' | 'string';
const resultNames: Readonly<Record<ResultType, string>> = { bool: 'true or false', string: 'a text' };

/**
 * What is wrong with the types of an expression, as far as its text alone says it: fields of a statement may have any type.
 * The interpreter would find out with each evaluation, and the policy could only ever refuse.
 * @param root must not have been rewritten yet
 */
export const typeFaultOf = (
  root: ExpressionNode,
  result: ResultType,
  functionsOf: Scope['functionsOf'],
): TypeFault | undefined => {
  const typed = typeOf(root, { functionsOf, variables: new Map() });
  if (!typed.ok) return typed.error;
  return fits(typed.value, { name: result })
    ? undefined
    : { node: root, why: `its result is ${named(typed.value)}, and it has to be ${resultNames[result]}` };
};
