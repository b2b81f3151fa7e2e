import { celFunc, CelScalar, isCelMap, parse } from '@bufbuild/cel';
import { partsOf, type ExpressionNode } from './expression-tree.ts';

/** No text can call it: `@` is not part of a name in CEL. */
const name = '@has';

/**
 * `has(x.field)` as the specification has it: an error where x has no fields. The interpreter says false, and
 * `!has(predicate.flaw)` would be true of a predicate that is a text.
 */
const presence = celFunc(name, [CelScalar.DYN, CelScalar.STRING], CelScalar.BOOL, (value, field) => {
  if (!isCelMap(value)) throw new Error(`has(…${field}) of a value that has no fields`);
  return value.has(field);
});

/** A constant, as the parser makes it. */
const text = (value: string): ExpressionNode => {
  const { expr } = parse('""');
  if (expr?.exprKind.case !== 'constExpr') throw new Error('a text is a constant');
  expr.exprKind.value.constantKind = { case: 'stringValue', value };
  return expr;
};

/** Every `has(x.field)` calls {@link presence} in its place. */
const presenceIn = (node: ExpressionNode | undefined): void => {
  if (node === undefined) return;
  for (const part of partsOf(node)) presenceIn(part);
  const { exprKind } = node;
  if (exprKind.case !== 'selectExpr' || !exprKind.value.testOnly) return;
  const { operand, field } = exprKind.value;
  if (operand === undefined) return;
  node.exprKind = {
    case: 'callExpr',
    value: { $typeName: 'cel.expr.Expr.Call', function: name, args: [operand, text(field)] },
  };
};

export const testPresence = { func: presence, in: presenceIn } as const;
