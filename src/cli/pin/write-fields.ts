import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { readTextValues } from '../../core/workload/manifest.ts';
import { setField } from '../../core/text/parsed-text.ts';
import { nodeAt, type SourceEntry, type SourceNode, type SourceSteps } from '../../core/text/source-node.ts';
import type { FieldChange } from './named-image.ts';
import { applyEdits, byteOrderMarkOf, replaceText, type TextEdit } from './text-edit.ts';

/** A change of one document of a text, counted as it is read. */
export interface DocumentChange {
  readonly document: number;
  readonly change: FieldChange;
}

interface FieldsWritten {
  readonly text: string;
  readonly written: ReadonlySet<DocumentChange>;
}

/** Uses the quotes of the neighbouring value, so that JSON stays JSON. */
const quotedAs = (source: string, text: string): string => {
  const quote = source.charAt(0);
  return quote === '"' || quote === "'" ? `${quote}${text}${quote}` : text;
};

const startOfLine = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

/**
 * Writes a new field behind another one: on the same line in braces, else on its own line with the same indentation.
 */
const insertAfter = (body: string, flow: boolean, entry: SourceEntry, change: FieldChange): TextEdit => {
  const { key, value } = entry;
  const keySource = body.slice(key.start, key.end);
  const field = `${quotedAs(keySource, change.key)}: ${quotedAs(body.slice(value.start, value.end), change.text)}`;
  if (flow) return { start: value.end, end: value.end, text: `, ${field}` };
  const newline = body.indexOf('\n', value.end);
  const end = newline < 0 ? body.length : newline;
  // The last line may have no line end. Then the line before shows which ends the file uses.
  const isCrLf = body[(newline < 0 ? body.lastIndexOf('\n') : newline) - 1] === '\r';
  // Before the key on its line is indentation, or the dash of a list item.
  const indent = body.slice(startOfLine(body, key.start), key.start).replace(/[^ \t]/g, ' ');
  const at = isCrLf && newline >= 0 ? end - 1 : end;
  return { start: at, end: at, text: `${isCrLf ? '\r\n' : '\n'}${indent}${field}` };
};

/** Writes the value of a key that has none (`digest:`), or one that is no text (`digest: ~`). */
const fill = (body: string, { key, value }: SourceEntry, text: string): TextEdit => {
  if (value.end > value.start) return { start: value.start, end: value.end, text };
  const colon = body.indexOf(':', key.end) + 1;
  return { start: colon, end: colon, text: ` ${text}` };
};

const editOf = (body: string, root: SourceNode, change: FieldChange): TextEdit | undefined => {
  const map = nodeAt(root, change.map);
  if (map?.kind === 'list') {
    const item = map.item(Number(change.key));
    return item?.kind === 'text' ? replaceText(body, item, change.text) : undefined;
  }
  if (map?.kind !== 'map') return undefined;
  const entry = map.entry(change.key);
  if (entry?.value.kind === 'text') return replaceText(body, entry.value, change.text);
  if (entry !== undefined) return fill(body, entry, change.text);
  const neighbour = change.after === undefined ? undefined : map.entry(change.after);
  return neighbour === undefined ? undefined : insertAfter(body, map.flow, neighbour, change);
};

const changed = (value: JsonValue, steps: SourceSteps, key: string, text: string): JsonValue => {
  const [step = key, ...rest] = steps;
  const below = (found: JsonValue | undefined): JsonValue =>
    steps.length === 0 ? text : changed(found ?? null, rest, key, text);
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).map((item, at) => (at === Number(step) ? below(item) : item));
  if (!isJsonObject(value)) return value;
  const copy: Record<string, JsonValue> = {};
  for (const [name, field] of Object.entries(value)) setField(copy, name, field ?? null);
  setField(copy, String(step), below(value[String(step)]));
  return copy;
};

const valuesOf = (text: string): readonly JsonValue[] | undefined => {
  const read = readTextValues(text);
  return read.ok ? read.value.map(({ value }) => value) : undefined;
};

/**
 * One text with some changes. It is read again and must differ by exactly these changes. Otherwise (a parser
 * understood something else, an anchor shares the value with another place) the text is left alone.
 */
const attempt = (text: string, changes: readonly DocumentChange[]): string | undefined => {
  const mark = byteOrderMarkOf(text);
  const body = text.slice(mark.length);
  const read = readTextValues(text);
  if (!read.ok) return undefined;
  const expected = read.value.map(({ value }) => value);
  const edits: TextEdit[] = [];
  for (const { document, change } of changes) {
    const parsed = read.value[document];
    const edit = parsed && editOf(body, parsed.sourceAt(parsed.start), change);
    if (edit === undefined) return undefined;
    edits.push(edit);
    expected[document] = changed(expected[document] ?? null, change.map, change.key, change.text);
  }
  const now = `${mark}${applyEdits(body, edits)}`;
  return isDeepStrictEqual(valuesOf(now), expected) ? now : undefined;
};

/** Writes fields into a text and touches nothing else; all together, or else one by one as far as each is possible. */
export const writeFields = (text: string, changes: readonly DocumentChange[]): FieldsWritten => {
  const whole = attempt(text, changes);
  if (whole !== undefined) return { text: whole, written: new Set(changes) };
  const written = new Set<DocumentChange>();
  let now = text;
  for (const change of changes) {
    const next = attempt(now, [change]);
    if (next === undefined) continue;
    now = next;
    written.add(change);
  }
  return { text: now, written };
};
