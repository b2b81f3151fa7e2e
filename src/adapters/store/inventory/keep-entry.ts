import type { Transaction } from 'kysely';

import type { InventoryEntry } from '../../../gate/inventory.ts';
import { listRow, type ListRows, toRows } from './list-rows.ts';
import type { InventorySchema } from './schema.ts';
import { storedText } from './stored-text.ts';

type Writing = Transaction<InventorySchema>;

/** Rows in one statement: with eleven columns they stay below the parameters that a statement may have. */
const rowsAtOnce = 500;

function* slices<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce);
}

/** The row of an image, with the latest of its uses. It comes first in a transaction, and so takes the lock at once. */
const useImage = async (db: Writing, { image, usedAt }: InventoryEntry): Promise<number> => {
  const row = await db
    .insertInto('images')
    .values({ digest: image, used_at: usedAt })
    .onConflict((conflict) =>
      conflict.column('digest').doUpdateSet((of) => ({
        used_at: of
          .case()
          .when('excluded.used_at', '>', of.ref('images.used_at'))
          .then(of.ref('excluded.used_at'))
          .else(of.ref('images.used_at'))
          .end(),
      })),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
};

/** Removes packages of these that no list holds any more. */
const removeUnheld = async (db: Writing, packages: readonly number[]): Promise<void> => {
  for (const some of slices(packages))
    await db
      .deleteFrom('packages')
      .where('id', 'in', some)
      .where((of) =>
        of.not(
          of.exists(
            of.selectFrom('holdings').select('position').whereRef('holdings.package_id', '=', 'packages.id'),
          ),
        ),
      )
      .execute();
};

/** Removes lists or images, with all that only they hold. */
const removeWithPackages = async (
  db: Writing,
  lists: readonly number[],
  remove: () => Promise<unknown>,
): Promise<void> => {
  const held =
    lists.length === 0
      ? []
      : await db
          .selectFrom('holdings')
          .select('package_id')
          .distinct()
          .where('list_id', 'in', lists)
          .execute();
  await remove();
  await removeUnheld(
    db,
    held.map((row) => row.package_id),
  );
};

const removeList = async (db: Writing, image: number, cataloger: string): Promise<void> => {
  const found = await db
    .selectFrom('lists')
    .select('id')
    .where('image_id', '=', image)
    .where('cataloger', '=', cataloger)
    .execute();
  const ids = found.map(({ id }) => id);
  if (ids.length === 0) return;
  await removeWithPackages(db, ids, () => db.deleteFrom('lists').where('id', 'in', ids).execute());
};

export const removeImages = async (db: Writing, images: readonly number[]): Promise<void> => {
  const lists = await db.selectFrom('lists').select('id').where('image_id', 'in', images).execute();
  await removeWithPackages(
    db,
    lists.map(({ id }) => id),
    () => db.deleteFrom('images').where('id', 'in', images).execute(),
  );
};

/** The numbers of packages by their hash; those that are new get one. */
const numberPackages = async (
  db: Writing,
  packages: ListRows['packages'],
): Promise<ReadonlyMap<string, number>> => {
  const numbers = new Map<string, number>();
  for (const some of slices([...packages.values()])) {
    await db
      .insertInto('packages')
      .values(some)
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .execute();
    const hashes = some.map(({ hash }) => hash);
    const found = await db
      .selectFrom('packages')
      .select(['id', 'hash'])
      .where('hash', 'in', hashes)
      .execute();
    for (const { id, hash } of found) numbers.set(hash, id);
  }
  return numbers;
};

const insertRows = async (db: Writing, list: number, rows: ListRows): Promise<void> => {
  const numbers = await numberPackages(db, rows.packages);
  const holdings = rows.holdings.map(({ hash, ...row }) => ({
    ...row,
    list_id: list,
    package_id: numbers.get(hash) as number,
  }));
  for (const some of slices(holdings)) await db.insertInto('holdings').values(some).execute();
  for (const some of slices(rows.layers))
    await db
      .insertInto('layers')
      .values(some.map((row) => ({ ...row, list_id: list })))
      .execute();
  for (const some of slices(rows.gaps))
    await db
      .insertInto('gaps')
      .values(some.map((row) => ({ ...row, list_id: list })))
      .execute();
};

/** Hosts that one list is remembered to come from. */
const maxHosts = 16;

/** The hosts that have delivered an image, as they are stored; the last one comes first. */
const hostsOf = async (db: Writing, image: number, cataloger: string): Promise<readonly string[]> => {
  const found = await db
    .selectFrom('deliveries')
    .innerJoin('lists', 'lists.id', 'deliveries.list_id')
    .select('deliveries.host')
    .where('lists.image_id', '=', image)
    .where('lists.cataloger', '=', cataloger)
    .orderBy('deliveries.position')
    .execute();
  return found.map(({ host }) => host);
};

/** Writes one entry. A list takes the place of the one that the same version of the cataloger made before. */
export const keepEntry = async (db: Writing, entry: InventoryEntry): Promise<void> => {
  const image = await useImage(db, entry);
  if (entry.found === undefined) return;
  const { cataloger, list, host } = entry.found;
  const hosts = new Set([storedText(host), ...(await hostsOf(db, image, cataloger))]);
  await removeList(db, image, cataloger);
  const rows = toRows(list);
  const { id } = await db
    .insertInto('lists')
    .values({ image_id: image, cataloger, listed_at: entry.usedAt, ...listRow(list, rows) })
    .returning('id')
    .executeTakeFirstOrThrow();
  await insertRows(db, id, rows);
  const last = [...hosts].slice(0, maxHosts);
  await db
    .insertInto('deliveries')
    .values(last.map((one, position) => ({ list_id: id, position, host: one })))
    .execute();
};
