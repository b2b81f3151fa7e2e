import type { DecisionQuery, DecisionStore } from '../../../gate/decision-store.ts';
import type { Pruned } from '../../../gate/store.ts';
import type { OpenOptions } from '../sqlite/file.ts';
import { StoreThread, type ThreadOptions } from '../thread/store-thread.ts';
import { type DecisionPage, allRows } from './decision-pages.ts';
import type { Position } from './queries.ts';
import { type StoreAnswer, type StoreRequest, toBatch } from './store-protocol.ts';

/** `worker`: `sqlite-worker.ts` from source, `store-worker.mjs` in the bundle. */
export interface WorkerStoreOptions extends OpenOptions, ThreadOptions {}

export interface WorkerStore extends DecisionStore {
  /** Opens the database now instead of at the first call, so that a start can refuse a foreign one. */
  open(): Promise<void>;
}

/** The record in a thread of its own. */
export const createWorkerStore = ({ worker, closeMs, ...options }: WorkerStoreOptions): WorkerStore => {
  const thread = new StoreThread<StoreRequest, StoreAnswer>(
    { worker, ...(closeMs !== undefined && { closeMs }) },
    options,
    { op: 'close' },
  );
  const page = (query: DecisionQuery, before?: Position): Promise<DecisionPage> =>
    thread.call({ op: 'page', query, before }) as Promise<DecisionPage>;
  return {
    open: async () => void (await thread.call({ op: 'open' })),
    append: async (decisions) => {
      const batch = toBatch(decisions);
      await thread.call({ op: 'append', ...batch }, [batch.json.buffer]);
    },
    recent: (query) => allRows(query, page),
    find: (id) => thread.call({ op: 'find', id }) as Promise<string | undefined>,
    prune: (policy, now) => thread.call({ op: 'prune', policy, now }) as Promise<Pruned>,
    close: () => thread.close(),
  };
};
