/** A decision for the store: its keys, and its JSON. */
export interface StoredDecision {
  /** Ordered by time within a replica. Of several with the same id the one with the highest count is kept. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly allowed: boolean;
  readonly namespace?: string | undefined;
  readonly kind: string;
  readonly name?: string | undefined;
  readonly json: string;
  /** How many equal decisions it stands for; absent: one. */
  readonly count?: number | undefined;
}

/** `decisions --since --denied --limit`. */
export interface DecisionQuery {
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number;
  readonly denied?: boolean;
  readonly limit: number;
}

/**
 * Limits of age and size, whichever is reached first. By age the oldest decisions are removed; by size the oldest of
 * the namespace that holds most, so that no namespace can push out what is recorded of others (R26).
 */
export interface RetentionPolicy {
  readonly maxAgeMs: number;
  /** What the decisions may take on the disk. */
  readonly maxBytes: number;
  /** At most this many are removed in one call, so that none takes long. */
  readonly slice: number;
}

export interface Pruned {
  readonly removed: number;
  /** The policy still wants more removed: call again. */
  readonly more: boolean;
}

/** The record of decisions. Every call may reject with a `StoreFault`, and with nothing else. */
export interface DecisionStore {
  /** Stores all of the batch or nothing. May be repeated with the same batch after a fault. */
  append(batch: readonly StoredDecision[]): Promise<void>;
  /** JSON texts, newest first. */
  recent(query: DecisionQuery): Promise<readonly string[]>;
  find(id: string): Promise<string | undefined>;
  /** Removes one slice of what the policy no longer keeps. */
  prune(policy: RetentionPolicy, now: number): Promise<Pruned>;
  close(): Promise<void>;
}

/**
 * `unavailable`: the disk or server is full, slow, read-only or away; the same call may work later. `rejected`: this
 * very batch can never be stored. `foreign`: the file is no record of the gate, or a newer version made it; a person
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
