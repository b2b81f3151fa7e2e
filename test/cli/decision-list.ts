import type { Decision, DecisionList } from '../../src/core/decision/decision.ts';
import type { Finding } from '../../src/core/decision/finding.ts';
import type { Ended } from './imagegate.ts';

/** The items of a `DecisionList` on stdout. */
export const itemsOf = ({ stdout, stderr }: Ended): readonly Decision[] => {
  let list: DecisionList;
  try {
    list = JSON.parse(stdout) as DecisionList;
  } catch {
    throw new Error(`no DecisionList on stdout: ${stdout}\n${stderr}`);
  }
  if (list.kind !== 'DecisionList' || list.apiVersion !== 'imagegate.dev/v1alpha1')
    throw new Error(`not a DecisionList: ${list.apiVersion} ${list.kind}`);
  return list.items;
};

/** `Pod/web denied` for each item, in order. */
export const verdictsOf = (ended: Ended): readonly string[] =>
  itemsOf(ended).map(
    ({ object, allowed }) => `${object.kind}/${object.name ?? '?'} ${allowed ? 'allowed' : 'denied'}`,
  );

/** A finding as the webhook has it: an object that came from no file has no line. */
export const withoutPlace = ({ line: _line, column: _column, ...finding }: Finding): Finding => finding;
