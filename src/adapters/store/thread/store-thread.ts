import { Worker } from 'node:worker_threads';

import { messageOf } from '../../../core/result.ts';
import { StoreFault } from '../../../gate/store.ts';
import type { StoreCall, StoreReply } from './store-call.ts';

export interface ThreadOptions {
  /** The thread's program. */
  readonly worker: URL;
  /** How long `close` waits for the disk. */
  readonly closeMs?: number;
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (fault: StoreFault) => void;
}

/** What the thread may take; past it the thread ends, its calls fail, and the next call starts another. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/**
 * The thread of a store and the calls that wait for it, so that a slow, full or hanging disk never holds up an admission.
 * Calls are answered in order.
 */
export class StoreThread<Request, Answer> {
  readonly #program: URL;
  readonly #closeMs: number;
  readonly #data: unknown;
  readonly #closing: Request;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #thread: Worker | undefined;
  #calls = 0;

  /**
   * @param data what its program is told when it starts
   * @param closing the call after which nothing is open any more
   */
  constructor({ worker, closeMs = 2000 }: ThreadOptions, data: unknown, closing: Request) {
    this.#program = worker;
    this.#closeMs = closeMs;
    this.#data = data;
    this.#closing = closing;
  }

  /** @param moved - buffers of the request that go to the thread and are empty here afterwards */
  call(request: Request, moved: readonly ArrayBuffer[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const thread = (this.#thread ??= this.#start());
      const call = ++this.#calls;
      this.#waiting.set(call, { resolve, reject });
      // The process may end while the thread is idle.
      if (this.#waiting.size === 1) thread.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
      thread.postMessage({ call, request } satisfies StoreCall<Request>, moved);
    });
  }

  /** Ends the thread, in order when the disk answers within its time, otherwise without waiting for it. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), this.#closeMs);
    });
    const outcome = await Promise.race([this.call(this.#closing).catch(() => undefined), late]);
    clearTimeout(timer);
    this.#thread = undefined;
    // A thread that hangs in the disk cannot be ended; waiting for its end would hang too.
    if (outcome === 'late') void thread.terminate();
    else await thread.terminate();
    this.#failAll(new StoreFault('unavailable', 'CLOSED', 'the store was closed'));
  }

  #start(): Worker {
    const thread = new Worker(this.#program, {
      workerData: this.#data,
      name: 'imagegate-store',
      resourceLimits,
      env: {},
      execArgv: [],
    });
    let cause = '';
    thread.on('message', (reply: StoreReply<Answer>) => this.#settle(thread, reply));
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

  #settle(thread: Worker, reply: StoreReply<Answer>): void {
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
