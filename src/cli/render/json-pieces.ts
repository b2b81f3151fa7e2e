/**
 * JSON text piece by piece, as `JSON.stringify(…, undefined, 2)` writes it: `frame` with `items` in its last empty list.
 * One text of everything would end at the longest string of the engine (512 MiB).
 */
export function* jsonPieces(frame: object, items: Iterable<unknown>): Iterable<string> {
  const text = JSON.stringify(frame, undefined, 2);
  const at = text.lastIndexOf('[]') + 1;
  const before = text.slice(0, at);
  const indent = /^ */.exec(before.slice(before.lastIndexOf('\n') + 1))?.[0] ?? '';
  yield before;
  let first = true;
  for (const item of items) {
    const lines = JSON.stringify(item, undefined, 2).replaceAll('\n', `\n${indent}  `);
    yield `${first ? '' : ','}\n${indent}  ${lines}`;
    first = false;
  }
  yield `${first ? '' : `\n${indent}`}${text.slice(at)}\n`;
}
