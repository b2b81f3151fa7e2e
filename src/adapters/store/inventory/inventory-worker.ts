import { workerData } from 'node:worker_threads';

import { toStoreFault } from '../sqlite/fault.ts';
import type { OpenOptions } from '../sqlite/file.ts';
import { answerCalls } from '../thread/answer-calls.ts';
import { inventoryFile } from './database.ts';
import type { InventoryAnswer, InventoryRequest } from './inventory-calls.ts';
import { createSqliteInventory } from './sqlite-inventory.ts';

/** Entry of the inventory's thread, a bundle of its own. Only this thread waits for the disk. */
const options = workerData as OpenOptions;
const store = createSqliteInventory(options);

const perform = ({ method, values }: InventoryRequest): Promise<InventoryAnswer> =>
  (store[method] as (...values: unknown[]) => Promise<InventoryAnswer>)(...values);

answerCalls(perform, (error) => toStoreFault(error, inventoryFile(options.dataDir)));
