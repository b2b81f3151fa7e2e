import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { fail, ok, type Result } from '../../result.ts';
import { invalidBytes, type Unreadable } from '../unreadable.ts';
import { readJsonValue, type JsonFault, type JsonProblem } from './json-text.ts';

const maxDepth = 64;
/** How much a document may hold. */
export interface JsonLimits {
  readonly values: number;
  readonly escapes: number;
  /** Faults say where they stand: for documents that people write or look into. */
  readonly tellsPlace?: boolean;
}
/**
 * Reading must not hold up other reviews, and 4 MiB of brackets must not become 200 MiB of objects (B9). 2,000 layers
 * with four annotations each have 20,000 values, and nobody writes a tenth of the escapes.
 */
const ofRegistries: JsonLimits = { values: 30_000, escapes: 100_000 };

/** Of the web platform: the one part of it that reading bytes needs, and pure. */
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

const unreadable = (problem: JsonProblem, { values, escapes, tellsPlace }: JsonLimits): Unreadable => {
  const { fault, line, column } = problem;
  const limit = (why: string): Unreadable => ({ kind: 'limit', why });
  const texts: Readonly<Record<JsonFault, Unreadable>> = {
    syntax: { kind: 'invalid', why: 'it is not JSON' },
    'repeated key': {
      kind: 'invalid',
      why: 'it holds one key twice, which runtimes and we would read differently',
    },
    depth: limit(`it is nested deeper than ${maxDepth} levels`),
    values: limit(`it holds more than ${values} values`),
    escapes: limit(`it holds more than ${escapes} escapes`),
  };
  const { kind, why } = texts[fault];
  return { kind, why: tellsPlace === true ? `${why} (line ${line}, column ${column})` : why };
};

const readValue = (text: string, mayRepeat: boolean, limits: JsonLimits): Result<JsonValue, Unreadable> => {
  const { values, escapes } = limits;
  const value = readJsonValue(text, { values, escapes, depth: maxDepth, mayRepeat });
  return value.ok ? value : fail(unreadable(value.error, limits));
};

/**
 * Reads JSON of a stranger that no runtime reads, within the same bounds: of a key that stands there twice the last one
 * counts, as Go has it.
 */
export const readForeignValue = (text: string): Result<JsonValue, Unreadable> =>
  readValue(text, true, ofRegistries);

const readBytes = (bytes: Uint8Array, limits: JsonLimits): Result<JsonValue, Unreadable> => {
  const text = decode(bytes);
  return text === undefined ? invalidBytes('it is not valid UTF-8') : readValue(text, false, limits);
};

/** Reads a JSON list as {@link readJsonObject} reads an object. */
export const readJsonList = (bytes: Uint8Array): Result<readonly JsonValue[], Unreadable> => {
  const value = readBytes(bytes, ofRegistries);
  if (!value.ok) return value;
  return Array.isArray(value.value) ? ok(value.value) : invalidBytes('it is not a JSON list');
};

/**
 * Reads a JSON object out of bytes of a stranger as the container runtimes would read it, or not at all: valid UTF-8
 * without a byte order mark, at most 64 levels, 30,000 values and 100,000 escapes, no key twice in one object (JSON.parse
 * takes the last while Go, in which the runtimes are written, mixes both). The caller bounds the length. Never throws.
 * @param limits for documents that are larger than those of registries and read where nobody waits
 */
export const readJsonObject = (
  bytes: Uint8Array,
  limits: JsonLimits = ofRegistries,
): Result<JsonObject, Unreadable> => {
  const value = readBytes(bytes, limits);
  if (!value.ok) return value;
  return isJsonObject(value.value) ? ok(value.value) : invalidBytes('it is not a JSON object');
};
