import { Worker } from 'node:worker_threads';

import {
  type DecisionQuery,
  type DecisionStore,
  type Pruned,
  StoreFault,
} from '../../../gate/decision-store.ts';
import { messageOf } from '../../../core/result.ts';
import { type DecisionPage, allRows } from '../sqlite/decision-pages.ts';
import type { Position } from '../sqlite/queries.ts';
import type { OpenOptions } from '../sqlite/file.ts';
import {
  type StoreAnswer,
  type StoreCall,
  type StoreReply,
  type StoreRequest,
  toCells,
} from './store-protocol.ts';

export interface WorkerStoreOptions extends OpenOptions {
  /** The thread's program: `sqlite-worker.ts` from source, `store-worker.js` in the bundle. */
  readonly worker: URL;
  /** How long `close` waits for the disk. */
  readonly closeMs?: number;
}

export interface WorkerStore extends DecisionStore {
  /** Opens the database now instead of at the first call, so that a start can refuse a foreign one. */
  open(): Promise<void>;
}

interface Waiting {
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (fault: StoreFault) => void;
}

/** What the thread may take; past it the thread ends, its calls fail, and the next call starts another. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/**
 * The SQLite store in a thread of its own, so that a slow, full or hanging disk never holds up an admission.
 * Calls are answered in order.
 */
export const createWorkerStore = ({
  worker,
  closeMs = 2000,
  ...options
}: WorkerStoreOptions): WorkerStore => {
  const line = new ThreadLine(worker, options);
  const page = (query: DecisionQuery, before?: Position): Promise<DecisionPage> =>
    line.call({ op: 'page', query, before }) as Promise<DecisionPage>;
  return {
    open: async () => void (await line.call({ op: 'open' })),
    append: async (batch) => void (await line.call({ op: 'append', cells: toCells(batch) })),
    recent: (query) => allRows(query, page),
    find: (id) => line.call({ op: 'find', id }) as Promise<string | undefined>,
    prune: (policy, now) => line.call({ op: 'prune', policy, now }) as Promise<Pruned>,
    close: () => line.close(closeMs),
  };
};

/** One thread and the calls that wait for it. */
class ThreadLine {
  readonly #program: URL;
  readonly #options: OpenOptions;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #calls = 0;

  constructor(program: URL, options: OpenOptions) {
    this.#program = program;
    this.#options = options;
  }

  call(request: StoreRequest): Promise<StoreAnswer> {
    return new Promise((resolve, reject) => {
      const thread = (this.#thread ??= this.#start());
      const call = ++this.#calls;
      this.#waiting.set(call, { resolve, reject });
      // The process may end while the thread is idle.
      if (this.#waiting.size === 1) thread.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
      thread.postMessage({ call, request } satisfies StoreCall);
    });
  }

  /** Ends the thread, in order when the disk answers within `closeMs`, otherwise without waiting for it. */
  async close(closeMs: number): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), closeMs);
    });
    const outcome = await Promise.race([this.call({ op: 'close' }).catch(() => undefined), late]);
    clearTimeout(timer);
    this.#thread = undefined;
    // A thread that hangs in the disk cannot be ended; waiting for its end would hang too.
    if (outcome === 'late') void thread.terminate();
    else await thread.terminate();
    this.#failAll(new StoreFault('unavailable', 'CLOSED', 'the store was closed'));
  }

  #start(): Worker {
    const thread = new Worker(this.#program, {
      workerData: this.#options,
      name: 'imagegate-store',
      resourceLimits,
      env: {},
      execArgv: [],
    });
    let cause = '';
    thread.on('message', (reply: StoreReply) => this.#settle(thread, reply));
    thread.on('error', (error: unknown) => {
      cause = `: ${messageOf(error)}`;
    });
    thread.on('exit', () => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#failAll(new StoreFault('unavailable', 'THREAD', `the thread of the store ended${cause}`));
    });
    return thread;
  }

  #settle(thread: Worker, reply: StoreReply): void {
    const waiting = this.#waiting.get(reply.call);
    this.#waiting.delete(reply.call);
    if (this.#waiting.size === 0) thread.unref();
    if (!('fault' in reply)) return waiting?.resolve(reply.answer);
    const { kind, code, message } = reply.fault;
    waiting?.reject(new StoreFault(kind, code, message));
  }

  #failAll(fault: StoreFault): void {
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of left) reject(fault);
  }
}
