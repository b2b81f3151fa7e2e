import type { parse } from '@bufbuild/cel';

/** A node of a parsed expression. */
export type ExpressionNode = ReturnType<typeof parse>['expr'];

/** The parts of an expression, in the order in which they are written. */
export const partsOf = ({ exprKind }: ExpressionNode): readonly (ExpressionNode | undefined)[] => {
  switch (exprKind.case) {
    case 'selectExpr':
      return [exprKind.value.operand];
    case 'callExpr':
      return [exprKind.value.target, ...exprKind.value.args];
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        keyKind.case === 'mapKey' ? [keyKind.value, value] : [value],
      );
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result];
    }
    case 'constExpr':
    case 'identExpr':
    case undefined:
      return [];
    default:
      return exprKind satisfies never;
  }
};

/** A node and all below it. */
export function* nodesIn(node: ExpressionNode | undefined): Iterable<ExpressionNode> {
  if (node === undefined) return;
  yield node;
  for (const part of partsOf(node)) yield* nodesIn(part);
}
