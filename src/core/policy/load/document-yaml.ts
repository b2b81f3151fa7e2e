import { isCollection, isMap, isScalar, isSeq, type Document, type LineCounter, type Scalar } from 'yaml';
import { explainYaml, maxYamlDepth, nestedTooDeep } from '../../text/yaml/limits.ts';
import { parseYamlDocuments } from '../../text/yaml/quoted-lines.ts';
import {
  failsafe,
  hasForeignTag,
  isKnownTagWarning,
  keyText,
  scalarValue,
  whyForeignTag,
  whyNoKey,
  whyNoValue,
} from '../../text/yaml/scalar.ts';

/** A mistake in the text of a policy file, with its offset. */
interface YamlFault {
  readonly offset: number;
  readonly message: string;
}

/** Few lines begin like this; the whole pattern is long, and takes long to compile. */
const mayBeCompact = /^[ \t]*(?:[-?][ \t]+){8}/m;
const compact = new RegExp(`^[ \\t]*(?:[-?][ \\t]+){${maxYamlDepth}}`, 'm');
const opens = (unit: number): boolean => unit === 0x5b || unit === 0x7b;
const closes = (unit: number): boolean => unit === 0x5d || unit === 0x7d;

/**
 * Nesting that the YAML parser would need seconds for (its time grows with the square of the depth). Counts
 * brackets and compact `- - -` wherever they stand, so it may only err towards refusing.
 */
export const isNestedTooDeep = (text: string): boolean => {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (opens(unit)) depth += 1;
    else if (closes(unit)) depth = Math.max(0, depth - 1);
    if (depth > maxYamlDepth) return true;
  }
  return mayBeCompact.test(text) && compact.test(text);
};

const options = {
  ...failsafe,
  prettyErrors: false,
  uniqueKeys: false,
  stringKeys: true,
  logLevel: 'silent',
} as const;

export const parsePolicyYaml = (text: string, lines: LineCounter): readonly Document[] =>
  parseYamlDocuments(text, options, lines);

const syntaxFaults = ({ errors, warnings }: Document): readonly YamlFault[] =>
  [...errors, ...warnings.filter(({ message }) => !isKnownTagWarning(message))].map(({ pos, message }) => ({
    offset: pos[0],
    message: explainYaml(message),
  }));

const typeScalar = (node: Scalar, value: unknown, why: (node: Scalar) => string): readonly YamlFault[] => {
  if (value === undefined) return [{ offset: node.range?.[0] ?? 0, message: why(node) }];
  node.value = value;
  return [];
};

/**
 * Gives every scalar below a node the value that kubectl sends for it, so that a policy means the same in a file and
 * in the cluster. Merge keys stay fields: merged values would have no place of their own.
 */
const typeScalars = (node: unknown, depth = 1): readonly YamlFault[] => {
  if (isScalar(node)) return typeScalar(node, scalarValue(node), whyNoValue);
  if (!isCollection(node)) return [];
  const offset = node.range?.[0] ?? 0;
  if (depth > maxYamlDepth) return [{ offset, message: nestedTooDeep }];
  if ((isMap(node) || isSeq(node)) && hasForeignTag(node)) return [{ offset, message: whyForeignTag }];
  if (isSeq(node)) return node.items.flatMap((item) => typeScalars(item, depth + 1));
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => [
    ...(isScalar(key) ? typeScalar(key, keyText(key), whyNoKey) : []),
    ...typeScalars(value, depth + 1),
  ]);
};

/** The YAML mistakes of a document. Afterwards its scalars have their values. */
export const faultsOf = (document: Document): readonly YamlFault[] => {
  const faults = syntaxFaults(document);
  return faults.length > 0 ? faults : typeScalars(document.contents);
};
