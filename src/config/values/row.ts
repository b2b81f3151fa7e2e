import { isDnsLabel } from '../../core/text/dns-name.ts';
import { resolve } from 'node:path';
import { parseHost } from '../../core/image/registry-host.ts';
import { oneOfWords, suggest } from '../../core/policy/load/suggestion.ts';
import { isJsonObject } from '../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { formatDuration } from '../../core/text/duration.ts';
import { parseDuration } from './duration.ts';
import { quote } from '../../core/text/cut-middle.ts';
import { formatSize } from '../../core/text/size.ts';
import { parseSize } from './size.ts';
import type { DocumentFault } from './shape.ts';

/** Reads one value of a row. `folder` is that of the configuration file: relative file names start there. */
export type Read<T> = (value: unknown, folder: string) => Result<T, DocumentFault>;

/** How each field of a row is read. */
type Fields<T> = { readonly [K in keyof T]-?: Read<Exclude<T[K], undefined>> };

const refuse = (message: string, path: DocumentFault['path'] = []): Result<never, DocumentFault> =>
  fail({ path, message });

const within = <T>(result: Result<T, DocumentFault>, step: string | number): Result<T, DocumentFault> =>
  result.ok ? result : refuse(result.error.message, [step, ...result.error.path]);

const unknownField = (field: string, known: readonly string[]): Result<never, DocumentFault> => {
  const near = suggest(field, known);
  const next = near === undefined ? `the fields are ${known.join(', ')}` : `did you mean ${quote(near)}?`;
  return refuse(`unknown field ${quote(field)}; ${next}`, [field]);
};

/** A map with these fields and no other. The first fault is reported with its place. */
export const row =
  <T extends object>(fields: Fields<T>, required: readonly (keyof T & string)[]): Read<T> =>
  (value, folder) => {
    const known = Object.keys(fields);
    if (!isJsonObject(value)) return refuse(`expected a row with the fields ${known.join(', ')}`);
    const read: Record<string, unknown> = {};
    for (const [field, given] of Object.entries(value)) {
      if (!Object.hasOwn(fields, field)) return unknownField(field, known);
      if (given === null) return refuse('has no value; give one, or remove the field', [field]);
      const result = within(fields[field as keyof T](given, folder), field);
      if (!result.ok) return result;
      read[field] = result.value;
    }
    const missing = required.find((field) => !Object.hasOwn(read, field));
    return missing === undefined ? ok(read as T) : refuse(`${missing} is missing`);
  };

/** At most `most` items, none of them twice. */
export const list =
  <T>(item: Read<T>, most: number, identity: (value: T) => string): Read<readonly T[]> =>
  (value, folder) => {
    if (!Array.isArray(value) || value.length > most) {
      return refuse(`expected a list of at most ${String(most)}`);
    }
    const items = new Map<string, T>();
    for (const [index, given] of (value as readonly unknown[]).entries()) {
      const result = within(item(given, folder), index);
      if (!result.ok) return result;
      const name = identity(result.value);
      if (items.has(name)) return refuse(`${name} stands here twice; keep one of the two`, [index]);
      items.set(name, result.value);
    }
    return ok([...items.values()]);
  };

/** A list that says nothing when it is empty. */
export const someOf =
  <T>(read: Read<readonly T[]>, why: string): Read<readonly T[]> =>
  (value, folder) => {
    const result = read(value, folder);
    return result.ok && result.value.length === 0 ? refuse(`is empty; ${why}`) : result;
  };

export const flag: Read<boolean> = (value) =>
  typeof value === 'boolean' ? ok(value) : refuse('is neither true nor false; write one of them');

export const integer =
  (least: number, most: number): Read<number> =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? ok(value)
      : refuse(`expected a whole number from ${String(least)} to ${String(most)}`);

/** Milliseconds, written with a unit. */
export const duration =
  (least: number, most: number): Read<number> =>
  (value) => {
    const parsed = parseDuration(typeof value === 'string' ? value : String(value));
    if (!parsed.ok) return refuse(parsed.error);
    const fits = parsed.value >= least && parsed.value <= most;
    return fits
      ? parsed
      : refuse(`expected a duration from ${formatDuration(least)} to ${formatDuration(most)}`);
  };

/** Bytes, written with a unit. */
export const size =
  (least: number, most: number): Read<number> =>
  (value) => {
    const isText = typeof value === 'string' || typeof value === 'number';
    const parsed = isText ? parseSize(String(value)) : fail('expected a size such as 4GiB');
    if (parsed.ok && (parsed.value < least || parsed.value > most))
      return refuse(`expected a size from ${formatSize(least)} to ${formatSize(most)}`);
    return parsed.ok ? parsed : refuse(parsed.error);
  };

export const word =
  <const T extends string>(...words: readonly T[]): Read<T> =>
  (value) => {
    const found = oneOfWords(typeof value === 'string' ? value : '', words);
    if (found.ok) return found;
    return refuse(typeof value === 'string' ? `${quote(value)} ${found.error}` : found.error);
  };

/** A name that may stand in logs and in metrics. */
export const name: Read<string> = (value) =>
  typeof value === 'string' && isDnsLabel(value)
    ? ok(value)
    : refuse('expected a name of lower case letters, digits and -, at most 63 characters');

/** A file; a relative name starts at the folder of the configuration file. */
export const file: Read<string> = (value, folder) => {
  if (typeof value !== 'string' || value.trim() === '') return refuse('expected the name of a file');
  // eslint-disable-next-line no-control-regex -- a name with one is never meant
  if (/[\u0000-\u001f\u007f]/.test(value)) return refuse('the name holds a control character; remove it');
  return ok(resolve(folder, value));
};

/**
 * A registry as image references name it, in lower case, with the port when one is written; `index.docker.io` is
 * `docker.io`. A URL, a path, a user name or a wildcard is refused: a host is matched as a whole.
 */
export const registryHost: Read<string> = (value) => {
  if (typeof value !== 'string') return refuse('expected a host such as registry.example.com:5000');
  const host = parseHost(value);
  if (host !== undefined) return ok(host.host);
  const alone = /^[a-z]+:\/\/([^/@]+)|^([^/@]+)\//i.exec(value);
  const candidate = parseHost(alone?.[1] ?? alone?.[2] ?? '');
  const next =
    candidate === undefined ? 'write for example registry.example.com:5000' : `write ${candidate.host}`;
  return refuse(`${quote(value)} is no host; ${next}`);
};

export const registryHosts = (most: number): Read<readonly string[]> =>
  list(registryHost, most, (host) => host);
