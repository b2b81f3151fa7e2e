import { type CompiledQuery, type Kysely, sql } from 'kysely';

import type { DecisionQuery, StoredDecision } from '../../gate/decision-store.ts';
import type { StoreSchema } from './schema.ts';

type Database = Kysely<StoreSchema>;

/** Where a page ended; the next one begins below it. */
export interface Position {
  readonly time: number;
  readonly seq: number;
}

export interface DecisionRow extends Position {
  readonly json: string;
}

/** Stores one decision; a second one with the same id is ignored, so a batch may be repeated. */
export const insertDecision = (db: Database, decision: StoredDecision): CompiledQuery =>
  db
    .insertInto('decisions')
    .values({
      id: decision.id,
      time: decision.time,
      allowed: decision.allowed ? 1 : 0,
      namespace: decision.namespace ?? null,
      kind: decision.kind,
      name: decision.name ?? null,
      json: decision.json,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .compile();

/** The parameters of `insertDecision`, in its order, for a statement that was prepared once. */
export const insertParameters = (decision: StoredDecision): (string | number | null)[] => [
  decision.id,
  decision.time,
  decision.allowed ? 1 : 0,
  decision.namespace ?? null,
  decision.kind,
  decision.name ?? null,
  decision.json,
];

/** One page of the record, newest first. */
export const recentDecisions = (
  db: Database,
  query: DecisionQuery,
  before?: Position,
): CompiledQuery<DecisionRow> => {
  let select = db.selectFrom('decisions').select(['time', 'seq', 'json']);
  if (query.since !== undefined) select = select.where('time', '>=', query.since);
  // A literal, not a parameter: only so can the index of denials be chosen.
  if (query.denied === true) select = select.where('allowed', '=', sql.lit(0));
  if (before !== undefined) {
    select = select.where((row) =>
      row.eb(row.refTuple('time', 'seq'), '<', row.tuple(before.time, before.seq)),
    );
  }
  return select.orderBy('time', 'desc').orderBy('seq', 'desc').limit(query.limit).compile();
};

export const decisionById = (db: Database, id: string): CompiledQuery<{ json: string }> =>
  db.selectFrom('decisions').select('json').where('id', '=', id).compile();

/** Removes at most `slice` of the decisions made before `time`, oldest first. */
export const removeBefore = (db: Database, time: number, slice: number): CompiledQuery =>
  db
    .deleteFrom('decisions')
    .where('seq', 'in', (oldest) =>
      oldest
        .selectFrom('decisions')
        .select('seq')
        .where('time', '<', time)
        .orderBy('time')
        .orderBy('seq')
        .limit(slice),
    )
    .compile();

/** Removes the `slice` oldest decisions. */
export const removeOldest = (db: Database, slice: number): CompiledQuery =>
  db
    .deleteFrom('decisions')
    .where('seq', 'in', (oldest) =>
      oldest.selectFrom('decisions').select('seq').orderBy('time').orderBy('seq').limit(slice),
    )
    .compile();

export const appliedMigrations = (db: Database): CompiledQuery<{ name: string }> =>
  db.selectFrom('kysely_migration').select('name').orderBy('name').compile();
