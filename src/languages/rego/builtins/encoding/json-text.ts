import { isNumber, numberText } from '../../values/number.ts';
import { RegoObject, RegoSet, type RegoValue } from '../../values/value.ts';
import { walk } from '../../values/walk-bound.ts';

const escaped = /[<>&\u2028\u2029]/g;

/** A text as Go writes it: what HTML or JavaScript would take for a sign of theirs is escaped. */
export const jsonString = (text: string): string =>
  JSON.stringify(text)
    .replaceAll('\\b', '\\b')
    .replace(escaped, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** How a document is broken into lines. */
export interface JsonLayout {
  readonly prefix: string;
  readonly indent: string;
}

const keyText = (key: RegoValue): string => (typeof key === 'string' ? key : jsonText(key));

interface Part {
  readonly before: string;
  readonly value: RegoValue;
}

/** A value as JSON: a set is an array, and a key that is no text is written as JSON. */
export const jsonText = (value: RegoValue, layout?: JsonLayout, depth = 0): string => {
  if (typeof value === 'string') return jsonString(value);
  if (isNumber(value)) return numberText(value);
  walk(1);
  if (value instanceof RegoObject) {
    const colon = layout === undefined ? ':' : ': ';
    const parts = value
      .entries()
      .map(([key, item]) => ({ before: jsonString(keyText(key)) + colon, value: item }));
    return enclosed('{}', parts, layout, depth);
  }
  if (value instanceof RegoSet || Array.isArray(value)) {
    const items = value instanceof RegoSet ? value.sorted() : value;
    return enclosed(
      '[]',
      items.map((item) => ({ before: '', value: item })),
      layout,
      depth,
    );
  }
  return JSON.stringify(value);
};

const enclosed = (
  signs: '{}' | '[]',
  parts: readonly Part[],
  layout: JsonLayout | undefined,
  depth: number,
): string => {
  const texts = parts.map(({ before, value }) => before + jsonText(value, layout, depth + 1));
  const [open, close] = [signs.charAt(0), signs.charAt(1)];
  if (layout === undefined || texts.length === 0) return open + texts.join(',') + close;
  const line = `\n${layout.prefix}${layout.indent.repeat(depth)}`;
  return `${open}${texts.map((text) => `${line}${layout.indent}${text}`).join(',')}${line}${close}`;
};
