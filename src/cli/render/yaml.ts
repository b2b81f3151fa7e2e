import { stringify } from 'yaml';
import type { DecisionList } from '../../core/decision/decision.ts';

/**
 * The list as one YAML document: no line is folded, nothing is an alias. Written for YAML 1.1, so that no reader
 * takes a time or a name such as `no` for something else than text.
 */
export const renderYaml = (list: DecisionList): string =>
  stringify(list, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
