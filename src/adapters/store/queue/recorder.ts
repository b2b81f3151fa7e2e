import { sleep } from '../../../concurrency/abort.ts';
import { exponentialDelay } from '../../../concurrency/backoff.ts';
import type { Decision } from '../../../core/decision/decision.ts';
import { StoreFault } from '../../../gate/decision-store.ts';
import { createRecorderHealth, type RecorderHealth, type RecorderState } from './recorder-health.ts';
import type { RecorderOptions } from './recorder-options.ts';
import { type QueueLimits, RecorderQueue } from './recorder-queue.ts';
import { createRetention, type Retention } from './retention.ts';

export interface Recorder {
  /** Takes a decision and its JSON. Never throws and never waits: the answer does not depend on the disk. */
  record(decision: Decision, json: string): void;
  state(): RecorderState;
  /** Decisions that are not stored yet. */
  queued(): number;
  /**
   * Accepts no more decisions and stores the queue.
   * @returns how many were still unstored after `deadlineMs`
   */
  drain(deadlineMs: number): Promise<number>;
}

/** The bounded queue between the gate and its store. */
export const createRecorder = (options: RecorderOptions): Recorder => new QueueingRecorder(options);

/** So much at most in one transaction and one message to the store's thread. */
const batchLimits: QueueLimits = { maxItems: 1000, maxBytes: 4 * 1024 * 1024 };
const retry = { first: 100, max: 5000 };
const idleTickMs = 30_000;
const pruneAgainMs = 500;

class QueueingRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #queue: RecorderQueue;
  readonly #health: RecorderHealth;
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

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#queue = new RecorderQueue(options, () => this.#refuse());
    this.#health = createRecorderHealth((state) => options.observer.stateChanged(state));
    this.#retention = createRetention(options.retention);
    // An idle gate forgets old decisions too.
    this.#idle = setInterval(() => this.#start(), idleTickMs).unref();
  }

  record(decision: Decision, json: string): void {
    const { object } = decision;
    const taken =
      !this.#closed &&
      this.#queue.add({
        id: decision.id,
        // A time that cannot be read must not make the row unstorable.
        time: Date.parse(decision.time) || this.#options.clock.now(),
        allowed: decision.allowed,
        namespace: object.namespace,
        kind: object.kind,
        name: object.name,
        json,
        count: decision.count,
      });
    if (!taken) return this.#refuse();
    if (this.#running) return;
    if (this.#queue.waiting >= this.#options.flushItems) this.#start();
    else this.#flushTimer ??= setTimeout(() => this.#start(), this.#options.flushMs);
  }

  state(): RecorderState {
    return this.#health.current();
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
    if (news) this.#health.failing('QUEUE_FULL', 'the queue of the record is full');
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
    const batch = this.#queue.batch(batchLimits);
    if (batch.length === 0) return true;
    const fault = await this.#attempt(() => this.#options.store.append(batch));
    if (fault?.kind === 'rejected') {
      // Halved until the decision that cannot be stored stands alone: no other is lost with it.
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
    const { stallMs, observer } = this.#options;
    const stall = setTimeout(() => {
      this.#health.failing('STALLED', `the store has not answered for ${stallMs} ms`);
    }, stallMs).unref();
    try {
      await call();
      return undefined;
    } catch (error) {
      const fault =
        error instanceof StoreFault ? error : new StoreFault('unavailable', 'INTERNAL', String(error));
      observer.failed(fault.code);
      this.#health.failing(fault.code, fault.message);
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
