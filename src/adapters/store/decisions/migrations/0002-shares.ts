import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * How much of the record each namespace holds is read from the index alone, and so are its oldest rows. Both columns
 * may be null, because filling them in would write a record of a gigabyte anew at the start.
 */
export const shares: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('decisions').addColumn('count', 'integer').execute();
    await db.schema.alterTable('decisions').addColumn('bytes', 'integer').execute();
    await db.schema
      .createIndex('decisions_namespace')
      .on('decisions')
      .columns(['namespace', 'time', 'seq', 'bytes'])
      .execute();
  },
};
