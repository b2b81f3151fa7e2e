/** Operators by how tightly they bind, the loosest first (Policy Language, "Grammar"). */
export const levels: readonly ReadonlySet<string>[] = [
  new Set(['==', '!=', '<', '>', '<=', '>=']),
  new Set(['|']),
  new Set(['&']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
];

/** The builtin that stands behind each operator (Policy Reference, "Built-in Functions"). */
export const operatorNames: ReadonlyMap<string, string> = new Map([
  [':=', 'assign'],
  ['=', 'eq'],
  ['==', 'equal'],
  ['!=', 'neq'],
  ['<', 'lt'],
  ['>', 'gt'],
  ['<=', 'lte'],
  ['>=', 'gte'],
  ['|', 'or'],
  ['&', 'and'],
  ['+', 'plus'],
  ['-', 'minus'],
  ['*', 'mul'],
  ['/', 'div'],
  ['%', 'rem'],
]);
