import { parentPort, workerData } from 'node:worker_threads';

import { createSqliteStore, type SqliteStore } from './sqlite.ts';
import { databaseFile, type OpenOptions } from './file.ts';
import { toStoreFault } from './fault.ts';
import {
  fromCells,
  type StoreAnswer,
  type StoreCall,
  type StoreReply,
  type StoreRequest,
} from '../queue/store-protocol.ts';

/** Entry of the store's thread, a bundle of its own. Only this thread waits for the disk. */
const perform = async (store: SqliteStore, request: StoreRequest): Promise<StoreAnswer> => {
  switch (request.op) {
    case 'open':
      await store.open();
      return undefined;
    case 'append':
      await store.append(fromCells(request.cells));
      return undefined;
    case 'page':
      return store.page(request.query, request.before);
    case 'find':
      return store.find(request.id);
    case 'prune':
      return store.prune(request.policy, request.now);
    case 'close':
      await store.close();
      return undefined;
    default:
      return request satisfies never;
  }
};

const options = workerData as OpenOptions;
const store = createSqliteStore(options);

const reply = async ({ call, request }: StoreCall): Promise<StoreReply> => {
  try {
    return { call, answer: await perform(store, request) };
  } catch (error) {
    const { kind, code, message } = toStoreFault(error, databaseFile(options.dataDir));
    return { call, fault: { kind, code, message } };
  }
};

// One after the other: a call begins when the one before it was answered.
let previous = Promise.resolve();
parentPort?.on('message', (call: StoreCall) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  previous = previous.then(async () => parentPort?.postMessage(await reply(call)));
});
