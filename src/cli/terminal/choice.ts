import { oneOfWords } from '../../core/policy/load/suggestion.ts';
import { UsageError } from './terminal.ts';

/** One of a few words; another one is refused with the nearest (exit code 2). `what` is the flag as it was written. */
export const oneOf = <const T extends string>(what: string, text: string, words: readonly T[]): T => {
  const word = oneOfWords(text, words);
  if (word.ok) return word.value;
  throw new UsageError([`${what} ${JSON.stringify(text)} ${word.error}`]);
};
