/** How tightly each operator binds, the loosest least (Policy Language, "Grammar"). */
export const levels: ReadonlyMap<string, number> = new Map(
  [['==', '!=', '<', '>', '<=', '>='], ['|'], ['&'], ['+', '-'], ['*', '/', '%']].flatMap((signs, level) =>
    signs.map((sign) => [sign, level] as const),
  ),
);

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
