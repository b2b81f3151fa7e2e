const plainKey = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/;
/** Longest key of a map that a path names, as it is shown: the length of a DNS name, which most keys are. */
const maxKeyLength = 253;

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
/** Whatever is not printable ASCII; one unit at a time, so that two keys never look the same. */
const unprintable = /[^\x20-\x7e]/g;

/**
 * Characters that a character of the key takes when it is shown: JSON writes some as two, and unprintable ones as
 * six.
 */
const shownLength = (unit: number): number => {
  if (unit >= 0x20 && unit <= 0x7e) return unit === 0x22 || unit === 0x5c ? 2 : 1;
  const isLetterEscape = unit >= 0x08 && unit <= 0x0d && unit !== 0x0b;
  return isLetterEscape ? 2 : 6;
};

/** Whether a path can name the key. Counted, not written: most entries of a large map lead to no image (R24). */
export const isNameable = (key: string): boolean => {
  if (key.length > maxKeyLength) return false;
  let length = 0;
  for (let at = 0; at < key.length; at += 1) length += shownLength(key.charCodeAt(at));
  return length <= maxKeyLength;
};

/** Why a key of a map has no step. */
export const unnameable = `a key of this map is longer than ${maxKeyLength} characters`;

/**
 * The step of a path into a map: `.Master`, or `["my group"]` where the key is no field name. The key is text of the
 * object, so it is shown in printable ASCII, and different keys have different steps (R2).
 * @param key - one that {@link isNameable}: it is bounded
 */
export const keyStep = (key: string): string =>
  plainKey.test(key) ? `.${key}` : `[${JSON.stringify(key).replaceAll(unprintable, escapeUnit)}]`;

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
