import { Option } from 'commander';
import { oneOfWords } from '../../core/policy/load/suggestion.ts';
import { UsageError } from './terminal.ts';

/** One of a few words. Another word gives exit code 2 with the nearest one. `what` is the flag as it was written. */
export const oneOf = <const T extends string>(what: string, text: string, words: readonly T[]): T => {
  const word = oneOfWords(text, words);
  if (word.ok) return word.value;
  throw new UsageError([`${what} ${JSON.stringify(text)} ${word.error}`]);
};

export type TextOrJson = 'text' | 'json';

/** The `-o` option of commands that print one thing. */
export const textOrJsonOption = (): Option =>
  new Option('-o, --output <format>', 'text|json.')
    .argParser((text) => oneOf('-o', text, ['text', 'json']))
    .default('text' satisfies TextOrJson);
