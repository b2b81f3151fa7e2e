import * as z from 'zod';
import { isJsonObject } from '../../text/json/json.ts';
import { suggest } from './suggestion.ts';
import { quote } from '../../text/cut-middle.ts';

/** One thing that is wrong in a policy; `path` leads to the value (or to the field that is missing). */
export interface PolicyProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The text that was probably meant, to replace the wrong one. */
  readonly suggestion?: string;
}

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;

/** R5: known by name, so that the refusal says "not in this version" and not "unknown field". */
export const laterChecks = ['pod', 'expression'] as const;

/** The same of fields, by where they stand within a check, places in lists aside. */
export const laterFields: Readonly<Record<string, string>> = {
  'authorities.notation': 'authorities of Notation (`notation`)',
  'authorities.key.kms': 'keys of a KMS (`key.kms`)',
  'authorities.key.fingerprint': 'keys of a KMS (`key.fingerprint`)',
};
const laterField = (path: Path, key: string): string | undefined => {
  // Authorities are written alike wherever they stand.
  const place = [...path.slice(4).filter((step) => typeof step === 'string'), key]
    .join('.')
    .replace(/^evidence\.sbom\.authorities/, 'authorities');
  return Object.hasOwn(laterFields, place) ? laterFields[place] : undefined;
};

/** The type of the value in the words of YAML. */
const nameOf = (value: unknown): string => {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `the text ${quote(value)}` : `a ${typeof value}`;
};
const expectedNames: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
};

const valueAt = (value: unknown, path: Path): unknown => {
  let current = value;
  for (const step of path) {
    if (Array.isArray(current)) current = current[Number(step)] as unknown;
    else if (isJsonObject(current)) current = current[step];
    else return undefined;
  }
  return current;
};

/** The schema below its defaults, optionality and transforms. */
const unwrap = (schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined => {
  let current = schema;
  for (;;) {
    if (
      current instanceof z.ZodDefault ||
      current instanceof z.ZodPrefault ||
      current instanceof z.ZodExactOptional
    ) {
      current = current.def.innerType;
    } else if (current instanceof z.ZodPipe) {
      current = current.def.in;
    } else return current;
  }
};

/** The fields that are allowed at a place: the candidates for a suggestion. */
const fieldsAt = (schema: z.core.$ZodType, path: Path): readonly string[] => {
  let current = unwrap(schema);
  for (const step of path) {
    if (current instanceof z.ZodObject) {
      const shape = current.shape as Readonly<Record<string, z.core.$ZodType>>;
      current = unwrap(shape[step]);
    } else if (current instanceof z.ZodArray) current = unwrap(current.element);
    else return [];
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
};

const withSuggestion = (path: Path, message: string, suggestion: string | undefined): PolicyProblem =>
  suggestion === undefined ? { path, message } : { path, message, suggestion };

const unknownField = (path: Path, key: string, schema: z.core.$ZodType): PolicyProblem => {
  const place = [...path, key];
  const later = (what: string): PolicyProblem => ({
    path: place,
    message: `this version cannot run ${what}; remove it, or run a version that can`,
  });
  const isCheckItem = path.length === 3 && path[0] === 'spec' && path[1] === 'checks';
  if (isCheckItem && (laterChecks as readonly string[]).includes(key)) return later(`the check "${key}"`);
  const field = laterField(path, key);
  if (field !== undefined) return later(field);
  const candidates = fieldsAt(schema, path);
  const what = isCheckItem ? 'check' : 'field';
  const suggestion = suggest(key, isCheckItem ? [...candidates, ...laterChecks] : candidates);
  const allowed = suggestion === undefined ? `; allowed here: ${candidates.join(', ')}` : '';
  return withSuggestion(place, `unknown ${what} ${quote(key)}${allowed}`, suggestion);
};

const wrongType = (path: Path, expected: string, given: unknown): PolicyProblem => {
  const field = path.at(-1);
  if (given === undefined) return { path, message: `missing field ${quote(String(field))}` };
  const wanted = expectedNames[expected] ?? expected;
  const message = `expected ${wanted}, found ${nameOf(given)}`;
  if (expected === 'string' && (typeof given === 'number' || typeof given === 'boolean')) {
    // No suggestion: 1.10 has already become 1.1.
    return { path, message: `${message}: put it in quotes` };
  }
  if (expected === 'array' && given === null) {
    return { path, message: `${message}: an empty list is written []` };
  }
  if (expected === 'boolean' && typeof given === 'string') {
    return withSuggestion(path, message, suggest(given, ['true', 'false']));
  }
  return { path, message };
};

const wrongValue = (path: Path, values: readonly unknown[], given: unknown): PolicyProblem => {
  const allowed = values.map(String);
  if (given === undefined) {
    return { path, message: `missing field ${quote(String(path.at(-1)))}` };
  }
  const list = allowed.length === 1 ? allowed.join() : `one of ${allowed.join(', ')}`;
  if (typeof given !== 'string') return { path, message: `expected ${list}, found ${nameOf(given)}` };
  return withSuggestion(
    path,
    `${quote(given)} is not allowed here, expected ${list}`,
    suggest(given, allowed),
  );
};

const wrongSize = (path: Path, issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): PolicyProblem => {
  if (issue.origin === 'int' || issue.origin === 'number')
    return {
      path,
      message:
        issue.code === 'too_big'
          ? `must be at most ${String(issue.maximum)}`
          : `must be at least ${String(issue.minimum)}`,
    };
  const unit = issue.origin === 'string' ? 'characters' : 'items';
  if (issue.code === 'too_big') return { path, message: `has more than ${String(issue.maximum)} ${unit}` };
  return { path, message: Number(issue.minimum) === 1 ? 'must not be empty' : `has too few ${unit}` };
};

interface Parsed {
  readonly value: unknown;
  readonly schema: z.core.$ZodType;
}
type Translation<I> = (issue: I, path: Path, parsed: Parsed) => readonly PolicyProblem[];

const asWritten = (issue: Issue, path: Path): readonly PolicyProblem[] => [{ path, message: issue.message }];

/** Closed over the codes of the schema library: a new one is a type error here. */
const translations: { readonly [C in Issue['code']]: Translation<Extract<Issue, { code: C }>> } = {
  unrecognized_keys: ({ keys }, path, { schema }) => keys.map((key) => unknownField(path, key, schema)),
  invalid_type: (issue, path, { value }) =>
    // A `never` field carries its own explanation.
    issue.expected === 'never'
      ? asWritten(issue, path)
      : [wrongType(path, issue.expected, valueAt(value, path))],
  invalid_value: ({ values }, path, { value }) => [wrongValue(path, values, valueAt(value, path))],
  too_small: (issue, path) => [wrongSize(path, issue)],
  too_big: (issue, path) => [wrongSize(path, issue)],
  invalid_key: ({ issues }, path) => [
    { path, message: `${quote(String(path.at(-1)))} ${issues[0]?.message ?? 'is no valid key'}` },
  ],
  invalid_format: ({ message }, path, { value }) => [
    { path, message: `${quote(String(valueAt(value, path)))} ${message}` },
  ],
  custom: ({ message, params }, path) => {
    const suggestion: unknown = params?.['suggestion'];
    return [withSuggestion(path, message, typeof suggestion === 'string' ? suggestion : undefined)];
  },
  invalid_union: asWritten,
  invalid_element: asWritten,
  not_multiple_of: asWritten,
};

const problemsOfIssue = (issue: Issue, parsed: Parsed): readonly PolicyProblem[] => {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  const translate = translations[issue.code] as Translation<Issue>;
  return translate(issue, path, parsed);
};

const placeKey = (issue: Issue): string => JSON.stringify(issue.path);

/** Every problem of a failed parse, in our own words. `value` was parsed by `schema`. */
export const problemsOf = (
  error: z.core.$ZodError,
  value: unknown,
  schema: z.core.$ZodType,
): readonly PolicyProblem[] => {
  const misspelt = new Set(
    error.issues.filter(({ code }) => code === 'unrecognized_keys').map((issue) => placeKey(issue)),
  );
  // An object that "lacks" something beside an unknown field is one mistake, not two.
  const issues = error.issues.filter((issue) => issue.code !== 'custom' || !misspelt.has(placeKey(issue)));
  return issues.flatMap((issue) => problemsOfIssue(issue, { value, schema }));
};

const deepest = 32;

/**
 * `__proto__` as a key would be dropped in silence by everything below, so a selector that holds it would
 * select more than it says. Refused first, as is nesting that no policy has.
 */
export const findForbiddenKeys = (value: unknown, path: Path = []): readonly PolicyProblem[] => {
  if (path.length > deepest) return [{ path, message: `nested more than ${deepest} levels deep` }];
  if (Array.isArray(value)) return value.flatMap((item, index) => findForbiddenKeys(item, [...path, index]));
  if (!isJsonObject(value)) return [];
  return Object.keys(value).flatMap((key) =>
    key === '__proto__'
      ? [{ path: [...path, key], message: 'unknown field "__proto__"' }]
      : findForbiddenKeys(value[key], [...path, key]),
  );
};
