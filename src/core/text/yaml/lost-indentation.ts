import type { Place } from '../parsed-text.ts';

/** Where a text stopped to be what it was. */
interface LostIndentation extends Place {
  /** The key that stands in the first column, and belongs below another. */
  readonly key: string;
  readonly parent: string;
  readonly parentLine: number;
}

const isIndented = /^[ \t]{1,64}\S/m;
/** Every object of a cluster has it, and none has it empty. */
const parent = 'metadata';
const keyLine = /^([A-Za-z][\w.-]{0,63}):/;

/**
 * Recognises an object of a cluster whose lines all begin in the first column, as pages show texts and chats send them.
 * What YAML says of such a text ("could not find expected ':'") helps nobody.
 */
export const findLostIndentation = (text: string): LostIndentation | undefined => {
  if (isIndented.test(text)) return undefined;
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    const [, key] = keyLine.exec(lines[at + 1] ?? '') ?? [];
    if (line.trimEnd() === `${parent}:` && key !== undefined)
      return { line: at + 2, column: 1, key, parent, parentLine: at + 1 };
  }
  return undefined;
};
