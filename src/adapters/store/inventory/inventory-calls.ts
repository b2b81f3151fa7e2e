import type { Inventory } from '../../../gate/inventory.ts';

export interface InventoryCalls extends Inventory {
  /** Opens the database now instead of at the first call, so that a start can refuse a foreign one. */
  open(): Promise<void>;
}

type Method = keyof InventoryCalls;
export type ValuesOf<M extends Method> = Parameters<InventoryCalls[M]>;
export type AnswerOf<M extends Method> = Awaited<ReturnType<InventoryCalls[M]>>;

/** What the gate asks of the inventory's thread: a method, and what it is called with. */
export type InventoryRequest = {
  [M in Method]: { readonly method: M; readonly values: ValuesOf<M> };
}[Method];
export type InventoryAnswer = AnswerOf<Method>;
