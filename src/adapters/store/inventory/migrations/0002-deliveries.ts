import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Lists of before have no host: they are told at hosts that the operator has named, as they were (V6). */
export const deliveries: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('deliveries')
      .addColumn('list_id', 'integer', (column) =>
        column.notNull().references('lists.id').onDelete('cascade'),
      )
      .addColumn('position', 'integer', (column) => column.notNull())
      .addColumn('host', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('deliveries_key', ['list_id', 'host'])
      .execute();
  },
};
