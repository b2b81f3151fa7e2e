import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteQueryCompiler,
  PostgresIntrospector,
  SqliteIntrospector,
} from 'kysely';
import { describe, expect, test } from 'vitest';

import { decisionNumber } from './decision-store.contract.ts';
import {
  insertDecision,
  insertParameters,
  namespaceShares,
  recentDecisions,
  removeBefore,
  removeOldestOf,
} from './queries.ts';
import type { StoreSchema } from './schema.ts';

const postgres = new Kysely<StoreSchema>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});
const sqlite = new Kysely<StoreSchema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

describe('typed queries', () => {
  test.each([0, 1, 3])('parameters of the prepared insert stand in its order (decision %i)', (n) => {
    const decision = decisionNumber(n);
    expect(insertParameters(decision)).toEqual(insertDecision(sqlite, decision).parameters);
  });

  test.each([
    ['insert', insertDecision(postgres, decisionNumber(1)), insertDecision(sqlite, decisionNumber(1))],
    [
      'recent',
      recentDecisions(postgres, { since: 1, denied: true, limit: 5 }, { time: 9, seq: 8 }),
      recentDecisions(sqlite, { since: 1, denied: true, limit: 5 }, { time: 9, seq: 8 }),
    ],
    ['remove by age', removeBefore(postgres, 5, 10), removeBefore(sqlite, 5, 10)],
    ['remove the oldest of', removeOldestOf(postgres, 'a', 10), removeOldestOf(sqlite, 'a', 10)],
    ['remove the oldest of none', removeOldestOf(postgres, null, 10), removeOldestOf(sqlite, null, 10)],
    ['shares', namespaceShares(postgres, 10), namespaceShares(sqlite, 10)],
  ])('%s reads the same to SQLite and PostgreSQL', (_title, one, other) => {
    expect(one.sql.replaceAll(/\$\d+/g, '?')).toBe(other.sql);
    expect(one.parameters).toEqual(other.parameters);
  });
});
