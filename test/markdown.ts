import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of the repository. */
export const root = resolve(import.meta.dirname, '..');
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const fence = /^ *```(\w*)\n([^]*?)^ *```$/gm;
export const withoutBlocks = (text: string): string => text.replaceAll(fence, '');
/** The code blocks of a language. */
export const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(fence)].filter(([, found]) => found === language).map(([, , code = '']) => code);
/** Code within sentences, blanks joined. */
export const spans = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '));

/** The text below a heading, up to the next one of the same level or a higher one. */
export const section = (text: string, heading: string): string => {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const lines = text.split('\n');
  const from = lines.indexOf(heading);
  if (from < 0) return '';
  const below = lines.slice(from + 1);
  const to = below.findIndex((line) => new RegExp(`^#{1,${String(level)}} `).test(line));
  return (to < 0 ? below : below.slice(0, to)).join('\n');
};
