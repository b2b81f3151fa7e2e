import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { inventoryMigrations } from '../../../src/adapters/store/inventory/database.ts';
import { inventoryContract } from '../../../src/adapters/store/inventory/inventory.contract.ts';
import { createInventoryStore } from '../../../src/adapters/store/inventory/inventory-store.ts';
import type { InventorySchema } from '../../../src/adapters/store/inventory/schema.ts';
import type { Inventory } from '../../../src/gate/inventory.ts';
import { startPostgresql, type RunningPostgresql } from '../harness/postgresql.ts';

/** The queries of the inventory on a real PostgreSQL: what a store for many replicas is to run on (0002). */

let server: RunningPostgresql;
beforeAll(async () => {
  server = await startPostgresql();
});
afterAll(() => server.stop());

// Numbers of rows and milliseconds, far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const connect = <Schema>(database: string): Kysely<Schema> => {
  const { host, port, user, password } = server;
  const pool = new pg.Pool({ host, port, user, password, database, max: 4 });
  // A pool that ends does not wait until its connections are closed: the server may be stopped before they are.
  pool.on('error', (error) => {
    if (!pool.ending) throw error;
  });
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
};

const tables = ['images', 'lists', 'packages', 'holdings', 'layers', 'gaps', 'deliveries'];
/** What the rows take; what they took before they were removed is given back later, by the server itself. */
const usedBytes = async (db: Kysely<InventorySchema>): Promise<number> => {
  let used = 0;
  for (const table of tables) {
    const { rows } = await sql<{ bytes: number | null }>`
      SELECT sum(octet_length(row::text))::int8 AS bytes FROM ${sql.table(table)} AS row`.execute(db);
    used += rows[0]?.bytes ?? 0;
  }
  return used;
};

const open = async (database: string): Promise<Inventory> => {
  const db = connect<InventorySchema>(database);
  const provider = { getMigrations: () => Promise.resolve(inventoryMigrations('serial')) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error as Error;
  return { ...createInventoryStore({ db, usedBytes: () => usedBytes(db) }), close: () => db.destroy() };
};

let made = 0;
inventoryContract('PostgreSQL', async () => {
  const database = `inventory_${String((made += 1))}`;
  const administrator = connect('postgres');
  await sql`CREATE DATABASE ${sql.id(database)}`.execute(administrator);
  await administrator.destroy();
  let store = await open(database);
  const reopen = async (): Promise<Inventory> => {
    await store.close();
    return (store = await open(database));
  };
  return { store, reopen };
});
