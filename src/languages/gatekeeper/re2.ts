import { RE2JS } from 're2js';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';

/** Whether a text holds what a pattern asks for. @returns why it is no regular expression of RE2 */
export const compileRe2 = (pattern: string): Result<(text: string) => boolean, string> => {
  try {
    const regex = RE2JS.compile(pattern);
    return ok((text) => regex.matcher(text).find());
  } catch (error) {
    // The library throws for syntax.
    return fail(messageOf(error));
  }
};

/** Compiled when the first text is held against it: a dozen patterns take longer than all constraints of a usual set. */
export const whenAsked = (pattern: string): ((text: string) => boolean) => {
  let compiled: ReturnType<typeof compileRe2> | undefined;
  return (text) => {
    compiled ??= compileRe2(pattern);
    return compiled.ok && compiled.value(text);
  };
};
