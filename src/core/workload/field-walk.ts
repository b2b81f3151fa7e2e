import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import type { FieldSegment } from './field-path.ts';
import { isAbsent, malformedObject, maxEntries, type Problem } from './found-images.ts';
import { isNameable, keyStep, unnameable } from './object-path.ts';

/**
 * A walk through one object, bounded over all of its paths. `visit` is called with each value at the end of a path.
 * The text of a path is written only when a finding needs it: most of ten thousand entries may lead to no image
 * (R24).
 */
export interface FieldWalk {
  readonly visit: (path: () => string, value: JsonValue) => Problem;
  entries: number;
}

interface Position {
  readonly depth: number;
  readonly path: () => string;
}

/** Attack: a map of a hundred thousand empty entries under each of 32 paths would hold the event loop. */
const countEntry = (walk: FieldWalk, { path }: Position): Problem => {
  walk.entries += 1;
  if (walk.entries <= maxEntries) return undefined;
  return {
    code: 'too-many-images',
    path: path(),
    why: `more than ${maxEntries} entries to look for images in`,
  };
};

/** Goes on in every item of `lists` lists, one in the other. */
const walkLists = (
  walk: FieldWalk,
  segments: readonly FieldSegment[],
  at: Position & { readonly lists: number },
  value: JsonValue | undefined,
): Problem => {
  const { depth, path, lists } = at;
  if (isAbsent(value)) return undefined;
  if (lists === 0) return walkFrom(walk, segments, at, value);
  if (!Array.isArray(value)) return malformedObject(path(), 'must be a list');
  for (let index = 0; index < value.length; index += 1) {
    const inner = { depth, path: () => `${path()}[${index}]`, lists: lists - 1 };
    const problem = countEntry(walk, at) ?? walkLists(walk, segments, inner, value[index]);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const walkMap = (
  walk: FieldWalk,
  segments: readonly FieldSegment[],
  at: Position & { readonly lists: number },
  map: JsonObject,
): Problem => {
  for (const key of Object.keys(map)) {
    if (!isNameable(key)) return malformedObject(at.path(), unnameable);
    const inner = { ...at, path: () => `${at.path()}${keyStep(key)}` };
    const problem = countEntry(walk, at) ?? walkLists(walk, segments, inner, map[key]);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const walkFrom = (
  walk: FieldWalk,
  segments: readonly FieldSegment[],
  at: Position,
  value: JsonValue | undefined,
): Problem => {
  if (isAbsent(value)) return undefined;
  const segment = segments[at.depth];
  if (segment === undefined) return walk.visit(at.path, value);
  if (!isJsonObject(value)) return malformedObject(at.path(), 'must be an object');
  const { key, lists } = segment;
  const depth = at.depth + 1;
  if (key === undefined) return walkMap(walk, segments, { depth, path: at.path, lists }, value);
  const path = (): string => (at.depth === 0 ? key : `${at.path()}.${key}`);
  return walkLists(walk, segments, { depth, path, lists }, value[key]);
};

/**
 * Walks one path of a row through an object. An absent field is skipped: there is no image.
 * @returns the field that has the wrong shape, or that there are too many entries
 */
export const walkField = (walk: FieldWalk, segments: readonly FieldSegment[], object: JsonObject): Problem =>
  walkFrom(walk, segments, { depth: 0, path: () => '' }, object);
