import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import { failsafe, keyText, scalarValue } from '../../core/workload/yaml-scalar.ts';
import { other } from './source-node.ts';
import type { SourceNode } from './source-node.ts';

const options = { ...failsafe, prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const;

const isMergeKey = (key: unknown): boolean =>
  isScalar(key) && key.type === 'PLAIN' && key.tag === undefined && key.value === '<<';

const valueOf = (document: Document.Parsed, pair: Pair): SourceNode =>
  sourceOf(document, pair.value as Node | null);

/** What `<<` brings: a mapping or a list of them, the first of which wins. */
const merged = (document: Document.Parsed, map: YAMLMap, key: string): SourceNode | undefined => {
  for (const pair of map.items.filter((one) => isMergeKey(one.key))) {
    const value = valueOf(document, pair);
    for (const source of value.kind === 'list' ? value.items : [value]) {
      const found = source.kind === 'map' ? source.get(key) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
};

const get = (document: Document.Parsed, map: YAMLMap, key: string): SourceNode | undefined => {
  const own = map.items.find(
    (pair) => isScalar(pair.key) && !isMergeKey(pair.key) && keyText(pair.key) === key,
  );
  return own === undefined ? merged(document, map, key) : valueOf(document, own);
};

/** An alias is what its anchor marks, so the place of its text is where that stands. */
const sourceOf = (document: Document.Parsed, node: Node | null | undefined): SourceNode => {
  if (isAlias(node)) return sourceOf(document, node.resolve(document));
  if (isMap(node)) return { kind: 'map', get: (key) => get(document, node, key) };
  if (isSeq(node))
    return { kind: 'list', items: node.items.map((item) => sourceOf(document, item as Node | null)) };
  if (!isScalar(node)) return other;
  const value = scalarValue(node);
  const [start, end] = node.range ?? [];
  return typeof value === 'string' && start !== undefined && end !== undefined
    ? { kind: 'text', value, start, end }
    : other;
};

/** The documents of a YAML text that was read before, so it holds no error. */
export const readYamlSource = (text: string): readonly SourceNode[] =>
  parseAllDocuments(text, options).map((document) =>
    sourceOf(document as Document.Parsed, document.contents as Node),
  );
