import type { Store } from './store.ts';

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
  /** In UTF-8. */
  readonly json: Uint8Array;
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
 * The record of decisions. By age the oldest decisions are removed; by size the oldest of the namespace that holds most,
 * so that no namespace can push out what is recorded of others (R26).
 */
export interface DecisionStore extends Store<StoredDecision> {
  /** JSON texts, newest first. */
  recent(query: DecisionQuery): Promise<readonly string[]>;
  find(id: string): Promise<string | undefined>;
}
