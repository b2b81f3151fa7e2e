/** Aligned columns without borders, as kubectl prints them, line by line; the last column is not padded. */
export function* formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): Iterable<string> {
  const widths = header.map((title) => title.length);
  // A call with one argument a row ends at the stack of the engine: about 120,000 rows.
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3)))
      .join('')
      .trimEnd()}\n`;
  yield line(header);
  for (const row of rows) yield line(row);
}
