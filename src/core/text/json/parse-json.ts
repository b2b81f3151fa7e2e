import type { JsonObject, JsonValue } from './json.ts';
import { readJsonValue } from './json-text.ts';

type Container = JsonObject | readonly JsonValue[];
const isContainer = (value: JsonValue | undefined): value is Container =>
  typeof value === 'object' && value !== null;

/** Adds the lists and objects that an object has. @returns whether one of its keys holds a backslash */
const openObject = (object: JsonObject, open: Container[]): boolean => {
  // Lists of keys and values would take twice as long.
  for (const key in object) {
    if (key.includes('\\')) return true;
    const member = object[key];
    if (isContainer(member)) open.push(member);
  }
  return false;
};
const openList = (list: readonly JsonValue[], open: Container[]): void => {
  for (const item of list) if (isContainer(item)) open.push(item);
};

/** Whether an object in the value has a key with a backslash. */
const holdsBackslashKey = (value: JsonValue): boolean => {
  const open = [value].filter(isContainer);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (Array.isArray(next)) openList(next as readonly JsonValue[], open);
    else if (openObject(next as JsonObject, open)) return true;
  }
  return false;
};

/** JSON nested deeper, which only has to be read here when a key has a backslash, is not read. */
const bounds = { depth: 512, mayRepeat: true, mayOverflow: true };

/**
 * Parses JSON of somebody else: `JSON.parse`, and what it reads wrong is read again. The engine takes a key with an escape
 * for a key that it has seen behind the same keys before, when that one is spelt like the beginning of its text:
 * `"\u003cx"` becomes `\u` (nodejs/node#63785). All keys that are read wrong hold the backslash of their escape, so only
 * values with such keys are read again. Attack: send an object that makes the engine know the key `\u`, then one with a bad
 * image under `<x` and a good one under `\u`: the bad one is overwritten, nobody judges it, and the cluster stores both.
 * @returns `undefined` when it is not JSON
 */
export const parseJson = (text: string): JsonValue | undefined => {
  try {
    const value = JSON.parse(text) as JsonValue;
    if (!text.includes('\\') || !holdsBackslashKey(value)) return value;
  } catch {
    return undefined;
  }
  const again = readJsonValue(text, bounds);
  return again.ok ? again.value : undefined;
};
