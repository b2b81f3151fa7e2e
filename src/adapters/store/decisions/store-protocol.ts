import type { DecisionQuery, StoredDecision } from '../../../gate/decision-store.ts';
import type { Pruned, RetentionPolicy } from '../../../gate/store.ts';
import type { DecisionPage } from './decision-pages.ts';
import type { Position } from './queries.ts';

/** What the gate asks of the record's thread. */
export type StoreRequest =
  | { readonly op: 'open' | 'close' }
  | ({ readonly op: 'append' } & Batch)
  | { readonly op: 'page'; readonly query: DecisionQuery; readonly before: Position | undefined }
  | { readonly op: 'find'; readonly id: string }
  | { readonly op: 'prune'; readonly policy: RetentionPolicy; readonly now: number };

export type StoreAnswer = DecisionPage | Pruned | string | undefined;

type Cell = string | number | boolean | undefined;
const width = 8;

/**
 * Decisions on their way: the JSON of all of them in one buffer, which moves to the thread, and their keys in one flat array,
 * since to clone it costs half of cloning an array of objects.
 */
interface Batch {
  readonly cells: readonly Cell[];
  readonly json: Uint8Array<ArrayBuffer>;
}

export const toBatch = (decisions: readonly StoredDecision[]): Batch => {
  const cells: Cell[] = [];
  const json = new Uint8Array(decisions.reduce((sum, one) => sum + one.json.length, 0));
  let end = 0;
  for (const { id, time, allowed, namespace, kind, name, json: own, count } of decisions) {
    json.set(own, end);
    end += own.length;
    cells.push(id, time, allowed, namespace, kind, name, end, count);
  }
  return { cells, json };
};

/** The inverse of `toBatch`. */
export const fromBatch = ({ cells, json: all }: Batch): StoredDecision[] => {
  const decisions: StoredDecision[] = [];
  let begin = 0;
  for (let at = 0; at < cells.length; at += width) {
    const [id, time, allowed, namespace, kind, name, end, count] = cells.slice(at, at + width) as CellsOfOne;
    decisions.push({ id, time, allowed, namespace, kind, name, json: all.subarray(begin, end), count });
    begin = end;
  }
  return decisions;
};

type CellsOfOne = [
  id: string,
  time: number,
  allowed: boolean,
  namespace: string | undefined,
  kind: string,
  name: string | undefined,
  /** Where its JSON ends. */
  end: number,
  count: number | undefined,
];
