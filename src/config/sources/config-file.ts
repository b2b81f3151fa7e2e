import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Pair,
} from 'yaml';
import { suggest } from '../../core/policy/load/suggestion.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { quote } from '../../core/text/cut-middle.ts';
import type { ConfigProblem, Origin } from './origin.ts';
import { settingKeys, type SettingKey } from '../settings/settings.ts';

/** A configuration file as text; `path` is used in messages only. */
export interface ConfigText {
  readonly path: string;
  readonly text: string;
}

/** One key of the file: its value as plain data, and its place. */
export interface FileEntry {
  readonly value: unknown;
  readonly origin: Origin;
  /** The place of something inside the value; the place of the value itself when the path leads nowhere. */
  readonly originAt: (path: readonly (string | number)[]) => Origin;
}
export type FileEntries = ReadonlyMap<SettingKey, FileEntry>;

/** Larger files are refused unread. */
export const maxConfigFileBytes = 1024 * 1024;

interface Place {
  readonly path: string;
  readonly lines: LineCounter;
}

const originAt = (place: Place, offset: number): Origin => {
  const { line, col } = place.lines.linePos(offset);
  return { kind: 'file', path: place.path, line: Math.max(1, line), column: Math.max(1, col) };
};

const startOf = (node: unknown): number => (node as Partial<Node> | null | undefined)?.range?.[0] ?? 0;

/** Where the field or item at `path` begins: a field at its key. */
const startWithin = (root: unknown, path: readonly (string | number)[]): number | undefined => {
  let node = root;
  let start: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      start = startOf(pair?.key);
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      start = startOf(node);
    } else return undefined;
  }
  return start;
};

const unknownKey = (origin: Origin, key: string): ConfigProblem => {
  const near = suggest(key, settingKeys);
  const next =
    near === undefined ? `the settings are ${settingKeys.join(', ')}` : `did you mean ${quote(near)}?`;
  return { origin, message: `unknown setting ${quote(key)}; ${next}` };
};

const entryOf = (document: Document, pair: Pair, place: Place): FileEntry => {
  const value = pair.value as Node | null;
  const own = originAt(place, startOf(value ?? pair.key));
  return {
    value: value === null ? null : (value.toJS(document, { maxAliasCount: 100 }) as unknown),
    origin: own,
    originAt: (path) => {
      const offset = startWithin(pair.value, path);
      return offset === undefined ? own : originAt(place, offset);
    },
  };
};

const readPairs = (
  document: Document,
  pairs: readonly Pair[],
  place: Place,
): Result<FileEntries, readonly ConfigProblem[]> => {
  const entries = new Map<SettingKey, FileEntry>();
  const problems: ConfigProblem[] = [];
  for (const pair of pairs) {
    const name = isScalar(pair.key) ? String(pair.key.value) : 'a key that is no text';
    const key = settingKeys.find((candidate) => candidate === name);
    if (key === undefined) problems.push(unknownKey(originAt(place, startOf(pair.key)), name));
    else entries.set(key, entryOf(document, pair, place));
  }
  return problems.length > 0 ? fail(problems) : ok(entries);
};

/**
 * Reads the file of `--config`: one map of settings in YAML or JSON. Unknown keys, duplicate keys and anything but a
 * map are refused with line and column. An empty file sets nothing.
 */
export const readConfigText = ({ path, text }: ConfigText): Result<FileEntries, readonly ConfigProblem[]> => {
  const lines = new LineCounter();
  const place: Place = { path, lines };
  const refuse = (offset: number, message: string): Result<never, readonly ConfigProblem[]> =>
    fail([{ origin: originAt(place, offset), message }]);
  if (text.length > maxConfigFileBytes)
    return refuse(0, 'the file is larger than 1 MiB; it is no configuration');
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return fail(
      faults.map((fault) => ({
        origin: originAt(place, fault.pos[0]),
        message: `not readable as YAML: ${fault.message}`,
      })),
    );
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return ok(new Map());
  }
  if (!isMap(document.contents)) {
    return refuse(startOf(document.contents), 'expected settings, one "key: value" a line');
  }
  try {
    return readPairs(document, document.contents.items, place);
  } catch (error) {
    // An alias that stands for too much (the "billion laughs") is thrown by the parser, not reported.
    return refuse(0, `not readable as YAML: ${error instanceof Error ? error.message : 'unknown fault'}`);
  }
};
