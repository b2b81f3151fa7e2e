import type { Clock } from '../../../concurrency/clock.ts';
import type { DecisionStore, RetentionPolicy } from '../../../gate/decision-store.ts';
import type { RecorderState } from './recorder-health.ts';
import type { QueueLimits } from './recorder-queue.ts';

/** Called for everything that is counted. Must not throw. */
interface RecorderObserver {
  stored(count: number): void;
  /** Lost: the queue was full, the store refused this very batch, or the recorder was already drained. */
  dropped(count: number, why: 'queue-full' | 'rejected' | 'closed'): void;
  /** One attempt failed; its decisions are kept and tried again. */
  failed(code: string): void;
  pruned(count: number): void;
  /** Once per change, for one log line each. */
  stateChanged(state: RecorderState): void;
}

export interface RecorderOptions extends QueueLimits {
  readonly store: Pick<DecisionStore, 'append' | 'prune'>;
  readonly clock: Clock;
  readonly retention: RetentionPolicy;
  readonly observer: RecorderObserver;
  /** A batch is written when so many wait … */
  readonly flushItems: number;
  /** … or so long after the first of them: with this at 100, a `kill -9` costs well under a second. */
  readonly flushMs: number;
  /** After so long without an answer the disk counts as failing. */
  readonly stallMs: number;
}

export const recorderDefaults = {
  maxItems: 20_000,
  maxBytes: 64 * 1024 * 1024,
  flushItems: 250,
  flushMs: 100,
  stallMs: 2000,
  retention: { maxAgeMs: 30 * 24 * 3_600_000, maxBytes: 1024 ** 3, slice: 1000 },
} as const;
