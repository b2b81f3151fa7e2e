import { FairQueue, type QueueCapacity } from '../../../concurrency/fair-queue.ts';

/** What waits in a queue. */
export interface QueuedForm<Item> {
  /** Bytes in memory, about. */
  readonly weightOf: (item: Item) => number;
  /** Whose it is: the queue is shared by this. */
  readonly ownerOf: (item: Item) => string;
  /** Items of one key are one item. */
  readonly keyOf: (item: Item) => string;
  /** Whether an item takes the place of the waiting one of its key. */
  readonly replaces: (next: Item, held: Item) => boolean;
}

export interface QueueLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/**
 * What is not yet stored, bounded in number and bytes; the batch under way counts until it is done. Shared by
 * owner (R26): when it is full the one with most in it loses its newest, so that a flood can push out neither what
 * others have in it nor what came before it.
 */
export class WriteQueue<Item> {
  readonly #limits: QueueLimits;
  readonly #form: QueuedForm<Item>;
  readonly #waiting: FairQueue<Item>;
  /** The second half of a batch that was halved. It comes before the rest of the queue. */
  #rest: readonly Item[] = [];
  #batch: readonly Item[] = [];
  /** Bytes of the batch and of `#rest`. */
  #bytesUnderWay = 0;

  /** @param onLost - called for each queued item that had to give way */
  constructor(limits: QueueLimits, form: QueuedForm<Item>, onLost: () => void) {
    this.#limits = limits;
    this.#form = form;
    this.#waiting = new FairQueue(form.weightOf, onLost, form.replaces);
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
  add(item: Item): boolean {
    const { ownerOf, keyOf } = this.#form;
    const capacity = this.#capacity();
    if (capacity.items <= 0 || capacity.weight <= 0) return false;
    return this.#waiting.add(ownerOf(item), keyOf(item), item, capacity);
  }

  /** The batch under way, or a new one of about `limits`. Empty when nothing waits. */
  batch(limits: QueueLimits): readonly Item[] {
    if (this.#batch.length > 0) return this.#batch;
    if (this.#rest.length > 0) {
      [this.#batch, this.#rest] = [this.#rest, []];
      return this.#batch;
    }
    const batch: Item[] = [];
    for (let bytes = 0; batch.length < limits.maxItems && bytes < limits.maxBytes;) {
      const next = this.#waiting.take();
      if (next === undefined) break;
      batch.push(next);
      bytes += this.#form.weightOf(next);
    }
    this.#batch = batch;
    this.#bytesUnderWay = this.#weightOfAll(batch);
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
    const bytes = this.#weightOfAll(this.#batch);
    this.#bytesUnderWay -= bytes;
    this.#batch = [];
    return bytes;
  }

  #weightOfAll(items: readonly Item[]): number {
    return items.reduce((sum, item) => sum + this.#form.weightOf(item), 0);
  }

  /** The space that is left beside the batch under way. */
  #capacity(): QueueCapacity {
    const { maxItems, maxBytes } = this.#limits;
    const underWay = this.#batch.length + this.#rest.length;
    return { items: maxItems - underWay, weight: maxBytes - this.#bytesUnderWay };
  }
}
