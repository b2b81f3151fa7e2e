import { isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, type Document, type Pair } from 'yaml';
import type { Place } from '../../text/parsed-text.ts';
import { faultsOf, parsePolicyYaml } from './document-yaml.ts';

type Path = readonly (string | number)[];

const resolved = (node: unknown, document: Document): unknown =>
  isAlias(node) ? node.resolve(document) : node;

/** A key that is a collection has no text: to write one out takes time without end when it is nested. */
const keyText = (pair: Pair): string | undefined => (isScalar(pair.key) ? String(pair.key.value) : undefined);

const offsetOf = (node: unknown): number | undefined =>
  isScalar(node) || isCollection(node) || isAlias(node) ? node.range?.[0] : undefined;

interface Step {
  readonly value: unknown;
  /** Where the step is written: its key, or the list item itself. */
  readonly at: number | undefined;
}

const stepInto = (node: unknown, step: string | number): Step | undefined => {
  if (isMap(node)) {
    // The last one wins when a key is written twice, as in the parsed value.
    const pair = node.items.findLast((item) => keyText(item) === String(step));
    return pair === undefined ? undefined : { value: pair.value, at: offsetOf(pair.key) };
  }
  if (isSeq(node)) {
    const item: unknown = node.items[Number(step)];
    return item === undefined ? undefined : { value: item, at: offsetOf(item) };
  }
  return undefined;
};

/**
 * The place of the key or list item that `path` leads to. A path that ends in a field which is not there
 * (a missing one) leads to the nearest key around it.
 */
export const placeOf = (document: Document, lines: LineCounter, path: Path): Place => {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? document.range?.[0] ?? 0;
  for (const part of path) {
    const step = stepInto(resolved(node, document), part);
    if (step === undefined) break;
    offset = step.at ?? offset;
    node = step.value;
  }
  return placeAt(lines, offset);
};

export const placeAt = (lines: LineCounter, offset: number): Place => {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
};

/**
 * Places in the documents of a text that was read before, and that holds no mistake. Nothing but the text is kept: the
 * syntax of a folder is many times as large, and hardly anybody asks for a place. The text is parsed again for the first.
 */
export const createLatePlaces = (text: string): ((index: number, path: Path) => Place) => {
  const lines = new LineCounter();
  let documents: readonly Document[] | undefined;
  const parse = (): readonly Document[] => {
    const found = parsePolicyYaml(text, lines);
    // Keys have the texts then by which they are asked for.
    found.forEach(faultsOf);
    return found;
  };
  return (index, path) => {
    documents ??= parse();
    const document = documents[index];
    return document === undefined ? { line: 1, column: 1 } : placeOf(document, lines, path);
  };
};

interface DuplicateKey {
  readonly key: string;
  readonly offset: number;
  readonly firstOffset: number;
}

/** Keys written twice in one map. The parser's own search is quadratic, this one is not. */
export const findDuplicateKeys = (node: unknown): readonly DuplicateKey[] => {
  if (isSeq(node)) return node.items.flatMap(findDuplicateKeys);
  if (!isMap(node)) return [];
  const seen = new Map<string, number>();
  return node.items.flatMap((pair) => {
    const key = keyText(pair);
    const offset = offsetOf(pair.key) ?? 0;
    const below = findDuplicateKeys(pair.value);
    if (key === undefined) return below;
    const firstOffset = seen.get(key);
    if (firstOffset !== undefined) return [{ key, offset, firstOffset }, ...below];
    seen.set(key, offset);
    return below;
  });
};
