import { existsSync } from 'node:fs';

import type { OpenOptions } from '../sqlite/file.ts';
import { StoreThread, type ThreadOptions } from '../thread/store-thread.ts';
import { inventoryFile } from './database.ts';
import type {
  AnswerOf,
  InventoryAnswer,
  InventoryCalls,
  InventoryRequest,
  ValuesOf,
} from './inventory-calls.ts';

/** `worker`: `inventory-worker.ts` from source, `inventory-worker.mjs` in the bundle. */
export interface WorkerInventoryOptions extends OpenOptions, ThreadOptions {}

/**
 * The inventory in a thread of its own, which starts when something is written or read: a gate whose policies ask nothing
 * of packages has none.
 */
export const createWorkerInventory = ({
  worker,
  closeMs,
  ...options
}: WorkerInventoryOptions): InventoryCalls => {
  const thread = new StoreThread<InventoryRequest, InventoryAnswer>(
    { worker, ...(closeMs !== undefined && { closeMs }) },
    options,
    { method: 'close', values: [] },
  );
  const call =
    <M extends keyof InventoryCalls>(method: M) =>
    (...values: ValuesOf<M>): Promise<AnswerOf<M>> =>
      thread.call({ method, values } as InventoryRequest) as Promise<AnswerOf<M>>;
  const prune = call('prune');
  return {
    open: call('open'),
    append: call('append'),
    list: call('list'),
    listed: call('listed'),
    holding: call('holding'),
    lacking: call('lacking'),
    prune: (policy, now) =>
      existsSync(inventoryFile(options.dataDir))
        ? prune(policy, now)
        : Promise.resolve({ removed: 0, more: false }),
    close: () => thread.close(),
  };
};
