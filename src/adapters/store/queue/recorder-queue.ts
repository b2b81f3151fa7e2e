import { FairQueue, type QueueCapacity } from '../../../concurrency/fair-queue.ts';
import type { StoredDecision } from '../../../gate/decision-store.ts';

/** Beside the JSON: keys, object and array slots. */
const overheadBytes = 256;

/** What one decision counts for: one byte a character, as V8 keeps text within Latin-1. */
const weightOf = (decision: StoredDecision): number => decision.json.length + overheadBytes;

const weightOfAll = (decisions: readonly StoredDecision[]): number =>
  decisions.reduce((sum, decision) => sum + weightOf(decision), 0);

/** Repeats arrive after their answers were sent, which is not the order in which they were counted. */
const isLater = (next: StoredDecision, held: StoredDecision): boolean =>
  (next.count ?? 1) >= (held.count ?? 1);

export interface QueueLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/**
 * Decisions that are not yet stored, bounded in number and bytes; the batch under way counts until it is done. Shared by
 * namespace (R26): when it is full the one with most in it loses its newest, so that a flood can push out neither the
 * record of others nor that of what came before it.
 */
export class RecorderQueue {
  readonly #limits: QueueLimits;
  readonly #waiting: FairQueue<StoredDecision>;
  /** The second half of a batch that was halved. It comes before the rest of the queue. */
  #rest: readonly StoredDecision[] = [];
  #batch: readonly StoredDecision[] = [];
  /** Bytes of the batch and of `#rest`. */
  #bytesUnderWay = 0;

  /** @param onLost - called for each queued decision that had to give way */
  constructor(limits: QueueLimits, onLost: () => void) {
    this.#limits = limits;
    this.#waiting = new FairQueue(weightOf, onLost, isLater);
  }

  get waiting(): number {
    return this.#rest.length + this.#waiting.count;
  }

  /** All that is not stored yet, the batch under way included. */
  get held(): number {
    return this.waiting + this.#batch.length;
  }

  /** Whether at most half of the limits is used. */
  get relaxed(): boolean {
    const bytes = this.#waiting.weight + this.#bytesUnderWay;
    return this.held <= this.#limits.maxItems / 2 && bytes <= this.#limits.maxBytes / 2;
  }

  /** @returns false when it is full. */
  add(decision: StoredDecision): boolean {
    const { id, namespace = '' } = decision;
    const capacity = this.#capacity();
    return capacity.items > 0 && capacity.weight > 0 && this.#waiting.add(namespace, id, decision, capacity);
  }

  /** The batch under way, or a new one of about `limits`. Empty when nothing waits. */
  batch(limits: QueueLimits): readonly StoredDecision[] {
    if (this.#batch.length > 0) return this.#batch;
    if (this.#rest.length > 0) {
      [this.#batch, this.#rest] = [this.#rest, []];
      return this.#batch;
    }
    const batch: StoredDecision[] = [];
    for (let bytes = 0; batch.length < limits.maxItems && bytes < limits.maxBytes;) {
      const next = this.#waiting.take();
      if (next === undefined) break;
      batch.push(next);
      bytes += weightOf(next);
    }
    this.#batch = batch;
    this.#bytesUnderWay = weightOfAll(batch);
    return batch;
  }

  /** The second half of the batch under way waits again. @returns false when it cannot be halved. */
  halve(): boolean {
    if (this.#batch.length <= 1) return false;
    const half = Math.ceil(this.#batch.length / 2);
    this.#rest = [...this.#batch.slice(half), ...this.#rest];
    this.#batch = this.#batch.slice(0, half);
    return true;
  }

  /** The batch under way is stored or given up. @returns its size in bytes. */
  finish(): number {
    const bytes = weightOfAll(this.#batch);
    this.#bytesUnderWay -= bytes;
    this.#batch = [];
    return bytes;
  }

  /** The space that is left beside the batch under way. */
  #capacity(): QueueCapacity {
    const { maxItems, maxBytes } = this.#limits;
    const underWay = this.#batch.length + this.#rest.length;
    return { items: maxItems - underWay, weight: maxBytes - this.#bytesUnderWay };
  }
}
