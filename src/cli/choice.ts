import { suggest } from '../core/policy/suggestion.ts';
import { UsageError } from './terminal.ts';

/** One of a few words; another one is refused with the nearest (exit code 2). `what` is the flag as it was written. */
export const oneOf = <const T extends string>(what: string, text: string, words: readonly T[]): T => {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  const near = suggest(text, words);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  throw new UsageError([`${what} ${JSON.stringify(text)}: use ${words.join(', ')}${meant}`]);
};
