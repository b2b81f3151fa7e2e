import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isJsonObject, type JsonValue } from '../json/json.ts';
import { fail, ok, type Result } from '../../result.ts';
import { setField, type MutableObject } from '../parsed-text.ts';
import { startAt, type ValueStarts } from './value-starts.ts';
import { maxYamlDepth, nestedTooDeep } from './limits.ts';
import { hasForeignTag, keyText, scalarValue, whyForeignTag, whyNoKey, whyNoValue } from './scalar.ts';

/** The JSON value of a document, the places of its values, and those of the items of its `items` lists as they are written. */
interface YamlJson {
  readonly value: JsonValue;
  readonly starts: ValueStarts;
  readonly offsets: ReadonlyMap<JsonValue, readonly number[]>;
}
interface NodeProblem {
  readonly offset: number;
  readonly why: string;
}

/** Nodes that aliases may add to one document: stops a billion laughs, which a 1 KB text can hold. */
const maxAliasedNodes = 100_000;

interface Anchored {
  readonly value: JsonValue;
  readonly start: number;
  readonly nodes: number;
  readonly height: number;
}
interface State {
  readonly anchors: Map<string, Anchored>;
  readonly starts: ValueStarts;
  readonly offsets: Map<JsonValue, readonly number[]>;
  nodes: number;
  aliased: number;
  deepest: number;
  problem: NodeProblem | undefined;
}

type Found = JsonValue | undefined;

const offsetOf = (node: Node | null): number => node?.range?.[0] ?? 0;
const refuse = (state: State, node: Node | null, why: string): undefined => {
  state.problem ??= { offset: offsetOf(node), why };
  return undefined;
};

const readScalar = (state: State, node: Scalar): Found => {
  const value = scalarValue(node);
  return value === undefined ? refuse(state, node, whyNoValue(node)) : value;
};

export const isMergeKey = (key: unknown): boolean =>
  isScalar(key) && key.type === 'PLAIN' && key.tag === undefined && key.value === '<<';

const readKey = (state: State, key: unknown, map: YAMLMap): string | undefined => {
  if (!isScalar(key)) return refuse(state, isAlias(key) ? key : map, 'a key must be plain text');
  const text = keyText(key);
  return text ?? refuse(state, key, whyNoKey(key));
};

/** Where a value begins: one that an alias brings at its anchor. */
const startOf = ({ anchors }: State, node: Node | null): number =>
  (isAlias(node) ? anchors.get(node.source)?.start : undefined) ?? offsetOf(node);

/** One mapping while it is read. */
interface Mapping {
  readonly object: MutableObject;
  readonly keys: string[];
  readonly starts: number[];
  /** The keys that came from `<<` and may still be overridden. */
  merged?: Set<string>;
}

const setValue = (mapping: Mapping, key: string, value: JsonValue, start: number): void => {
  setField(mapping.object, key, value);
  mapping.keys.push(key);
  mapping.starts.push(start);
};

/**
 * Merge keys work as in kubectl: `<<` takes a mapping or a list of them, the first of a list wins, and a key that
 * follows `<<` wins over it. A key that stands before `<<` and is also in it is refused: kubectl lets the merged
 * value win, newer libraries the written one, so a file would say two things.
 */
const merge = (state: State, mapping: Mapping, node: Node | null, depth: number): void => {
  const value = readNode(state, node, depth, false);
  if (value === undefined) return;
  const sources: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  const merged = (mapping.merged = new Set());
  for (const source of sources) {
    if (!isJsonObject(source)) return refuse(state, node, 'a merge key takes mappings only');
    for (const key of Object.keys(source)) {
      if (merged.has(key)) continue;
      if (Object.hasOwn(mapping.object, key)) {
        return refuse(state, node, `the merge changes the key ${JSON.stringify(key)} that stands before it`);
      }
      setValue(mapping, key, source[key] ?? null, startAt(state.starts, source, [key]) ?? offsetOf(node));
      merged.add(key);
    }
  }
};

const readPair = (
  state: State,
  mapping: Mapping,
  pair: Pair,
  place: { map: YAMLMap; depth: number },
): void => {
  const { map, depth } = place;
  const node = pair.value as Node | null;
  if (isMergeKey(pair.key)) {
    if (mapping.merged !== undefined && mapping.merged.size > 0)
      return refuse(state, pair.key as Node, 'two merge keys in one mapping');
    return merge(state, mapping, node, depth + 1);
  }
  const key = readKey(state, pair.key, map);
  if (key === undefined) return undefined;
  if (Object.hasOwn(mapping.object, key) && mapping.merged?.delete(key) !== true) {
    return refuse(state, pair.key as Node, `the key ${JSON.stringify(key)} is there twice`);
  }
  const value = readNode(state, node, depth + 1, key === 'items');
  if (value !== undefined) setValue(mapping, key, value, startOf(state, node));
};

const readMap = (state: State, map: YAMLMap, depth: number): Found => {
  const mapping: Mapping = { object: {}, keys: [], starts: [] };
  for (const pair of map.items) {
    readPair(state, mapping, pair, { map, depth });
    if (state.problem !== undefined) return undefined;
  }
  const { object, keys, starts } = mapping;
  // Copies are as long as they have to be.
  state.starts.set(object, { start: offsetOf(map), keys: keys.slice(), starts: starts.slice() });
  return object;
};

const readSeq = (state: State, seq: YAMLSeq, depth: number, marked: boolean): Found => {
  const list: JsonValue[] = [];
  const starts: number[] = [];
  for (const item of seq.items as readonly (Node | null)[]) {
    const value = readNode(state, item, depth + 1, false);
    if (value === undefined) return undefined;
    list.push(value);
    starts.push(startOf(state, item));
  }
  state.starts.set(list, { start: offsetOf(seq), starts: starts.slice() });
  // An anchored list may be the `items` of another place.
  if (marked || seq.anchor !== undefined)
    state.offsets.set(list, (seq.items as readonly (Node | null)[]).map(offsetOf));
  return list;
};

/** Aliases share the anchor's value, so only their count has to be bounded, not the memory. */
const readAlias = (state: State, node: Node, name: string, depth: number): Found => {
  const anchored = state.anchors.get(name);
  if (anchored === undefined) return refuse(state, node, 'an alias refers to nothing before it');
  state.aliased += anchored.nodes;
  state.nodes += anchored.nodes;
  if (state.aliased > maxAliasedNodes) return refuse(state, node, 'aliases expand to too much');
  state.deepest = Math.max(state.deepest, depth + anchored.height);
  return state.deepest > maxYamlDepth ? refuse(state, node, nestedTooDeep) : anchored.value;
};

const readCollection = (state: State, node: YAMLMap | YAMLSeq, depth: number, marked: boolean): Found => {
  if (hasForeignTag(node)) return refuse(state, node, whyForeignTag);
  return isMap(node) ? readMap(state, node, depth) : readSeq(state, node, depth, marked);
};

const readNode = (state: State, node: Node | null, depth: number, marked: boolean): Found => {
  if (node === null) return null;
  if (depth > maxYamlDepth) return refuse(state, node, nestedTooDeep);
  if (isAlias(node)) return readAlias(state, node, node.source, depth);
  const { nodes, deepest } = state;
  state.nodes += 1;
  state.deepest = depth;
  let value: Found;
  if (isScalar(node)) value = readScalar(state, node);
  else if (isMap(node) || isSeq(node)) value = readCollection(state, node, depth, marked);
  else value = refuse(state, node, 'this is not JSON');
  if (value !== undefined && 'anchor' in node && typeof node.anchor === 'string') {
    const { nodes: all, deepest: bottom } = state;
    state.anchors.set(node.anchor, {
      value,
      start: offsetOf(node),
      nodes: all - nodes,
      height: bottom - depth,
    });
  }
  state.deepest = Math.max(state.deepest, deepest);
  return value;
};

/** Turns a parsed YAML document into the JSON that kubectl would send, or says why it has none. */
export const nodeToJson = (root: Node): Result<YamlJson, NodeProblem> => {
  const state: State = {
    anchors: new Map(),
    starts: new Map(),
    offsets: new Map(),
    nodes: 0,
    aliased: 0,
    deepest: 0,
    problem: undefined,
  };
  const value = readNode(state, root, 1, false);
  if (state.problem !== undefined) return fail(state.problem);
  return value === undefined
    ? fail({ offset: 0, why: 'this is not JSON' })
    : ok({ value, starts: state.starts, offsets: state.offsets });
};
