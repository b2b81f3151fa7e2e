import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** SQLite: exactly `integer primary key` is the rowid. PostgreSQL counts in a `serial`. */
export type IdType = 'integer' | 'serial';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const of = (table: string) => (column: ColumnDefinitionBuilder) =>
  column.notNull().references(`${table}.id`).onDelete('cascade');

const createImages = async (db: Kysely<unknown>, id: IdType): Promise<void> => {
  await db.schema
    .createTable('images')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('used_at', 'bigint', required)
    .execute();
  await db.schema.createIndex('images_used').on('images').columns(['used_at', 'id']).execute();
  await db.schema
    .createTable('lists')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('image_id', 'integer', of('images'))
    .addColumn('cataloger', 'text', required)
    .addColumn('listed_at', 'bigint', required)
    .addColumn('created_at', 'text')
    .addColumn('distribution_id', 'text')
    .addColumn('distribution_version', 'text')
    .addColumn('distribution_name', 'text')
    .addColumn('holdings', 'integer', required)
    .addColumn('gaps', 'integer', required)
    .addUniqueConstraint('lists_of_image', ['image_id', 'cataloger'])
    .execute();
};

const createPackages = async (db: Kysely<unknown>, id: IdType): Promise<void> => {
  await db.schema
    .createTable('packages')
    .addColumn('id', id, (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('ecosystem', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('version', 'text', required)
    .addColumn('purl', 'text')
    .addColumn('source_name', 'text')
    .addColumn('source_version', 'text')
    .addColumn('module', 'text')
    .addColumn('own_key', 'text', required)
    .addColumn('advised_key', 'text', required)
    .execute();
  for (const key of ['own_key', 'advised_key'])
    await db.schema.createIndex(`packages_${key}`).on('packages').columns([key, 'id']).execute();
};

/** What belongs to one list, and goes with it. */
const createListRows = async (db: Kysely<unknown>): Promise<void> => {
  await db.schema
    .createTable('holdings')
    .addColumn('list_id', 'integer', of('lists'))
    .addColumn('position', 'integer', required)
    .addColumn('package_id', 'integer', (column) => column.notNull().references('packages.id'))
    .addColumn('path', 'text')
    .addColumn('layer', 'integer')
    .addColumn('owner', 'integer')
    .addColumn('is_listed', 'smallint', required)
    .addPrimaryKeyConstraint('holdings_key', ['list_id', 'position'])
    .execute();
  await db.schema
    .createIndex('holdings_package')
    .on('holdings')
    .columns(['package_id', 'list_id', 'position'])
    .execute();
  await db.schema
    .createTable('layers')
    .addColumn('list_id', 'integer', of('lists'))
    .addColumn('number', 'integer', required)
    .addColumn('digest', 'text')
    .addColumn('created_by', 'text')
    .addPrimaryKeyConstraint('layers_key', ['list_id', 'number'])
    .execute();
  await db.schema
    .createTable('gaps')
    .addColumn('list_id', 'integer', of('lists'))
    .addColumn('position', 'integer', required)
    .addColumn('kind', 'text', required)
    .addColumn('what', 'text', required)
    .addPrimaryKeyConstraint('gaps_key', ['list_id', 'position'])
    .execute();
};

export const inventory = (id: IdType): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await createImages(db, id);
    await createPackages(db, id);
    await createListRows(db);
  },
});
