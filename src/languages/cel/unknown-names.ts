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

const unknownHere = ({ exprKind }: ExpressionNode, { variables, isFunction }: Known): readonly string[] => {
  if (exprKind.case === 'identExpr') {
    const { name } = exprKind.value;
    return variables.has(name) ? [] : [name];
  }
  if (exprKind.case === 'callExpr') {
    const name = exprKind.value.function;
    return isWritten(name) && !isFunction(name) ? [`${name}()`] : [];
  }
  if (exprKind.case === 'structExpr') {
    const name = exprKind.value.messageName;
    return name === '' || name.startsWith('google.protobuf.') ? [] : [`${name}{}`];
  }
  return [];
};

const below = (node: ExpressionNode | undefined, known: Known): readonly string[] => {
  if (node === undefined) return [];
  const { exprKind } = node;
  const inner =
    exprKind.case === 'comprehensionExpr'
      ? { ...known, variables: new Set([...known.variables, exprKind.value.iterVar, exprKind.value.accuVar]) }
      : known;
  return [
    ...unknownHere(node, known),
    ...partsOf(node).flatMap((part) =>
      below(part, exprKind.case === 'comprehensionExpr' && part === exprKind.value.iterRange ? known : inner),
    ),
  ];
};

/**
 * Variables, functions and types of an expression that nothing declares, each once. The interpreter would find out with each
 * evaluation, and a policy with a misspelt name could then only ever refuse.
 */
export const unknownNames = (
  expression: ExpressionNode | undefined,
  declared: readonly string[],
  isFunction: Known['isFunction'],
): readonly string[] => [
  ...new Set(below(expression, { variables: new Set([...typeNames, ...declared]), isFunction })),
];
