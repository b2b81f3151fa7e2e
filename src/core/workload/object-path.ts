import type { Result } from '../result.ts';
import { fail, ok } from '../result.ts';

const plainKey = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/;
/** Longest key of a map that a path names, as it is shown: the length of a DNS name, which most keys are. */
const longestKey = 253;

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
/** Whatever is not printable ASCII; one unit at a time, so that two keys never look the same. */
const unprintable = /[^\x20-\x7e]/g;

/**
 * The step of a path into a map: `.Master`, or `["my group"]` where the key is no field name. The key is text of the
 * object, so it is bounded and shown in printable ASCII, and different keys have different steps (R2).
 * @returns why the key cannot be named.
 */
export const keyStep = (key: string): Result<string, string> => {
  const tooLong = `a key of this map is longer than ${longestKey} characters`;
  if (key.length > longestKey) return fail(tooLong);
  if (plainKey.test(key)) return ok(`.${key}`);
  const quoted = JSON.stringify(key).replaceAll(unprintable, escapeUnit);
  return quoted.length - 2 > longestKey ? fail(tooLong) : ok(`[${quoted}]`);
};

/** Where the JSON text that begins at `start` with a quote ends; -1 when it does not. */
const endOfQuoted = (path: string, start: number): number => {
  for (let at = start + 1; at < path.length; at += 1) {
    if (path[at] === '\\') at += 1;
    else if (path[at] === '"') return at + 1;
  }
  return -1;
};

const endOfKey = (path: string, start: number): number => {
  let at = start;
  while (at < path.length && path[at] !== '.' && path[at] !== '[') at += 1;
  return at;
};

/**
 * The steps of a path that this gate wrote: `spec.groups["my group"].containers[0].image` is
 * `['spec', 'groups', 'my group', 'containers', 0, 'image']`. Numbers are indices of lists, texts are keys.
 */
export const stepsOf = (path: string): readonly (string | number)[] => {
  const steps: (string | number)[] = [];
  for (let at = 0; at < path.length;) {
    if (path.startsWith('["', at)) {
      const end = endOfQuoted(path, at + 1);
      if (end < 0) return steps;
      steps.push(JSON.parse(path.slice(at + 1, end)) as string);
      at = end + 1;
    } else if (path[at] === '[') {
      const end = path.indexOf(']', at);
      if (end < 0) return steps;
      steps.push(Number(path.slice(at + 1, end)));
      at = end + 1;
    } else {
      const start = path[at] === '.' ? at + 1 : at;
      at = endOfKey(path, start);
      steps.push(path.slice(start, at));
    }
  }
  return steps;
};
