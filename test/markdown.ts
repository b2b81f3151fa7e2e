import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of the repository. */
export const root = resolve(import.meta.dirname, '..');
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const fence = /^ *(`{3,})(\w*)\n([^]*?)^ *\1$/gm;
export const withoutBlocks = (text: string): string => text.replaceAll(fence, '');
/** All code blocks, in their order. */
export const allBlocks = (text: string): { readonly language: string; readonly code: string }[] =>
  [...text.matchAll(fence)].map(([, , language = '', code = '']) => ({ language, code }));
/** The code blocks of a language. */
export const blocks = (text: string, language: string): string[] =>
  allBlocks(text)
    .filter((block) => block.language === language)
    .map(({ code }) => code);
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
  const next = new RegExp(`^#{1,${String(level)}} `);
  let within: string | undefined;
  const to = below.findIndex((line) => {
    // A comment in a code block begins like a heading.
    const [, mark] = /^ *(`{3,})/.exec(line) ?? [];
    if (within === undefined) within = mark;
    else if (mark === within) within = undefined;
    return within === undefined && next.test(line);
  });
  return (to < 0 ? below : below.slice(0, to)).join('\n');
};
