import { isJsonObject, textOf, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { fail, ok, type Result } from '../result.ts';
import { readJsonText } from '../text/json/json-text.ts';
import type { ParsedValue, Places, TextProblem, TextStart } from '../text/parsed-text.ts';
import type { SourceNode } from '../text/source-node.ts';
import { readYamlText } from '../text/yaml/yaml-text.ts';

/** One Kubernetes object of a manifest; `line` and `column` (1-based) are where it begins. */
export interface ManifestObject {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: JsonObject;
  /** Where the values of the object stand. */
  readonly places: () => Places;
  /** The object as it is written: reads the text again, so only for what is to be rewritten. */
  readonly source: () => SourceNode;
}
/** Something that is no Kubernetes object: reported on stderr, not an error (R20). */
interface ManifestRemark {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}
export interface ManifestObjects {
  /** In input order, lists flattened. */
  readonly objects: readonly ManifestObject[];
  readonly remarks: readonly ManifestRemark[];
  /** Documents that are not empty, before lists are flattened; 0 means that there was nothing to read. */
  readonly documents: number;
}
/** `why` may hold text of the file: escape and cut it before showing it. */
interface ManifestProblem extends TextProblem {
  readonly file: string;
}

interface Reading {
  readonly file: string;
  readonly objects: ManifestObject[];
  readonly remarks: ManifestRemark[];
}
/** What an item inherits from the typed list around it. */
interface Inherited {
  readonly apiVersion: string;
  readonly kind: string;
}

const listSuffix = 'List';
const noKind: Inherited = { apiVersion: '', kind: '' };

/** A value that may be an object: a document, or an item of a list in it. */
interface Candidate {
  readonly value: JsonValue;
  readonly start: TextStart;
  readonly parsed: ParsedValue;
}

const addItems = (
  reading: Reading,
  { parsed, start }: Candidate,
  items: JsonValue | undefined,
  inherited: Inherited,
): void => {
  if (!Array.isArray(items)) return;
  const starts = parsed.itemStarts.get(items) ?? [];
  for (const [at, value] of items.entries())
    addObject(reading, { value, start: starts[at] ?? start, parsed }, inherited);
};

/** The item's own apiVersion and kind, or both from the list when one is missing: kubectl's rule. */
const identify = (object: JsonObject, inherited: Inherited): Inherited => {
  const apiVersion = textOf(object['apiVersion']);
  const kind = textOf(object['kind']);
  return apiVersion === '' || kind === '' ? inherited : { apiVersion, kind };
};

/**
 * As kubectl reads it: an item of `PodList` may lack apiVersion and kind, and any object with a list of `items` is a
 * list whatever its kind says, so what hides there is read beside the object itself.
 */
const addObject = (reading: Reading, candidate: Candidate, inherited: Inherited): void => {
  const { value, start, parsed } = candidate;
  const { line, column } = start;
  const { file } = reading;
  if (!isJsonObject(value)) {
    reading.remarks.push({ file, line, text: 'not a Kubernetes object: left out' });
    return;
  }
  const { apiVersion, kind } = identify(value, inherited);
  const { items } = value;
  if (apiVersion === '' || kind === '') {
    reading.remarks.push({ file, line, text: 'no apiVersion or kind: left out' });
    // With --validate=false kubectl applies the items of a list that names its kind alone.
    if (textOf(value['kind']) !== '') addItems(reading, candidate, items, noKind);
    return;
  }
  const isList = kind.endsWith(listSuffix);
  if (!isList || !Array.isArray(items)) {
    const object =
      value['kind'] === kind && value['apiVersion'] === apiVersion ? value : { ...value, apiVersion, kind };
    const places = (): Places => parsed.placesIn(value, start);
    const source = (): SourceNode => parsed.sourceAt(start);
    reading.objects.push({ file, line, column, apiVersion, kind, object, places, source });
  }
  const itemKind = isList ? kind.slice(0, -listSuffix.length) : kind;
  addItems(reading, candidate, items, itemKind === '' ? noKind : { apiVersion, kind: itemKind });
};

const isFurther = (a: TextProblem, b: TextProblem): boolean =>
  a.line > b.line || (a.line === b.line && a.column > b.column);

/** JSON when the text looks like it; `{a: 1}` and JSON documents between `---` are YAML, so that is tried next. */
const readValues = (text: string): Result<readonly ParsedValue[], TextProblem> => {
  const first = text.trimStart().charAt(0);
  if (first !== '{' && first !== '[') return readYamlText(text);
  const json = readJsonText(text);
  if (json.ok) return json;
  const yaml = readYamlText(text);
  return yaml.ok || isFurther(yaml.error, json.error) ? yaml : json;
};

const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);

/** Every value of a text, as {@link readManifestObjects} reads it, whether it is an object of a cluster or not. */
export const readTextValues = (text: string): Result<readonly ParsedValue[], TextProblem> =>
  readValues(withoutMark(text));

/**
 * Reads the Kubernetes objects of a YAML or JSON text: several documents, JSON streams, `List` and typed lists.
 * Scalars, merge keys and separators mean what they mean to kubectl; duplicate keys, tags without a JSON type and
 * aliases that expand to too much are refused. `file` is only passed on.
 *
 * @returns the first problem with its line and column; never throws.
 */
export const readManifestObjects = (text: string, file: string): Result<ManifestObjects, ManifestProblem> => {
  const values = readTextValues(text);
  if (!values.ok) return fail({ ...values.error, file });
  const reading: Reading = { file, objects: [], remarks: [] };
  const filled = values.value.filter(({ value }) => value !== null);
  for (const parsed of filled) {
    const { value, start } = parsed;
    addObject(reading, { value, start, parsed }, noKind);
  }
  return ok({ objects: reading.objects, remarks: reading.remarks, documents: filled.length });
};
