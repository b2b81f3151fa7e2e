import {
  isScalar,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  visit,
  type Document,
  type DocumentOptions,
  type ParseOptions,
  type SchemaOptions,
} from 'yaml';

type Options = Omit<ParseOptions, 'lineCounter'> & DocumentOptions & SchemaOptions;
type Documents = readonly Document.Parsed[];

/** Each line that is joined costs another look at the whole text. */
const maxJoined = 64;

/** Where a quoted text seems to end without its closing quote; `undefined`: nowhere. */
const openQuote = (documents: Documents): number | undefined => {
  for (const { errors } of documents)
    for (const { code, pos } of errors) if (code === 'MISSING_CHAR') return pos[0];
  return undefined;
};

const blank = /[ \t\r]/;
const documentMark = /^(?:---|\.\.\.)(?:\s|$)/;

/** The line break behind a place, if the text may go on after it. */
const lineBreakAfter = (text: string, place: number): number | undefined => {
  let at = place;
  while (blank.test(text.charAt(at))) at += 1;
  const rest = text.slice(at + 1, at + 5);
  return text[at] === '\n' && !documentMark.test(rest) ? at : undefined;
};

/** Gives texts that were joined over lines the value that they have where their lines are indented. */
const foldValues = (documents: Documents, text: string, joined: readonly number[]): void => {
  for (const document of documents)
    visit(document, {
      Scalar: (_key, node) => {
        const [start = 0, end = 0] = node.range ?? [];
        if (!joined.some((at) => at >= start && at < end)) return;
        const { contents } = parseDocument(text.slice(start, end).replaceAll('\n', '\n '));
        if (isScalar(contents)) node.value = contents.value;
      },
    });
};

/**
 * Parses a text as `parseAllDocuments` does, and also quoted texts whose later lines begin no further right than the map
 * around them. The specification forbids that, and kubectl takes it: people publish such templates.
 */
export const parseYamlDocuments = (
  text: string,
  options: Options,
  lines: LineCounter = new LineCounter(),
): Documents => {
  const parse = (one: string): Documents => {
    lines.lineStarts.length = 0;
    return parseAllDocuments(one, { ...options, lineCounter: lines }) as Documents;
  };
  const asWritten = parse(text);
  const lineStarts = [...lines.lineStarts];
  const joined: number[] = [];
  let documents = asWritten;
  let read = text;
  // A line break becomes a space, so that every other character stays at its place.
  for (let open = openQuote(documents); open !== undefined; open = openQuote(documents)) {
    const at = lineBreakAfter(read, open);
    if (at === undefined || joined.length === maxJoined) {
      lines.lineStarts = lineStarts;
      return asWritten;
    }
    joined.push(at);
    read = `${read.slice(0, at)} ${read.slice(at + 1)}`;
    documents = parse(read);
  }
  if (joined.length === 0) return asWritten;
  foldValues(documents, text, joined);
  lines.lineStarts = lineStarts;
  return documents;
};
