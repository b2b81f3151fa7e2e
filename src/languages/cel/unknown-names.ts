import { partsOf, type ExpressionNode } from './expression-tree.ts';

/** What every expression may name: the types. */
export const typeNames: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'google',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint',
]);
/** Operators and what macros become are named with signs; the interpreter has all of them. */
export const isWritten = (name: string): boolean => !/\W/.test(name);

interface Known {
  readonly variables: ReadonlySet<string>;
  readonly isFunction: (name: string) => boolean;
}

/** A name that nothing declares, and where it stands. */
export interface UnknownName {
  readonly text: string;
  readonly node: ExpressionNode;
}

const unknownHere = ({ exprKind }: ExpressionNode, { variables, isFunction }: Known): string | undefined => {
  if (exprKind.case === 'identExpr') {
    const { name } = exprKind.value;
    return variables.has(name) ? undefined : name;
  }
  if (exprKind.case === 'callExpr') {
    const name = exprKind.value.function;
    return isWritten(name) && !isFunction(name) ? `${name}()` : undefined;
  }
  if (exprKind.case === 'structExpr') {
    const name = exprKind.value.messageName;
    return name === '' || name.startsWith('google.protobuf.') ? undefined : `${name}{}`;
  }
  return undefined;
};

const below = (node: ExpressionNode | undefined, known: Known): readonly UnknownName[] => {
  if (node === undefined) return [];
  const text = unknownHere(node, known);
  const { exprKind } = node;
  const inner =
    exprKind.case === 'comprehensionExpr'
      ? { ...known, variables: new Set([...known.variables, exprKind.value.iterVar, exprKind.value.accuVar]) }
      : known;
  return [
    ...(text === undefined ? [] : [{ text, node }]),
    ...partsOf(node).flatMap((part) =>
      below(part, exprKind.case === 'comprehensionExpr' && part === exprKind.value.iterRange ? known : inner),
    ),
  ];
};

/**
 * The first variable, function or type of an expression that nothing declares. The interpreter would find out with each
 * evaluation, and a policy with a misspelt name could then only ever refuse.
 */
export const unknownNameIn = (
  expression: ExpressionNode | undefined,
  declared: readonly string[],
  isFunction: Known['isFunction'],
): UnknownName | undefined =>
  below(expression, { variables: new Set([...typeNames, ...declared]), isFunction })[0];
