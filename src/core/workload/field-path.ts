import { fail, ok, type Result } from '../result.ts';

/** One step of a path of a row. */
export interface FieldSegment {
  /** The field; `undefined` for `*`, which means every key of a map. */
  readonly key: string | undefined;
  /** Of how many lists, one in the other, every item is meant: 1 in `steps[]`, 2 in `steps[][]`. */
  readonly lists: number;
}

const segmentPattern = /^(?:[A-Za-z_][A-Za-z0-9_-]*|\*)(?:\[\]){0,2}$/;
const maxSegments = 16;
/** Each `*` may multiply the places of an object and lengthens every path of a finding. */
const maxMapSteps = 4;
const maxLength = 512;

/** Splits a path that is known to be well formed. */
export const fieldSegments = (path: string): readonly FieldSegment[] =>
  path.split('.').map((text) => {
    const [key = '', ...lists] = text.split('[]');
    return { key: key === '*' ? undefined : key, lists: lists.length };
  });

/** The text of a path: the inverse of {@link fieldSegments}. */
export const formatSegments = (segments: readonly FieldSegment[]): string =>
  segments.map(({ key = '*', lists }) => `${key}${'[]'.repeat(lists)}`).join('.');

/** Whether the path leads to one place at most: it goes through no list and no map. */
export const isSinglePlace = (segments: readonly FieldSegment[]): boolean =>
  segments.every(({ key, lists }) => key !== undefined && lists === 0);

/**
 * Reads a path such as `spec.template.spec`, `spec.steps[].image` or `spec.replicaSpecs.*.template.spec`.
 * @returns why the text is no path. Names that every JavaScript object inherits (`constructor`, `__proto__`) are refused.
 * @example
 * parseFieldPath('spec.steps[].image').value.length // 3
 * parseFieldPath('spec.__proto__').ok // false
 */
export const parseFieldPath = (path: unknown): Result<readonly FieldSegment[], string> => {
  if (typeof path !== 'string' || path === '') return fail('must be a path such as spec.template.spec');
  if (path.length > maxLength) return fail(`must not be longer than ${maxLength} characters`);
  const texts = path.split('.');
  if (texts.length > maxSegments) return fail(`must not have more than ${maxSegments} steps`);
  const wrong = texts.find((text) => !segmentPattern.test(text));
  if (wrong !== undefined) {
    return fail(
      `has a step that is no field name: ${JSON.stringify(wrong)}; \`name[]\` is every item of a list, \`*\` every key of a map`,
    );
  }
  const segments = fieldSegments(path);
  const inherited = segments.find(({ key }) => key !== undefined && key in Object.prototype);
  if (inherited !== undefined)
    return fail(`has a step that is no field name: ${JSON.stringify(inherited.key)}`);
  if (segments.filter(({ key }) => key === undefined).length > maxMapSteps) {
    return fail(`must not have more than ${maxMapSteps} steps *`);
  }
  return ok(segments);
};
