import type { DecisionQuery, StoredDecision } from '../../../gate/decision-store.ts';
import type { Pruned, RetentionPolicy } from '../../../gate/store.ts';
import type { DecisionPage } from './decision-pages.ts';
import type { Position } from './queries.ts';

/** What the gate asks of the record's thread. */
export type StoreRequest =
  | { readonly op: 'open' | 'close' }
  | { readonly op: 'append'; readonly cells: readonly Cell[] }
  | { readonly op: 'page'; readonly query: DecisionQuery; readonly before: Position | undefined }
  | { readonly op: 'find'; readonly id: string }
  | { readonly op: 'prune'; readonly policy: RetentionPolicy; readonly now: number };

export type StoreAnswer = DecisionPage | Pruned | string | undefined;

type Cell = string | number | boolean | undefined;
const width = 8;

/** A batch as one flat array: cloning it costs half of cloning an array of objects. */
export const toCells = (batch: readonly StoredDecision[]): Cell[] => {
  const cells: Cell[] = [];
  for (const { id, time, allowed, namespace, kind, name, json, count } of batch) {
    cells.push(id, time, allowed, namespace, kind, name, json, count);
  }
  return cells;
};

/** The inverse of `toCells`. */
export const fromCells = (cells: readonly Cell[]): StoredDecision[] => {
  const batch: StoredDecision[] = [];
  for (let at = 0; at < cells.length; at += width) {
    const [id, time, allowed, namespace, kind, name, json, count] = cells.slice(at, at + width) as CellsOfOne;
    batch.push({ id, time, allowed, namespace, kind, name, json, count });
  }
  return batch;
};

type CellsOfOne = [
  string,
  number,
  boolean,
  string | undefined,
  string,
  string | undefined,
  string,
  number | undefined,
];
