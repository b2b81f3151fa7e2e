import { stringify } from 'yaml';
import type { DecisionList } from '../../core/decision/decision.ts';

/**
 * A value as one YAML document: no line is folded, nothing is an alias. Written for YAML 1.1, so that no reader takes a
 * time or a name such as `no` for something else than text.
 */
export const yamlText = (value: unknown): string =>
  stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });

/** The list as one YAML document. */
export function* renderYaml({ items, ...head }: DecisionList): Iterable<string> {
  yield yamlText(head);
  yield items.length === 0 ? 'items: []\n' : 'items:\n';
  // An item at a time: one text of everything would end at the longest string of the engine.
  for (const item of items) yield yamlText([item]).replace(/^(?=.)/gm, '  ');
}
