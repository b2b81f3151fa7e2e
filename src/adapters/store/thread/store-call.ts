import type { StoreFault } from '../../../gate/store.ts';

/** What crosses between the gate's thread and that of a store. */
export interface StoreCall<Request> {
  readonly call: number;
  readonly request: Request;
}
export type StoreReply<Answer> =
  | { readonly call: number; readonly answer: Answer }
  /** Without the class of the fault, which structured cloning would lose. */
  | { readonly call: number; readonly fault: Pick<StoreFault, 'kind' | 'code' | 'message'> };
