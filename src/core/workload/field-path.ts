import type { Result } from '../result.ts';
import { fail, ok } from '../result.ts';

/** One step of a path: a field, and whether every element of the list in it is meant (`steps[]`). */
export interface FieldSegment {
  readonly key: string;
  readonly each: boolean;
}

const segmentPattern = /^[A-Za-z_][A-Za-z0-9_-]*(?:\[\])?$/;
const maxSegments = 16;
const maxLength = 512;

/** Splits a path that is known to be well formed. */
export const fieldSegments = (path: string): readonly FieldSegment[] =>
  path.split('.').map((text) => {
    const each = text.endsWith('[]');
    return { key: each ? text.slice(0, -2) : text, each };
  });

/**
 * Reads a path such as `spec.template.spec` or `spec.steps[].image`.
 * @returns why the text is no path. Names that every JavaScript object inherits (`constructor`, `__proto__`) are refused.
 */
export const parseFieldPath = (path: unknown): Result<readonly FieldSegment[], string> => {
  if (typeof path !== 'string' || path === '') return fail('must be a path such as spec.template.spec');
  if (path.length > maxLength) return fail(`must not be longer than ${maxLength} characters`);
  const texts = path.split('.');
  if (texts.length > maxSegments) return fail(`must not have more than ${maxSegments} steps`);
  const wrong = texts.find((text) => !segmentPattern.test(text));
  if (wrong !== undefined) return fail(`has a step that is no field name: ${JSON.stringify(wrong)}`);
  const segments = fieldSegments(path);
  const inherited = segments.find(({ key }) => key in Object.prototype);
  if (inherited !== undefined)
    return fail(`has a step that is no field name: ${JSON.stringify(inherited.key)}`);
  return ok(segments);
};
