import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { CompileExpression } from '../core/policy/schema/schema.ts';
import type { ExpressionEngine } from '../evidence/verify/expression-engine.ts';
import type * as Language from './expressions.ts';

/**
 * Compiles expressions of policies. The language is loaded with the first of them: most policies have none, and it takes
 * 16 MB. Policies are read in one go, so it is loaded in one go too.
 * @param program - `expressions.mjs` of the bundle, from source `expressions.ts`
 */
export const createCompileExpression = (program: URL): CompileExpression => {
  let engine: ExpressionEngine | undefined;
  const load = (): ExpressionEngine => {
    const language = createRequire(program)(fileURLToPath(program)) as typeof Language;
    return language.createExpressionEngine();
  };
  return (text) => (engine ??= load()).compile(text);
};
