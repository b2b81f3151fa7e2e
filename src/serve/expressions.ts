import { createLruCache } from '../concurrency/cache/lru-cache.ts';
import { statementVariables, type ExpressionEngine } from '../evidence/verify/expression-engine.ts';
import { compileExpression } from '../languages/cel/expression.ts';

/** More than all policies of a cluster hold. */
const maxCompiled = 256;

/** CEL over signed statements, for the threads that verify and for the reading of policies. */
export const createExpressionEngine = (): ExpressionEngine => {
  const compiled = createLruCache<ReturnType<ExpressionEngine['compile']>>({ entries: maxCompiled });
  return {
    compile: (text) => {
      const known = compiled.get(text);
      if (known !== undefined) return known;
      const expression = compileExpression(text, statementVariables);
      compiled.set(text, expression);
      return expression;
    },
  };
};
