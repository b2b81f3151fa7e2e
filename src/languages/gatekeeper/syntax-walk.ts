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
  const open: unknown[] = [rules];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    const below = (isTerm(node) ? visit(node) : undefined) ?? Object.values(node);
    for (const part of below.toReversed()) open.push(part);
  }
};
