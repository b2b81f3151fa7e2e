import type { Place, Places } from '../../core/text/parsed-text.ts';
import { nodeAt, type SourceNode } from '../../core/text/source-node.ts';
import type { TemplateProblem } from './constraint-template.ts';

/** A template as it stands in a file. */
interface WrittenTemplate {
  /** The whole text of the file, line by line. */
  readonly lines: readonly string[];
  readonly places: () => Places;
  readonly source: () => SourceNode;
}

/** Where a problem stands in the file, with the line and a caret below the place. */
export interface TemplatePlace extends Place {
  readonly excerpt: string;
}

const lineAt = (lines: readonly string[], line: number): string => lines[line - 1]?.replace(/\r$/, '') ?? '';

/**
 * Where a line and a column of a text stand in its file. Only a block text (`|`) holds its lines as they are; of another
 * one the beginning is all that can be named.
 */
const placeInBlock = (
  lines: readonly string[],
  start: Place,
  value: string,
  { line, column }: Place,
): Place | undefined => {
  if (lineAt(lines, start.line)[start.column - 1] !== '|') return undefined;
  const at = start.line + line;
  const written = lineAt(lines, at);
  const meant = value.split('\n')[line - 1] ?? '';
  return written.endsWith(meant) ? { line: at, column: written.length - meant.length + column } : undefined;
};

const tabs = /[^\t]/g;

/** The line of a place, and a caret below it. Tabs stay, so that the caret stands where a terminal shows the place. */
const excerptOf = (lines: readonly string[], { line, column }: Place): string => {
  const written = lineAt(lines, line);
  return `${written}\n${written.slice(0, column - 1).replace(tabs, ' ')}^`;
};

/** The place of a problem in the file that the template was read from. */
export const placeOfProblem = (
  { path, line, column }: TemplateProblem,
  { lines, places, source }: WrittenTemplate,
): TemplatePlace => {
  const start = places()(path);
  const node = line === undefined ? undefined : nodeAt(source(), path);
  const inText =
    node?.kind === 'text' && line !== undefined
      ? placeInBlock(lines, start, node.value, { line, column: column ?? 1 })
      : undefined;
  const place = inText ?? start;
  return { ...place, excerpt: excerptOf(lines, place) };
};
