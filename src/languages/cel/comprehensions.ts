import { partsOf, type ExpressionNode } from './expression-tree.ts';

/** How deep comprehensions stand in one another, the list that one of them iterates over included. */
export const depthOfComprehensions = (expression: ExpressionNode | undefined): number => {
  if (expression === undefined) return 0;
  const deepest = Math.max(0, ...partsOf(expression).map(depthOfComprehensions));
  return expression.exprKind.case === 'comprehensionExpr' ? deepest + 1 : deepest;
};

/** No text can call it: `@` is not part of a name in CEL. */
const name = '@step';

/** Every comprehension calls `@step(condition)` before each iteration, in place of its condition. */
const countIn = (expression: ExpressionNode | undefined): void => {
  if (expression === undefined) return;
  for (const part of partsOf(expression)) countIn(part);
  const { exprKind } = expression;
  if (exprKind.case !== 'comprehensionExpr') return;
  const { loopCondition } = exprKind.value;
  if (loopCondition === undefined) return;
  exprKind.value.loopCondition = {
    ...loopCondition,
    exprKind: {
      case: 'callExpr',
      value: { $typeName: 'cel.expr.Expr.Call', function: name, args: [loopCondition] },
    },
  };
};

export const countIterations = { name, in: countIn } as const;
