import type { JsonObject, JsonValue } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { FieldSegment } from './field-path.ts';
import type { Problem } from './found-images.ts';
import { isAbsent, malformed, maxEntries } from './found-images.ts';
import { keyStep } from './object-path.ts';

/** A walk through one object, bounded over all of its paths. `visit` is called with each value at the end of a path. */
export interface FieldWalk {
  readonly visit: (path: string, value: JsonValue) => Problem;
  entries: number;
}

interface Position {
  readonly depth: number;
  readonly path: string;
}

/** Attack: a map of a hundred thousand empty entries under each of 32 paths would hold the event loop. */
const countEntry = (walk: FieldWalk, path: string): Problem => {
  walk.entries += 1;
  if (walk.entries <= maxEntries) return undefined;
  return { code: 'too-many-images', path, why: `more than ${maxEntries} entries to look for images in` };
};

const walkList = (
  walk: FieldWalk,
  segments: readonly FieldSegment[],
  { depth, path }: Position,
  value: JsonValue | undefined,
): Problem => {
  if (isAbsent(value)) return undefined;
  if (!Array.isArray(value)) return malformed(path, 'must be a list');
  for (let index = 0; index < value.length; index += 1) {
    const problem =
      countEntry(walk, path) ?? walkFrom(walk, segments, { depth, path: `${path}[${index}]` }, value[index]);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const walkStep = (
  walk: FieldWalk,
  segments: readonly FieldSegment[],
  at: Position,
  value: JsonValue | undefined,
): Problem => {
  const isEach = segments[at.depth - 1]?.each === true;
  return isEach ? walkList(walk, segments, at, value) : walkFrom(walk, segments, at, value);
};

const walkMap = (
  walk: FieldWalk,
  segments: readonly FieldSegment[],
  { depth, path }: Position,
  map: JsonObject,
): Problem => {
  for (const key of Object.keys(map)) {
    const step = keyStep(key);
    if (!step.ok) return malformed(path, step.error);
    const at = { depth, path: `${path}${step.value}` };
    const problem = countEntry(walk, path) ?? walkStep(walk, segments, at, map[key]);
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
  if (!isJsonObject(value)) return malformed(at.path, 'must be an object');
  const depth = at.depth + 1;
  if (segment.key === undefined) return walkMap(walk, segments, { depth, path: at.path }, value);
  const path = at.path === '' ? segment.key : `${at.path}.${segment.key}`;
  return walkStep(walk, segments, { depth, path }, value[segment.key]);
};

/**
 * Walks one path of a row through an object. What is absent on the way is passed over: there is no image.
 * @returns what has the wrong shape, or that there is too much to look at.
 */
export const walkField = (walk: FieldWalk, segments: readonly FieldSegment[], object: JsonObject): Problem =>
  walkFrom(walk, segments, { depth: 0, path: '' }, object);
