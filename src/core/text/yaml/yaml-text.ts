import { LineCounter, visit, type Document } from 'yaml';
import { fail, ok, type Result } from '../../result.ts';
import type { ParsedValue, Place, TextProblem, TextStart } from '../parsed-text.ts';
import { explainYaml, tooDeepToRead } from './limits.ts';
import { nodeToJson } from './node.ts';
import { createYamlSource, parseChunk, type Chunk, type YamlSource } from './source.ts';
import { startAt } from './value-starts.ts';

const separator = '---';

// YAML 1.1, and so kubectl, ends a line at each of these, YAML 1.2 at none. A comment for one reader is an image for
// the other.
const foreignBreak = /\r(?!\n)|[\u0085\u2028\u2029]/g;
const whyForeignBreak = (text: string): string =>
  `the line break U+${text.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}, which readers of YAML disagree about; break lines with LF or CR LF, or write it as an escape in double quotes`;

/** Splits at lines that begin with `---`, the way kubectl does: only a comment may follow on such a line. */
const splitDocuments = (text: string): Result<readonly Chunk[], TextProblem> => {
  const chunks: Chunk[] = [];
  let chunkStart = 0;
  let chunkLine = 1;
  let line = 1;
  for (let start = 0; start <= text.length; line += 1) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    if (text.startsWith(separator, start)) {
      const rest = text.slice(start + separator.length, end).trim();
      if (rest !== '' && !rest.startsWith('#')) {
        return fail({ line, column: 4, why: 'only a comment may follow "---" on its line' });
      }
      chunks.push({ text: text.slice(chunkStart, start), offset: chunkStart, line: chunkLine });
      chunkStart = end + 1;
      chunkLine = line + 1;
    }
    start = end + 1;
  }
  chunks.push({ text: text.slice(chunkStart), offset: chunkStart, line: chunkLine });
  return ok(chunks);
};

/** One chunk while it is read. */
interface Reading {
  readonly chunk: Chunk;
  readonly lines: LineCounter;
  readonly source: YamlSource;
}

const placeAt = ({ chunk, lines }: Reading, offset: number): Place => {
  const { line, col } = lines.linePos(offset);
  return { line: chunk.line + Math.max(line, 1) - 1, column: Math.max(col, 1) };
};

const textStart = (reading: Reading, offset: number): TextStart => ({
  offset: reading.chunk.offset + offset,
  ...placeAt(reading, offset),
});

const problemAt = (reading: Reading, offset: number, why: string): TextProblem => ({
  ...placeAt(reading, offset),
  why: explainYaml(why),
});

const readDocument = (
  reading: Reading,
  document: Document.Parsed,
): Result<ParsedValue | undefined, TextProblem> => {
  const { chunk, source } = reading;
  const [error] = document.errors;
  if (error !== undefined) return fail(problemAt(reading, error.pos[0], error.message));
  const { contents } = document;
  if (contents === null) return ok(undefined);
  const json = nodeToJson(contents);
  if (!json.ok) return fail(problemAt(reading, json.error.offset, json.error.why));
  if (json.value.value === null) return ok(undefined);
  const itemStarts = new Map(
    [...json.value.offsets].map(([list, offsets]) => [
      list,
      offsets.map((offset) => textStart(reading, offset)),
    ]),
  );
  const { value, starts } = json.value;
  return ok({
    value,
    start: textStart(reading, contents.range[0]),
    itemStarts,
    placesIn:
      (root, { offset }) =>
      (steps) =>
        placeAt(reading, startAt(starts, root, steps) ?? offset - chunk.offset),
    sourceAt: ({ offset }) => source(chunk, offset),
  });
};

/** Within quotes every reader takes it as a part of the text, and no image and no name holds one. */
const findForeignBreak = (
  { text }: Chunk,
  documents: readonly Document.Parsed[],
): RegExpExecArray | undefined => {
  const breaks = [...text.matchAll(foreignBreak)];
  if (breaks.length === 0) return undefined;
  const quoted: (readonly [number, number])[] = [];
  for (const document of documents)
    visit(document, {
      Scalar: (_key, { type, range }) => {
        if ((type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') && range) quoted.push([range[0], range[1]]);
      },
    });
  let at = 0;
  return breaks.find(({ index }) => {
    while ((quoted[at]?.[1] ?? Infinity) <= index) at++;
    return (quoted[at]?.[0] ?? Infinity) > index;
  });
};

const readChunk = (chunk: Chunk, source: YamlSource): Result<readonly ParsedValue[], TextProblem> => {
  const lines = new LineCounter();
  const reading: Reading = { chunk, lines, source };
  const values: ParsedValue[] = [];
  const documents = parseChunk(chunk, lines);
  for (const document of documents) {
    const value = readDocument(reading, document);
    if (!value.ok) return value;
    if (value.value !== undefined) values.push(value.value);
  }
  const foreign = findForeignBreak(chunk, documents);
  return foreign === undefined
    ? ok(values)
    : fail(problemAt(reading, foreign.index, whyForeignBreak(foreign[0])));
};

/**
 * Reads every document of a YAML text; empty documents are left out. Text after `...`, which kubectl ignores, is read
 * too.
 */
export const readYamlText = (text: string): Result<readonly ParsedValue[], TextProblem> => {
  const chunks = splitDocuments(text);
  if (!chunks.ok) return chunks;
  const source = createYamlSource();
  const values: ParsedValue[] = [];
  for (const chunk of chunks.value) {
    if (chunk.text.trim() === '') continue;
    try {
      const read = readChunk(chunk, source);
      if (!read.ok) return read;
      for (const value of read.value) values.push(value);
    } catch (error) {
      // Absurd nesting can end the stack outside of what the parser catches.
      if (!(error instanceof RangeError)) throw error;
      return fail({ line: chunk.line, column: 1, why: tooDeepToRead });
    }
  }
  return ok(values);
};
