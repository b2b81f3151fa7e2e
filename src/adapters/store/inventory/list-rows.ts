import type { Insertable, Selectable } from 'kysely';

import type { Digest } from '../../../core/image/digest.ts';
import type { GapKind } from '../../../core/vulnerability/gap.ts';
import { advisedAs, packageKeyName, type Package } from '../../../core/vulnerability/package.ts';
import type { PackageList } from '../../../core/vulnerability/package-list.ts';
import type { InventorySchema } from './schema.ts';
import { sha256, storedKey, storedText, fromStored } from './stored-text.ts';

type Of<Table extends keyof InventorySchema> = Omit<Insertable<InventorySchema[Table]>, 'list_id'>;
type Nullable = string | null;

const orNull = (text: string | undefined): Nullable => (text === undefined ? null : storedText(text));

/** A list as rows. Packages are named by their hash until the database has given them numbers. */
export interface ListRows {
  readonly packages: ReadonlyMap<string, Insertable<InventorySchema['packages']>>;
  readonly holdings: readonly (Omit<Of<'holdings'>, 'package_id'> & { readonly hash: string })[];
  readonly layers: readonly Of<'layers'>[];
  readonly gaps: readonly Of<'gaps'>[];
}

const packageRow = (found: Package): Insertable<InventorySchema['packages']> => {
  const { ecosystem, name, version, purl, source, module } = found;
  const keyOf = (own: string): string => storedKey(packageKeyName(ecosystem, own));
  const hash = [ecosystem, name, version, purl ?? null, source?.name ?? null, source?.version ?? null];
  return {
    hash: sha256(JSON.stringify([...hash, module ?? null])),
    ecosystem: storedText(ecosystem),
    name: storedText(name),
    version: storedText(version),
    purl: orNull(purl),
    source_name: orNull(source?.name),
    source_version: orNull(source?.version),
    module: orNull(module),
    own_key: keyOf(name),
    advised_key: keyOf(advisedAs(found).name),
  };
};

/** Everything in a list, and after it the owners that are not in it. */
const withOwners = (
  packages: readonly Package[],
): { readonly all: readonly Package[]; readonly positionOf: (found: Package) => number } => {
  const all = [...packages];
  const positions = new Map<string, number>();
  for (const [at, found] of packages.entries()) {
    const key = JSON.stringify(found);
    if (!positions.has(key)) positions.set(key, at);
  }
  // Grows while it is walked: an owner may have an owner.
  for (const { owner } of all) {
    const key = owner && JSON.stringify(owner);
    if (key === undefined || positions.has(key)) continue;
    positions.set(key, all.length);
    all.push(owner as Package);
  }
  return { all, positionOf: (found) => positions.get(JSON.stringify(found)) as number };
};

export const toRows = ({ packages: listed, gaps }: PackageList): ListRows => {
  const packages = new Map<string, Insertable<InventorySchema['packages']>>();
  const layers = new Map<string, Of<'layers'>>();
  const layerOf = ({ layer, createdBy }: Package): number | null => {
    if (layer === undefined && createdBy === undefined) return null;
    const key = JSON.stringify([layer, createdBy]);
    const known = layers.get(key);
    if (known !== undefined) return known.number;
    const number = layers.size;
    layers.set(key, { number, digest: orNull(layer), created_by: orNull(createdBy) });
    return number;
  };
  const { all, positionOf } = withOwners(listed);
  const holdings = all.map((found, position) => {
    const row = packageRow(found);
    packages.set(row.hash, row);
    return {
      hash: row.hash,
      position,
      path: orNull(found.path),
      layer: layerOf(found),
      owner: found.owner === undefined ? null : positionOf(found.owner),
      is_listed: position < listed.length ? 1 : 0,
    };
  });
  return {
    packages,
    holdings,
    layers: [...layers.values()],
    gaps: gaps.map(({ kind, what }, position) => ({ position, kind, what: storedText(what) })),
  };
};

type PackageColumns = Pick<
  Selectable<InventorySchema['packages']>,
  'ecosystem' | 'name' | 'version' | 'purl' | 'source_name' | 'source_version' | 'module'
>;
/** A package where it lies. */
export interface PackageAtPlace extends PackageColumns {
  readonly path: Nullable;
  readonly digest: Nullable;
  readonly created_by: Nullable;
}
export interface HoldingRow extends PackageAtPlace {
  readonly owner: number | null;
  readonly is_listed: number;
}

/** The property, unless there is none. */
const ifAny = <Key extends string>(key: Key, stored: Nullable): { readonly [K in Key]?: string } =>
  (stored === null ? {} : { [key]: fromStored(stored) }) as { readonly [K in Key]?: string };

export const packageFrom = (row: PackageAtPlace, owner?: Package): Package => ({
  ecosystem: fromStored(row.ecosystem),
  name: fromStored(row.name),
  version: fromStored(row.version),
  ...ifAny('purl', row.purl),
  ...(row.source_name !== null && {
    source: { name: fromStored(row.source_name), version: fromStored(row.source_version ?? '') },
  }),
  ...ifAny('module', row.module),
  ...(owner !== undefined && { owner }),
  ...ifAny('path', row.path),
  ...(row.digest !== null && { layer: fromStored(row.digest) as Digest }),
  ...ifAny('createdBy', row.created_by),
});

/** The packages of a list, of all of its rows in their order. */
export const packagesOf = (rows: readonly HoldingRow[]): Package[] => {
  const made: Package[] = [];
  const at = (position: number): Package => {
    const row = rows[position] as HoldingRow;
    return (made[position] ??= packageFrom(row, row.owner === null ? undefined : at(row.owner)));
  };
  return rows.flatMap(({ is_listed: isListed }, position) => (isListed === 1 ? [at(position)] : []));
};

export const distributionOf = (row: {
  readonly distribution_id: Nullable;
  readonly distribution_version: Nullable;
  readonly distribution_name: Nullable;
}): Pick<PackageList, 'distribution'> =>
  row.distribution_id === null
    ? {}
    : {
        distribution: {
          id: fromStored(row.distribution_id),
          ...ifAny('versionId', row.distribution_version),
          ...ifAny('name', row.distribution_name),
        },
      };

export const listRow = ({ createdAt, distribution }: PackageList, { holdings, gaps }: ListRows) => ({
  created_at: orNull(createdAt),
  distribution_id: orNull(distribution?.id),
  distribution_version: orNull(distribution?.versionId),
  distribution_name: orNull(distribution?.name),
  holdings: holdings.length,
  gaps: gaps.length,
});

export const listFrom = (
  row: Selectable<InventorySchema['lists']>,
  holdings: readonly HoldingRow[],
  gaps: readonly { readonly kind: string; readonly what: string }[],
): PackageList => ({
  packages: packagesOf(holdings),
  gaps: gaps.map(({ kind, what }) => ({ kind: kind as GapKind, what: fromStored(what) })),
  ...ifAny('createdAt', row.created_at),
  ...distributionOf(row),
});
