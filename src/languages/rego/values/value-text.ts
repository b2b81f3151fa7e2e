import { ExactNumber } from './exact-number.ts';
import { RegoObject, RegoSet, type RegoValue } from './value.ts';
import { walk } from './walk-bound.ts';

const named: ReadonlyMap<number, string> = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
  [34, '\\"'],
  [92, '\\\\'],
]);

const hidden = /[\p{C}\p{Z}]/u;
const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

const quotedCharacter = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  const name = named.get(code);
  if (name !== undefined) return name;
  if (code === 32 || !hidden.test(character)) return character;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code > 0xff_ff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
};

const special = /[^\u0020\u0021\u0023-\u005b\u005d-\u007e]/;

/** A text in quotes as Go's `%q` writes it. */
export const quotedText = (text: string): string =>
  special.test(text) ? `"${Array.from(text).map(quotedCharacter).join('')}"` : `"${text}"`;

/** A value as Rego writes it: `{"a", "b"}`, `set()`, `{"k": 1}`. */
export const valueText = (value: RegoValue): string => {
  if (typeof value === 'string') return quotedText(value);
  walk(1);
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (value instanceof ExactNumber) return value.text;
  if (value instanceof RegoSet)
    return value.size === 0 ? 'set()' : `{${value.sorted().map(valueText).join(', ')}}`;
  if (value instanceof RegoObject)
    return `{${value
      .entries()
      .map(([key, item]) => `${valueText(key)}: ${valueText(item)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
};

/** The name of a type, as `type_name` and errors say it. */
export const typeName = (value: RegoValue): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof RegoObject) return 'object';
  if (value instanceof RegoSet) return 'set';
  return value instanceof ExactNumber ? 'number' : typeof value;
};
