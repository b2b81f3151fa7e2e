import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  visit,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
  type LineCounter,
} from 'yaml';
import type { SourceEntry, SourceNode, SourceRange } from '../source-node.ts';
import { isMergeKey } from './node.ts';
import { parseYamlDocuments } from './quoted-lines.ts';
import { failsafe, keyText, scalarValue } from './scalar.ts';

/** A part of a text between separators, and where in the whole text it begins; lines count from 1. */
export interface Chunk {
  readonly text: string;
  readonly offset: number;
  readonly line: number;
}

// Duplicate keys are found by node.ts, as the library's own search is quadratic.
const options = { ...failsafe, prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const;

export const parseChunk = ({ text }: Chunk, lines?: LineCounter): readonly Document.Parsed[] =>
  parseYamlDocuments(text, options, lines);

/** The value of each alias of a document: the library would walk the whole document for each of them. */
type Anchored = ReadonlyMap<Alias, Node>;

const anchoredIn = (document: Document.Parsed): Anchored => {
  const anchors = new Map<string, Node>();
  const found = new Map<Alias, Node>();
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const anchored = anchors.get(node.source);
        if (anchored !== undefined) found.set(node, anchored);
      } else if ('anchor' in node && typeof node.anchor === 'string') {
        anchors.set(node.anchor, node);
      }
    },
  });
  return found;
};

/** The offset at which the chunk of a document begins, and its aliases. */
interface Origin {
  readonly offset: number;
  readonly anchored: Anchored;
}
const noAliases: Anchored = new Map();

const rangeOf = (node: Node | null | undefined, { offset }: Origin): SourceRange => {
  const [start = 0, end = start] = node?.range ?? [];
  return { start: offset + start, end: offset + end };
};

const entryOf = (origin: Origin, { key, value }: Pair): SourceEntry => ({
  key: rangeOf(key as Node, origin),
  value: sourceOf(origin, value as Node | null),
});

/** What `<<` brings: a mapping or a list of them, the first of which wins. */
const merged = (origin: Origin, map: YAMLMap, key: string): SourceEntry | undefined => {
  for (const pair of map.items.filter((one) => isMergeKey(one.key))) {
    const value = sourceOf(origin, pair.value as Node | null);
    const sources = value.kind === 'list' ? itemsOf(value) : [value];
    for (const source of sources) {
      const found = source.kind === 'map' ? source.entry(key) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
};

function* itemsOf({ item }: Extract<SourceNode, { kind: 'list' }>): Generator<SourceNode> {
  for (let at = 0, next = item(at); next !== undefined; next = item(++at)) yield next;
}

const findEntry = (origin: Origin, map: YAMLMap, key: string): SourceEntry | undefined => {
  const own = map.items.find(
    (pair) => isScalar(pair.key) && !isMergeKey(pair.key) && keyText(pair.key) === key,
  );
  return own === undefined ? merged(origin, map, key) : entryOf(origin, own);
};

/** An alias stands for its anchor, so its place is the place of the anchor. */
const sourceOf = (origin: Origin, node: Node | null | undefined): SourceNode => {
  if (isAlias(node)) return sourceOf(origin, origin.anchored.get(node));
  const range = rangeOf(node, origin);
  if (isMap(node))
    return {
      kind: 'map',
      ...range,
      flow: node.flow === true,
      entry: (key) => findEntry(origin, node, key),
    };
  if (isSeq(node)) {
    const items = node.items as readonly (Node | null)[];
    return {
      kind: 'list',
      ...range,
      item: (index) => (index in items ? sourceOf(origin, items[index]) : undefined),
    };
  }
  const value = isScalar(node) ? scalarValue(node) : undefined;
  return typeof value === 'string' ? { kind: 'text', value, ...range } : { kind: 'other', ...range };
};

type Starts = Map<number, () => SourceNode>;

/** The places at which a value can be asked for: documents, and the items of lists of objects. */
const addStarts = (starts: Starts, origin: Origin, node: Node | null | undefined): void => {
  const offset = rangeOf(node, origin).start;
  if (!starts.has(offset)) starts.set(offset, () => sourceOf(origin, node));
  const map = isAlias(node) ? origin.anchored.get(node) : node;
  if (!isMap(map)) return;
  for (const pair of map.items) {
    if (!isScalar(pair.key) || keyText(pair.key) !== 'items') continue;
    const value = pair.value as Node | null;
    const items = isAlias(value) ? origin.anchored.get(value) : value;
    // An item that is an alias brings objects that were found at its anchor.
    if (isSeq(items)) for (const item of items.items) addStarts(starts, origin, item as Node | null);
  }
};

const read = (chunk: Chunk): ((offset: number) => SourceNode) => {
  const starts: Starts = new Map();
  const hasAnchors = chunk.text.includes('&');
  for (const document of parseChunk(chunk)) {
    const anchored = hasAnchors ? anchoredIn(document) : noAliases;
    addStarts(starts, { anchored, offset: chunk.offset }, document.contents);
  }
  return (offset) => starts.get(offset)?.() ?? { kind: 'other', start: offset, end: offset };
};

/** The value of a chunk that begins at an offset of the whole text. */
export type YamlSource = (chunk: Chunk, offset: number) => SourceNode;

/**
 * Reads chunks of a YAML text again that were read before, so they hold no error. Keeps the last one: callers go
 * through a text from its beginning to its end.
 */
export const createYamlSource = (): YamlSource => {
  let last: { readonly chunk: Chunk; readonly at: (offset: number) => SourceNode } | undefined;
  return (chunk, offset) => {
    if (last?.chunk !== chunk) last = { chunk, at: read(chunk) };
    return last.at(offset);
  };
};
