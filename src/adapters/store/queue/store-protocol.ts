import type {
  DecisionQuery,
  Pruned,
  RetentionPolicy,
  StoredDecision,
  StoreFault,
} from '../../../gate/decision-store.ts';
import type { DecisionPage } from '../sqlite/decision-pages.ts';
import type { Position } from '../sqlite/queries.ts';

/** What crosses between the gate's thread and the store's. */
export type StoreRequest =
  | { readonly op: 'open' | 'close' }
  | { readonly op: 'append'; readonly cells: readonly Cell[] }
  | { readonly op: 'page'; readonly query: DecisionQuery; readonly before: Position | undefined }
  | { readonly op: 'find'; readonly id: string }
  | { readonly op: 'prune'; readonly policy: RetentionPolicy; readonly now: number };

export type StoreAnswer = DecisionPage | Pruned | string | undefined;

export interface StoreCall {
  readonly call: number;
  readonly request: StoreRequest;
}
export type StoreReply =
  | { readonly call: number; readonly answer: StoreAnswer }
  /** Without the class of the fault, which structured cloning would lose. */
  | { readonly call: number; readonly fault: Pick<StoreFault, 'kind' | 'code' | 'message'> };

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
