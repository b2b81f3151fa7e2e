import type { JsonObject, JsonValue } from './json.ts';

/** encoding/json of Go folds case as Unicode does: the long s and the Kelvin sign are an s and a k. */
const fold = (name: string): string => name.toUpperCase().toLowerCase();

/** Names that are read from an object, and how a case-blind reader sees them. */
export interface FieldNames {
  readonly exact: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
  /** UTF-16 units of the longest; folding makes no name shorter. */
  readonly longest: number;
}
export const fieldNames = (...names: readonly string[]): FieldNames => ({
  exact: new Set(names),
  folded: new Set(names.map(fold)),
  longest: Math.max(...names.map(({ length }) => length)),
});

/**
 * A field that runtimes read and we would not: Go takes `user` for `User`, so that `{"User":"1000","user":"0"}` would
 * pass as not root and run as root.
 */
export const foreignSpelling = (
  object: JsonObject,
  { exact, folded, longest }: FieldNames,
): string | undefined =>
  Object.keys(object).find((name) => name.length <= longest && !exact.has(name) && folded.has(fold(name)));

/** Whether an object has one of the fields, as a case-blind reader sees it. */
export const holdsField = (object: JsonObject, { folded, longest }: FieldNames): boolean =>
  Object.keys(object).some((name) => name.length <= longest && folded.has(fold(name)));

/** A text, `undefined` when it is absent or null, which Go reads alike; `false` when it is something else. */
export const optionalText = (value: JsonValue | undefined): string | undefined | false => {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : false;
};
