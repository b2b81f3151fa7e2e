import type { Clock } from '../../../concurrency/clock.ts';
import type { RetentionPolicy, Store } from '../../../gate/store.ts';
import type { WriterState } from './writer-health.ts';
import type { QueueLimits, QueuedForm } from './write-queue.ts';

/** Called for everything that is counted. Must not throw. */
export interface WriterObserver {
  stored(count: number): void;
  /** Lost: the queue was full, the store refused this very batch, or the writer was already drained. */
  dropped(count: number, why: 'queue-full' | 'rejected' | 'closed'): void;
  /** One attempt failed; its items are kept and tried again. */
  failed(code: string): void;
  pruned(count: number): void;
  /** Once per change, for one log line each. */
  stateChanged(state: WriterState): void;
}

export interface WriterOptions<Item> extends QueueLimits {
  readonly store: Pick<Store<Item>, 'append' | 'prune'>;
  readonly clock: Clock;
  readonly retention: RetentionPolicy;
  readonly observer: WriterObserver;
  /** A batch is written when so many wait … */
  readonly flushItems: number;
  /** … or so long after the first of them: with this at 100, a `kill -9` costs well under a second. */
  readonly flushMs: number;
  /** After so long without an answer the disk counts as failing. */
  readonly stallMs: number;
}

/** What is written, and how much of it at once. */
export interface WriterForm<Item> extends QueuedForm<Item> {
  /** For people: `the record`. */
  readonly what: string;
  /** So much at most in one transaction and one message to the store's thread. */
  readonly batch: QueueLimits;
}
