/** Limits of age and size, whichever is reached first. */
export interface RetentionPolicy {
  readonly maxAgeMs: number;
  /** What is kept may take so much on the disk. */
  readonly maxBytes: number;
  /** At most this many are removed in one call, so that none takes long. */
  readonly slice: number;
}

export interface Pruned {
  readonly removed: number;
  /** The policy still wants more removed: call again. */
  readonly more: boolean;
}

/** What every store takes. Every call may reject with a `StoreFault`, and with nothing else. */
export interface Store<Item> {
  /** Stores all of the batch or nothing. May be repeated with the same batch after a fault. */
  append(batch: readonly Item[]): Promise<void>;
  /** Removes one slice of what the policy no longer keeps. */
  prune(policy: RetentionPolicy, now: number): Promise<Pruned>;
  close(): Promise<void>;
}

/**
 * `unavailable`: the disk or server is full, slow, read-only or away; the same call may work later. `rejected`: this
 * very batch can never be stored. `foreign`: the file is no store of the gate, or a newer version made it; a person
 * has to decide.
 */
export type StoreFaultKind = 'unavailable' | 'rejected' | 'foreign';

export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly kind: StoreFaultKind;
  /** Stable text for metrics, e.g. `SQLITE_FULL`. */
  readonly code: string;

  constructor(kind: StoreFaultKind, code: string, message: string) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}
