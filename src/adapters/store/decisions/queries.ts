import { type CompiledQuery, type Kysely, sql } from 'kysely';

import type { DecisionQuery, StoredDecision } from '../../../gate/decision-store.ts';
import type { StoreSchema } from './schema.ts';

type Database = Kysely<StoreSchema>;

/** Where a page ended; the next one begins below it. */
export interface Position {
  readonly time: number;
  readonly seq: number;
}

interface DecisionRow extends Position {
  readonly json: string;
}

/** Bytes of a row beside its JSON: keys, indexes, its header. */
const rowOverhead = 256;
/** Assumed size of a row of an older version. */
const usualBytes = 1200;
/** About the size of a row in the record. */
export const bytesOf = (decision: StoredDecision): number => decision.json.length + rowOverhead;

/**
 * Stores one decision. A second one with the same id takes its place when it stands for at least as many, so a batch
 * may be repeated, and it does not matter in which order repeats arrive.
 */
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
      // Bytes that are already UTF-8 need no text on their way into the file.
      json: sql<string>`cast(${decision.json} as text)`,
      count: decision.count ?? null,
      bytes: bytesOf(decision),
    })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet((row) => ({
          time: row.ref('excluded.time'),
          json: row.ref('excluded.json'),
          count: row.ref('excluded.count'),
          bytes: row.ref('excluded.bytes'),
        }))
        .where((row) =>
          row.eb(
            row.fn.coalesce('excluded.count', sql.lit(1)),
            '>',
            row.fn.coalesce('decisions.count', sql.lit(1)),
          ),
        ),
    )
    .compile();

/** The parameters of `insertDecision`, in its order, for a statement that was prepared once. */
export const insertParameters = (decision: StoredDecision): (string | number | Uint8Array | null)[] => [
  decision.id,
  decision.time,
  decision.allowed ? 1 : 0,
  decision.namespace ?? null,
  decision.kind,
  decision.name ?? null,
  decision.json,
  decision.count ?? null,
  bytesOf(decision),
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

/** How much of the record one namespace holds; null for objects without a namespace. */
export interface NamespaceShare {
  readonly namespace: string | null;
  readonly bytes: number;
}

/** The `most` namespaces that hold most, largest first. */
export const namespaceShares = (db: Database, most: number): CompiledQuery<NamespaceShare> =>
  db
    .selectFrom('decisions')
    .select((row) => [
      'namespace',
      row.fn.sum<number>(row.fn.coalesce('bytes', sql.lit(usualBytes))).as('bytes'),
    ])
    .groupBy('namespace')
    .orderBy('bytes', 'desc')
    .limit(most)
    .compile();

/** Removes the `slice` oldest decisions of one namespace. */
export const removeOldestOf = (
  db: Database,
  namespace: string | null,
  slice: number,
): CompiledQuery<{ bytes: number }> =>
  db
    .deleteFrom('decisions')
    .where('seq', 'in', (oldest) =>
      oldest
        .selectFrom('decisions')
        .select('seq')
        .where('namespace', namespace === null ? 'is' : '=', namespace)
        .orderBy('time')
        .orderBy('seq')
        .limit(slice),
    )
    .returning((row) => row.fn.coalesce('bytes', sql.lit(usualBytes)).as('bytes'))
    .compile();
