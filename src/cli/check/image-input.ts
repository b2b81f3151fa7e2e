import { readTextFile } from '../../files/text-file.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { InvalidReference } from '../../core/image/invalid-reference.ts';
import { parseReference, type ImageReference } from '../../core/image/reference.ts';
import { UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';

const maxListBytes = 16 * 2 ** 20;
const maxImages = 100_000;

interface Given {
  readonly text: string;
  /** `images.txt:3: `, or nothing for the command line. */
  readonly where: string;
}

/** One reference a line; empty lines and lines that begin with `#` are left out. */
const readList = (text: string, file: string): readonly Given[] =>
  text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line, at) => ({ text: line.trim(), where: `${file}:${at + 1}: ` }))
    .filter(({ text: line }) => line !== '' && !line.startsWith('#'));

const readFile = async (path: string, terminal: Terminal): Promise<readonly Given[]> => {
  if (path === '-') return readList(await terminal.readStandardInput(maxListBytes), 'stdin');
  const read = readTextFile(path, { bytes: maxListBytes });
  const text = valueOrUsage(read, (why) => shown(`cannot read ${path}: ${why}`));
  return readList(text, path);
};

const whyNoImage = ({ text, where }: Given, { why }: InvalidReference): string =>
  shown(`${where}'${text}' is no image reference: ${why}`);

/** The one image of a command. */
export const readOneImage = (text: string): ImageReference =>
  valueOrUsage(parseReference(text), (error) => whyNoImage({ text, where: '' }, error));

/**
 * The images of `check image`: arguments, `-` for a list on standard input, and lists named with -f, in that order. A
 * text that is no reference is a mistake in the call (exit code 2), with every one of them on a line.
 */
export const readImages = async (
  references: readonly string[],
  files: readonly string[],
  terminal: Terminal,
): Promise<readonly ImageReference[]> => {
  const given: Given[] = references.filter((text) => text !== '-').map((text) => ({ text, where: '' }));
  const lists = new Set([...references.filter((text) => text === '-'), ...files]);
  for (const path of lists) for (const one of await readFile(path, terminal)) given.push(one);
  if (given.length === 0)
    throw new UsageError([
      lists.size > 0
        ? 'the list holds no image reference; write one a line'
        : 'nothing to judge: name an image, or give a list with -f FILE (- is standard input)',
    ]);
  if (given.length > maxImages) throw new UsageError([`more than ${maxImages} images in one call`]);
  const images: ImageReference[] = [];
  const problems: string[] = [];
  for (const { text, where } of given) {
    const parsed = parseReference(text);
    if (parsed.ok) images.push(parsed.value);
    else problems.push(whyNoImage({ text, where }, parsed.error));
  }
  if (problems.length > 0) throw new UsageError(problems);
  return images;
};
