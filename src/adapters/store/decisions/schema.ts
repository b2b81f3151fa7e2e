import type { Generated } from 'kysely';

/** One decision. Types are those that SQLite and PostgreSQL share: no booleans, no JSON columns. */
interface DecisionsTable {
  /** Insertion order; SQLite's rowid, so that rows are appended and never inserted in between. */
  seq: Generated<number>;
  id: string;
  /** Milliseconds since 1970. */
  time: number;
  /** 1 or 0. */
  allowed: number;
  namespace: string | null;
  kind: string;
  name: string | null;
  json: string;
  /** How many equal decisions the row stands for; null: one. */
  count: number | null;
  /** What the row takes, about; null in rows that were written before this was counted. */
  bytes: number | null;
}

export interface StoreSchema {
  decisions: DecisionsTable;
}
