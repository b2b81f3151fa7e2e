import type { Document, LineCounter as LineCounterType } from 'yaml';
import { LineCounter, parseAllDocuments } from 'yaml';
import type { Result } from '../result.ts';
import { fail, ok } from '../result.ts';
import type { ParsedValue, TextProblem } from './parsed-text.ts';
import { explainYaml, tooDeepToRead } from './yaml-limits.ts';
import { nodeToJson } from './yaml-node.ts';
import { failsafe } from './yaml-scalar.ts';

/** Text of one document and the 1-based line of the file that it begins on. */
interface Chunk {
  readonly text: string;
  readonly line: number;
}

// Duplicate keys are found by yaml-node.ts, as the library's own search is quadratic.
const options = { ...failsafe, prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const;

const separator = '---';

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
      chunks.push({ text: text.slice(chunkStart, start), line: chunkLine });
      chunkStart = end + 1;
      chunkLine = line + 1;
    }
    start = end + 1;
  }
  chunks.push({ text: text.slice(chunkStart), line: chunkLine });
  return ok(chunks);
};

const problemAt = (chunk: Chunk, lines: LineCounterType, offset: number, why: string): TextProblem => {
  const { line, col } = lines.linePos(offset);
  return { line: chunk.line + Math.max(line, 1) - 1, column: Math.max(col, 1), why: explainYaml(why) };
};

const readDocument = (
  chunk: Chunk,
  lines: LineCounterType,
  document: Document.Parsed,
): Result<ParsedValue | undefined, TextProblem> => {
  const [error] = document.errors;
  if (error !== undefined) return fail(problemAt(chunk, lines, error.pos[0], error.message));
  const { contents } = document;
  if (contents === null) return ok(undefined);
  const json = nodeToJson(contents);
  if (!json.ok) return fail(problemAt(chunk, lines, json.error.offset, json.error.why));
  if (json.value.value === null) return ok(undefined);
  const lineAt = (offset: number): number => chunk.line + lines.linePos(offset).line - 1;
  const lineOf = new Map([...json.value.offsets].map(([item, offset]) => [item, lineAt(offset)]));
  return ok({ value: json.value.value, line: lineAt(contents.range[0]), lineOf });
};

const readChunk = (chunk: Chunk): Result<readonly ParsedValue[], TextProblem> => {
  const lines = new LineCounter();
  const values: ParsedValue[] = [];
  for (const document of parseAllDocuments(chunk.text, { ...options, lineCounter: lines })) {
    const value = readDocument(chunk, lines, document);
    if (!value.ok) return value;
    if (value.value !== undefined) values.push(value.value);
  }
  return ok(values);
};

/**
 * Reads every document of a YAML text; empty documents are left out. What stands after `...`, which kubectl ignores,
 * is read too.
 */
export const readYamlText = (text: string): Result<readonly ParsedValue[], TextProblem> => {
  const chunks = splitDocuments(text);
  if (!chunks.ok) return chunks;
  const values: ParsedValue[] = [];
  for (const chunk of chunks.value) {
    if (chunk.text.trim() === '') continue;
    try {
      const read = readChunk(chunk);
      if (!read.ok) return read;
      values.push(...read.value);
    } catch (error) {
      // Absurd nesting can end the stack outside of what the parser catches.
      if (!(error instanceof RangeError)) throw error;
      return fail({ line: chunk.line, column: 1, why: tooDeepToRead });
    }
  }
  return ok(values);
};
