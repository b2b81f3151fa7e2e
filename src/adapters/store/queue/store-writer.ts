import { sleep } from '../../../concurrency/abort.ts';
import { exponentialDelay } from '../../../concurrency/backoff.ts';
import { StoreFault } from '../../../gate/store.ts';
import { createRetention, type Retention } from './retention.ts';
import { WriteQueue } from './write-queue.ts';
import { createWriterHealth, type WriterHealth, type WriterState } from './writer-health.ts';
import type { WriterForm, WriterOptions } from './writer-options.ts';

/** The bounded queue between the gate and one of its stores. */
export interface StoreWriter<Item> {
  /** Never throws and never waits: no answer depends on the disk. */
  write(item: Item): void;
  state(): WriterState;
  /** The store did not do what somebody else asked of it. It is well again when it writes again. */
  failed(fault: StoreFault): void;
  /** Items that are not stored yet. */
  queued(): number;
  /**
   * Accepts no more items and stores the queue.
   * @returns how many were still unstored after `deadlineMs`
   */
  drain(deadlineMs: number): Promise<number>;
}

export const createStoreWriter = <Item>(
  form: WriterForm<Item>,
  options: WriterOptions<Item>,
): StoreWriter<Item> => new QueueingWriter(form, options);

const retry = { first: 100, max: 5000 };
const idleTickMs = 30_000;
const pruneAgainMs = 500;

class QueueingWriter<Item> implements StoreWriter<Item> {
  readonly #form: WriterForm<Item>;
  readonly #options: WriterOptions<Item>;
  readonly #queue: WriteQueue<Item>;
  readonly #health: WriterHealth;
  readonly #retention: Retention;
  readonly #idle: NodeJS.Timeout;
  #running = false;
  #closed = false;
  #abandoned = false;
  #prunes = true;
  #flushTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #pausing = new AbortController();
  #whenIdle: () => void = () => undefined;

  constructor(form: WriterForm<Item>, options: WriterOptions<Item>) {
    this.#form = form;
    this.#options = options;
    this.#queue = new WriteQueue(options, form, () => this.#refuse());
    this.#health = createWriterHealth((state) => options.observer.stateChanged(state));
    this.#retention = createRetention(options.retention);
    // An idle gate forgets what is old too.
    this.#idle = setInterval(() => this.#start(), idleTickMs).unref();
  }

  write(item: Item): void {
    const taken = !this.#closed && this.#queue.add(item);
    if (!taken) return this.#refuse();
    if (this.#running) return;
    if (this.#queue.waiting >= this.#options.flushItems) this.#start();
    else this.#flushTimer ??= setTimeout(() => this.#start(), this.#options.flushMs);
  }

  state(): WriterState {
    return this.#health.current();
  }

  failed({ code, message }: StoreFault): void {
    this.#options.observer.failed(code);
    this.#health.failing(code, message);
  }

  queued(): number {
    return this.#queue.held;
  }

  async drain(deadlineMs: number): Promise<number> {
    this.#closed = true;
    clearInterval(this.#idle);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#pausing.abort();
      this.#start();
    });
    this.#abandoned = true;
    this.#pausing.abort();
    return this.#queue.held;
  }

  #refuse(): void {
    this.#options.observer.dropped(1, this.#closed ? 'closed' : 'queue-full');
    // A queue that fills up because the disk fails is no news.
    const news = !this.#closed && this.#health.current().state === 'ok';
    if (news) this.#health.failing('QUEUE_FULL', `the queue of ${this.#form.what} is full`);
  }

  #start(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Stores until less than a batch waits. One call of the store is under way at any time. */
  async #run(): Promise<void> {
    do {
      if (this.#retention.due(this.#options.clock.monotonic())) await this.#prune();
      const stored = await this.#append();
      if (!stored) await this.#pause();
    } while (this.#hasMore());
    this.#running = false;
    if (this.#queue.held === 0) this.#whenIdle();
    if (this.#closed) return;
    if (this.#queue.held > 0) this.#flushTimer = setTimeout(() => this.#start(), this.#options.flushMs);
    else if (!this.#prunes) this.#flushTimer = setTimeout(() => this.#start(), pruneAgainMs).unref();
  }

  #hasMore(): boolean {
    if (this.#abandoned) return false;
    const { held, waiting } = this.#queue;
    const leaves = this.#closed || held > waiting || waiting >= this.#options.flushItems;
    return (held > 0 && leaves) || this.#retention.due(this.#options.clock.monotonic());
  }

  /** @returns false when the batch has to wait for the disk. */
  async #append(): Promise<boolean> {
    const batch = this.#queue.batch(this.#form.batch);
    if (batch.length === 0) return true;
    const fault = await this.#attempt(() => this.#options.store.append(batch));
    if (fault?.kind === 'rejected') {
      // Halved until the item that cannot be stored stands alone: no other is lost with it.
      if (this.#queue.halve()) return true;
      this.#queue.finish();
      this.#options.observer.dropped(1, 'rejected');
      return true;
    }
    if (fault !== undefined) return false;
    this.#retention.grew(this.#queue.finish());
    this.#options.observer.stored(batch.length);
    this.#failures = 0;
    this.#recover();
    return true;
  }

  async #prune(): Promise<void> {
    const { store, clock, observer } = this.#options;
    const fault = await this.#attempt(async () => {
      const removed = await this.#retention.prune(store, clock);
      if (removed > 0) observer.pruned(removed);
    });
    this.#prunes = fault === undefined;
    this.#recover();
  }

  #recover(): void {
    const idle = this.#queue.held === this.#queue.waiting;
    if (idle && this.#prunes && this.#queue.relaxed) this.#health.recovered();
  }

  /** One call of the store. A fault is counted and reported, never thrown. */
  async #attempt(call: () => Promise<void>): Promise<StoreFault | undefined> {
    const { stallMs } = this.#options;
    const stall = setTimeout(() => {
      this.#health.failing('STALLED', `the store has not answered for ${stallMs} ms`);
    }, stallMs).unref();
    try {
      await call();
      return undefined;
    } catch (error) {
      const fault =
        error instanceof StoreFault ? error : new StoreFault('unavailable', 'INTERNAL', String(error));
      this.failed(fault);
      return fault;
    } finally {
      clearTimeout(stall);
    }
  }

  /** Waits longer each time, up to five seconds; `drain` ends it. */
  #pause(): Promise<unknown> {
    if (this.#abandoned) return Promise.resolve();
    const pauseMs = this.#closed ? retry.first : exponentialDelay(retry, this.#failures);
    this.#failures += 1;
    this.#pausing = new AbortController();
    return sleep(pauseMs, this.#pausing.signal, false);
  }
}
