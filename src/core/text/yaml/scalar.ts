import { isMap, Schema, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import type { JsonValue } from '../json/json.ts';

/** The parser leaves every scalar as text; what follows types it. */
export const failsafe = {
  schema: new Schema({ schema: 'failsafe', resolveKnownTags: false }),
  resolveKnownTags: false,
} as const;

/**
 * What kubectl (sigs.k8s.io/yaml, that is go.yaml.in/yaml/v2) takes a plain scalar for. It is neither YAML 1.1 nor
 * 1.2: `yes`, `on` and `y` are booleans, `017` and `0o17` are octal, `1_000` is a number, `12:30` and dates are text.
 * `image: yes` is therefore a boolean, which the API server refuses, and no image called "yes".
 * Facts: test/fixtures/workloads/yaml-scalars.json, captured from that library.
 */
const words: ReadonlyMap<string, boolean | null> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
]);
const maxWordLength = 5;

const notJson = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const integer =
  /^([-+]?)(?:0[xX]([0-9a-fA-F]{1,400})|0[bB]([01]{1,400})|0[oO]?([0-7]{1,400})|(0|[1-9][0-9]{0,400}))$/;
const float = /^[-+]?(?:\.[0-9]{1,400}|[0-9]{1,400}(?:\.[0-9]{0,400})?)(?:[eE][-+]?[0-9]{1,400})?$/;
const maxUint64 = 18446744073709551615n;
const minInt64 = -9223372036854775808n;

/** An integer that fits into 64 bits; beyond them a decimal is a float, and any other notation is text. */
const readInteger = (text: string): number | undefined => {
  const match = integer.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const magnitude = BigInt(
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : (decimal ?? '0'),
  );
  const value = sign === '-' ? -magnitude : magnitude;
  // Go's ParseUint takes no sign, so a signed number must fit into an int64.
  const limit = sign === '' ? maxUint64 : -minInt64 - 1n;
  return value > limit || value < minInt64 ? undefined : Number(value);
};

const readNumber = (text: string): number | undefined => {
  // A leading dot is read without dropping underscores: `._5` is text.
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  const whole = readInteger(digits);
  if (whole !== undefined) return whole;
  if (!float.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isFinite(value) ? value : undefined;
};

const mayBeNumber = (text: string): boolean => {
  const first = text.charCodeAt(0);
  return (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e;
};

/** The value of a plain (unquoted) scalar; `undefined` for infinities and NaN, which JSON cannot hold. */
export const plainScalar = (text: string): JsonValue | undefined => {
  if (text.length <= maxWordLength) {
    const word = words.get(text);
    if (word !== undefined) return word;
    if (notJson.test(text)) return undefined;
  }
  if (!mayBeNumber(text) || text.length > 400) return text;
  return readNumber(text) ?? text;
};

const coreTag = 'tag:yaml.org,2002:';
const typed: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  bool: (value) => typeof value === 'boolean',
  float: (value) => typeof value === 'number',
  int: (value) => Number.isInteger(value),
  null: (value) => value === null,
};

/** The test that a value under this tag has to pass; readers disagree on what `!!binary` and the like mean. */
const fitsTag = (tag: string): ((value: JsonValue) => boolean) | undefined => {
  const name = tag.startsWith(coreTag) ? tag.slice(coreTag.length) : '';
  return Object.hasOwn(typed, name) ? typed[name] : undefined;
};

const taggedValue = (tag: string, text: string): JsonValue | undefined => {
  if (tag === '!' || tag === `${coreTag}str`) return text;
  const value = plainScalar(text);
  return value !== undefined && fitsTag(tag)?.(value) === true ? value : undefined;
};

/** The JSON value of a scalar that was parsed as {@link failsafe}; without one, {@link whyNoValue} says why. */
export const scalarValue = (node: Scalar): JsonValue | undefined => {
  const text = typeof node.value === 'string' ? node.value : '';
  if (node.tag !== undefined) return taggedValue(node.tag, text);
  return node.type === 'PLAIN' ? plainScalar(text) : text;
};

/** An image could hide behind a tag that readers disagree about. */
export const whyForeignTag = 'a tag that JSON has no type for';

export const whyNoValue = ({ tag }: Scalar): string => {
  if (tag === undefined) return 'infinity and NaN are not JSON';
  return fitsTag(tag) === undefined ? whyForeignTag : 'a value does not fit its tag';
};

/** A key as JSON has it: `on` is `true`, `1.0` is `1`; without one, {@link whyNoKey} says why. */
export const keyText = (node: Scalar): string | undefined => {
  const value = scalarValue(node);
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export const whyNoKey = (node: Scalar): string =>
  scalarValue(node) === null ? 'a key must not be null' : whyNoValue(node);

export const hasForeignTag = (node: YAMLMap | YAMLSeq): boolean =>
  node.tag !== undefined && node.tag !== `${coreTag}${isMap(node) ? 'map' : 'seq'}`;

/** Whether the parser, which knows no types here, only complains of a tag that {@link scalarValue} knows. */
export const isKnownTagWarning = (message: string): boolean =>
  fitsTag(/tag:yaml\.org,2002:\w{1,64}$/.exec(message)?.[0] ?? '') !== undefined;
