import type { parse } from '@bufbuild/cel';

type Expr = ReturnType<typeof parse>['expr'];

/** The parts of an expression, in the order in which they are written. */
const partsOf = ({ exprKind }: Expr): readonly (Expr | undefined)[] => {
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

/** How deep comprehensions stand in one another, the list that one of them iterates over included. */
export const depthOfComprehensions = (expression: Expr | undefined): number => {
  if (expression === undefined) return 0;
  const deepest = Math.max(0, ...partsOf(expression).map(depthOfComprehensions));
  return expression.exprKind.case === 'comprehensionExpr' ? deepest + 1 : deepest;
};

/** No text can call it: `@` is not part of a name in CEL. */
const name = '@step';

/** Every comprehension calls `@step(condition)` before each iteration, in place of its condition. */
const countIn = (expression: Expr | undefined): void => {
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
