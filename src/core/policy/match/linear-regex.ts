import { RE2JS } from 're2js';
import { fail, ok, type Result } from '../../result.ts';

/** Longer texts match nothing (R24). */
const maxTextLength = 1024;

/** Whether a whole text matches: nothing is implicit at either end. */
export type MatchesWhole = (text: string) => boolean;

/**
 * A regular expression of a policy in RE2 syntax, which reads each character of a text once (B31).
 * @returns why it cannot be used
 */
export const compileRegex = (pattern: string): Result<MatchesWhole, string> => {
  try {
    const compiled = RE2JS.compile(pattern);
    return ok((text) => text.length <= maxTextLength && compiled.matches(text));
  } catch (error) {
    // The library throws for syntax.
    const why = error instanceof Error ? error.message : 'it cannot be compiled';
    return fail(`is no regular expression of RE2: ${why}`);
  }
};
