import type { RegoRule, Term } from '../rego/syntax/term.ts';

const isTerm = (node: object): node is Term => 'kind' in node && 'at' in node;

/**
 * Goes through all of the syntax in the order of the text, targets of `with` as well. Without recursion: a text of some
 * 100 KB can nest deeper than the stack is.
 * @param visit - says what else to go through below a term; `undefined`: all of it
 */
export const walkSyntax = (
  rules: readonly RegoRule[],
  visit: (term: Term) => readonly unknown[] | undefined,
): void => {
  const open: object[] = [rules];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const below: readonly unknown[] =
      (isTerm(node) ? visit(node) : undefined) ?? (Array.isArray(node) ? node : Object.values(node));
    for (let at = below.length - 1; at >= 0; at--) {
      const part = below[at];
      // Most of what a node holds are texts and numbers.
      if (typeof part === 'object' && part !== null) open.push(part);
    }
  }
};
