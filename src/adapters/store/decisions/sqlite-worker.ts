import { workerData } from 'node:worker_threads';

import { toStoreFault } from '../sqlite/fault.ts';
import type { OpenOptions } from '../sqlite/file.ts';
import { answerCalls } from '../thread/answer-calls.ts';
import { decisionsFile } from './database.ts';
import { createSqliteStore } from './sqlite.ts';
import { fromBatch, type StoreAnswer, type StoreRequest } from './store-protocol.ts';

/** Entry of the record's thread, a bundle of its own. Only this thread waits for the disk. */
const options = workerData as OpenOptions;
const store = createSqliteStore(options);

const perform = async (request: StoreRequest): Promise<StoreAnswer> => {
  switch (request.op) {
    case 'open':
      await store.open();
      return undefined;
    case 'append':
      await store.append(fromBatch(request));
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

answerCalls(perform, (error) => toStoreFault(error, decisionsFile(options.dataDir)));
