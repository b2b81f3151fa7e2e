import type { StoredDecision } from '../../gate/decision-store.ts';

/** Beside the JSON: keys, object and array slots. */
const overheadBytes = 256;

/** What one decision counts for: one byte a character, as V8 keeps text within Latin-1. */
export const weightOf = (decision: StoredDecision): number => decision.json.length + overheadBytes;

export interface QueueLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

/**
 * Decisions that are not yet stored, bounded in number and bytes; the batch under way counts until it is done.
 * When full it refuses the newest: what was taken stays taken, so a flood cannot push out the record of what
 * came before it, and refusing costs nothing when the gate has least to spare.
 */
export class RecorderQueue {
  readonly #limits: QueueLimits;
  #waiting: StoredDecision[] = [];
  #batch: readonly StoredDecision[] = [];
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** All that is not stored yet, the batch under way included. */
  get held(): number {
    return this.#waiting.length + this.#batch.length;
  }

  /** Whether there is room again, with some to spare. */
  get relaxed(): boolean {
    return this.held <= this.#limits.maxItems / 2 && this.#bytes <= this.#limits.maxBytes / 2;
  }

  /** @returns false when it is full. */
  add(decision: StoredDecision): boolean {
    const weight = weightOf(decision);
    if (this.held >= this.#limits.maxItems || this.#bytes + weight > this.#limits.maxBytes) return false;
    this.#waiting.push(decision);
    this.#bytes += weight;
    return true;
  }

  /** The batch under way; a new one of at most `limits` when there is none. Empty: nothing waits. */
  batch(limits: QueueLimits): readonly StoredDecision[] {
    if (this.#batch.length > 0) return this.#batch;
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && count < limits.maxItems; count++) {
      bytes += weightOf(this.#waiting[count] as StoredDecision);
      if (bytes > limits.maxBytes && count > 0) break;
    }
    this.#batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return this.#batch;
  }

  /** The second half of the batch under way waits again. @returns false when it cannot be halved. */
  halve(): boolean {
    if (this.#batch.length <= 1) return false;
    const half = Math.ceil(this.#batch.length / 2);
    this.#waiting = [...this.#batch.slice(half), ...this.#waiting];
    this.#batch = this.#batch.slice(0, half);
    return true;
  }

  /** The batch under way is stored or given up. @returns its size in bytes. */
  finish(): number {
    const bytes = this.#batch.reduce((sum, decision) => sum + weightOf(decision), 0);
    this.#bytes -= bytes;
    this.#batch = [];
    return bytes;
  }
}
