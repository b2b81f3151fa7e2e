import type { Kysely } from 'kysely';

import type { Digest } from '../../../core/image/digest.ts';
import { affectedVersion, comparisonOf } from '../../../core/vulnerability/affected-version.ts';
import { schemeOf } from '../../../core/vulnerability/ecosystem.ts';
import { baseEcosystem, packageKeyName, type Package } from '../../../core/vulnerability/package.ts';
import type { PackageList } from '../../../core/vulnerability/package-list.ts';
import type {
  Holding,
  HoldingQuery,
  InventoryPage,
  ListedImage,
  PackageName,
  InventoryPosition,
} from '../../../gate/inventory.ts';
import { distributionOf, listFrom, packageFrom } from './list-rows.ts';
import type { InventorySchema } from './schema.ts';
import { storedKey, storedText } from './stored-text.ts';

type Reading = Kysely<InventorySchema>;

/** Rows of a page: what one answer may hold in memory. */
const pageRows = 500;
/** Packages whose holdings are asked for at once. */
const packagesAtOnce = 100;

const columns = [
  'packages.ecosystem',
  'packages.name',
  'packages.version',
  'packages.purl',
  'packages.source_name',
  'packages.source_version',
  'packages.module',
] as const;
const place = ['holdings.path', 'layers.digest', 'layers.created_by'] as const;

const holdingsIn = (db: Reading) =>
  db
    .selectFrom('holdings')
    .innerJoin('packages', 'packages.id', 'holdings.package_id')
    .leftJoin('layers', (join) =>
      join.onRef('layers.list_id', '=', 'holdings.list_id').onRef('layers.number', '=', 'holdings.layer'),
    );

/** The list of an image; `undefined` also when rows of it are missing: half a list would be taken for the whole (V16). */
export const readKeptList = async (
  db: Reading,
  image: Digest,
  cataloger: string,
  host?: string,
): Promise<PackageList | undefined> => {
  const query = db
    .selectFrom('lists')
    .innerJoin('images', 'images.id', 'lists.image_id')
    .selectAll('lists')
    .where('images.digest', '=', image)
    .where('lists.cataloger', '=', cataloger);
  const delivered =
    host === undefined
      ? query
      : query
          .innerJoin('deliveries', 'deliveries.list_id', 'lists.id')
          .where('deliveries.host', '=', storedText(host));
  const [row] = await delivered.execute();
  if (row === undefined) return undefined;
  const holdings = await holdingsIn(db)
    .select([...columns, ...place, 'holdings.owner', 'holdings.is_listed'])
    .where('holdings.list_id', '=', row.id)
    .orderBy('holdings.position')
    .execute();
  const gaps = await db
    .selectFrom('gaps')
    .select(['kind', 'what'])
    .where('list_id', '=', row.id)
    .orderBy('position')
    .execute();
  const isWhole = holdings.length === row.holdings && gaps.length === row.gaps;
  return isWhole ? listFrom(row, holdings, gaps) : undefined;
};

const pageOf = <Row, T>(
  found: readonly Row[],
  shown: (row: Row) => T,
  positionOf: (row: Row) => InventoryPosition,
): InventoryPage<T> => {
  const last = found.at(-1);
  const next = found.length < pageRows || last === undefined ? {} : { next: positionOf(last) };
  return { rows: found.map(shown), ...next };
};

export const readListed = async (
  db: Reading,
  [after = 0]: InventoryPosition = [],
): Promise<InventoryPage<ListedImage>> => {
  const found = await db
    .selectFrom('lists')
    .innerJoin('images', 'images.id', 'lists.image_id')
    .selectAll('lists')
    .select(['images.digest', 'images.used_at'])
    .where('lists.id', '>', after)
    .orderBy('lists.id')
    .limit(pageRows)
    .execute();
  const shown = (row: (typeof found)[number]): ListedImage => ({
    image: row.digest as Digest,
    cataloger: row.cataloger,
    listedAt: row.listed_at,
    usedAt: row.used_at,
    ...distributionOf(row),
  });
  return pageOf(found, shown, ({ id }) => [id]);
};

export const readLacking = async (
  db: Reading,
  cataloger: string,
  [after = 0]: InventoryPosition = [],
): Promise<InventoryPage<Digest>> => {
  const found = await db
    .selectFrom('images')
    .select(['id', 'digest'])
    .where('id', '>', after)
    .where((of) =>
      of.not(
        of.exists(
          of
            .selectFrom('lists')
            .select('lists.id')
            .whereRef('lists.image_id', '=', 'images.id')
            .where('lists.cataloger', '=', cataloger),
        ),
      ),
    )
    .orderBy('id')
    .limit(pageRows)
    .execute();
  return pageOf(
    found,
    ({ digest }) => digest as Digest,
    ({ id }) => [id],
  );
};

/** An ecosystem without a release speaks of all of its releases, and of a base with another release nobody speaks. */
const isOf = (asked: string, ecosystem: string): boolean =>
  asked === baseEcosystem(asked) ? asked === baseEcosystem(ecosystem) : asked === ecosystem;

const isNamed = (names: readonly PackageName[], { ecosystem, name, source }: Package): boolean =>
  names.some(
    (one) =>
      isOf(one.ecosystem, ecosystem) &&
      [name, source?.name].some(
        (own) => own !== undefined && packageKeyName(ecosystem, own) === packageKeyName(ecosystem, one.name),
      ),
  );

/** Whether the version is in the range, or nobody can say (V7). */
const isInRange = (range: HoldingQuery['range'], { ecosystem, version }: Package): boolean =>
  range === undefined ||
  affectedVersion(comparisonOf(schemeOf(ecosystem)), version, {
    ecosystem,
    name: '',
    ranges: [range],
    versions: [],
    ratings: [],
  }) !== undefined;

const keysOf = (names: readonly PackageName[]): string[] => [
  ...new Set(names.map(({ ecosystem, name }) => storedKey(packageKeyName(ecosystem, name)))),
];

/** The next packages that are meant, and whether there may be more. */
const readNamed = async (db: Reading, { names, range }: HoldingQuery, from: number) => {
  const keys = keysOf(names);
  if (keys.length === 0) return { ids: [], last: undefined };
  const found = await db
    .selectFrom('packages')
    .select([...columns, 'packages.id'])
    .where((of) => of.or([of('own_key', 'in', keys), of('advised_key', 'in', keys)]))
    .where('id', '>=', from)
    .orderBy('id')
    .limit(packagesAtOnce)
    .execute();
  const meant = found.filter((row) => {
    const one = packageFrom({ ...row, path: null, digest: null, created_by: null });
    return isNamed(names, one) && isInRange(range, one);
  });
  const last = found.length < packagesAtOnce ? undefined : found.at(-1)?.id;
  return { ids: meant.map(({ id }) => id), last };
};

/** @param after package, list and position of the last row */
export const readHolding = async (
  db: Reading,
  query: HoldingQuery,
  [from = 0, list = -1, position = -1]: InventoryPosition = [],
): Promise<InventoryPage<Holding>> => {
  const { ids, last } = await readNamed(db, query, from);
  const beyond = last === undefined ? {} : { next: [last + 1] };
  if (ids.length === 0) return { rows: [], ...beyond };
  const found = await holdingsIn(db)
    .innerJoin('lists', 'lists.id', 'holdings.list_id')
    .innerJoin('images', 'images.id', 'lists.image_id')
    .select([...columns, ...place, 'holdings.package_id', 'holdings.list_id', 'holdings.position'])
    .select(['lists.cataloger', 'images.digest as image'])
    .where('holdings.package_id', 'in', ids)
    .where('holdings.is_listed', '=', 1)
    .where((of) =>
      of(
        of.refTuple('holdings.package_id', 'holdings.list_id', 'holdings.position'),
        '>',
        of.tuple(from, list, position),
      ),
    )
    .orderBy('holdings.package_id')
    .orderBy('holdings.list_id')
    .orderBy('holdings.position')
    .limit(pageRows)
    .execute();
  const page = pageOf(
    found,
    (row): Holding => ({
      image: row.image as Digest,
      cataloger: row.cataloger,
      package: packageFrom(row),
    }),
    (row) => [row.package_id, row.list_id, row.position],
  );
  return page.next === undefined ? { ...page, ...beyond } : page;
};
