/** Where a line ends that begins at `at`: at its `\n`, or with the text. */
const endOfLine = (text: string, at: number): number => {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
};

/** The fields of one paragraph, by their names in lower case. The first of equal names counts. */
export type ControlFields = ReadonlyMap<string, string>;

/**
 * The paragraphs of a file in the form of RFC 822, as dpkg and Python write them, one after another: `Name: value` a line;
 * a line that begins with a space goes on with the one before, which none of the wanted fields does. Blank lines lie
 * between paragraphs. The caller may stop early: what follows costs nothing.
 * @param wanted names in lower case
 */
// oxlint-disable-next-line func-style -- a generator has no arrow form
export function* controlParagraphs(text: string, wanted: ReadonlySet<string>): Generator<ControlFields> {
  let fields = new Map<string, string>();
  let isEmpty = true;
  for (let at = 0, end = 0; at < text.length; at = end + 1) {
    end = endOfLine(text, at);
    const line = text.slice(at, end).trimEnd();
    if (line === '') {
      if (!isEmpty) yield fields;
      fields = new Map();
      isEmpty = true;
      continue;
    }
    isEmpty = false;
    const colon = line.indexOf(':');
    if (colon <= 0 || line.startsWith(' ') || line.startsWith('\t')) continue;
    const name = line.slice(0, colon).toLowerCase();
    if (wanted.has(name) && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  if (!isEmpty) yield fields;
}
