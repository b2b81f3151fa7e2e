import type { LayerDirectory, LayerNode } from '../layer/layer-tree.ts';
import { pathParts } from '../layer/resolve-path.ts';
import {
  supportedDistributions,
  supportedRelease,
  type Distribution,
} from '../vulnerability/distribution.ts';
import type { Package } from '../vulnerability/package.ts';
import { formatPurl } from '../vulnerability/purl.ts';
import type { CatalogedFile, PackageManager } from './cataloged-file.ts';
import type { GapList } from '../vulnerability/gap-list.ts';
import type { CatalogedLayer, FoundFile } from './cataloged-layer.ts';
import { readDpkgList } from './system/dpkg.ts';
import type { PackageDatabase, SystemPackage } from './system/system-package.ts';

/** A package of the system, and its files. */
export interface OwningPackage {
  readonly package: Package;
  readonly files: readonly string[];
}

interface Systems {
  readonly layers: readonly CatalogedLayer[];
  readonly found: readonly FoundFile[];
  /** What the paths of databases lead to. */
  readonly databases: readonly FoundFile[];
  readonly distribution: Distribution | undefined;
}

/** What a layer itself holds at a path, without links. */
const fileIn = (root: LayerDirectory<CatalogedFile>, path: string): CatalogedFile | undefined => {
  let node: LayerNode<CatalogedFile> | undefined = root;
  for (const part of pathParts(path)) {
    if (typeof node !== 'object' || node.kind !== 'directory') return undefined;
    node = node.children.get(part);
  }
  return typeof node === 'object' && node.kind === 'file' ? node.found : undefined;
};

const keyOf = ({ name, version, architecture = '' }: SystemPackage): string =>
  `${name} ${version} ${architecture}`;

/** The layers that brought packages: a database is written anew by each step, and names what earlier ones installed. */
const originsIn = (layers: readonly CatalogedLayer[], path: string): ReadonlyMap<string, CatalogedLayer> => {
  const origins = new Map<string, CatalogedLayer>();
  for (const layer of layers) {
    const file = fileIn(layer.root, path);
    if (file?.kind !== 'database') continue;
    for (const found of file.database.packages)
      if (!origins.has(keyOf(found))) origins.set(keyOf(found), layer);
  }
  return origins;
};

const purlTypes: Readonly<Record<PackageManager, string>> = { dpkg: 'deb', apk: 'apk', rpm: 'rpm' };

interface Origin {
  readonly manager: PackageManager;
  readonly distribution: Distribution;
  readonly ecosystem: string;
}

const purlOf = ({ name, version, architecture, source, module }: SystemPackage, origin: Origin): string => {
  const { manager, distribution } = origin;
  const colon = manager === 'rpm' ? version.indexOf(':') : -1;
  const qualifiers: readonly (readonly [string, string | undefined])[] = [
    ['arch', architecture],
    ['epoch', colon < 0 ? undefined : version.slice(0, colon)],
    ['distro', `${distribution.id}-${distribution.versionId ?? ''}`],
    ['upstream', source && (source.version === version ? source.name : `${source.name}@${source.version}`)],
    ['rpmmod', module],
  ];
  return formatPurl({
    type: purlTypes[manager],
    namespace: distribution.id,
    name,
    version: version.slice(colon + 1),
    qualifiers: new Map(qualifiers.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
  });
};

const packageOf = (
  found: SystemPackage,
  origin: Origin,
  path: string,
  layer: CatalogedLayer | undefined,
): Package => ({
  ecosystem: origin.ecosystem,
  name: found.name,
  version: found.version,
  purl: purlOf(found, origin),
  ...(found.source === undefined ? {} : { source: found.source }),
  ...(found.module === undefined ? {} : { module: found.module }),
  path,
  ...(layer === undefined ? {} : { layer: layer.digest }),
  ...(layer?.createdBy === undefined ? {} : { createdBy: layer.createdBy }),
});

/** Files of packages whose database keeps them elsewhere, by the name of the package. */
const fileListsOf = (found: readonly FoundFile[]): ReadonlyMap<string, readonly string[]> =>
  new Map(
    found.flatMap(({ found: one, path }) =>
      one.kind === 'file-list' ? [[one.owner, readDpkgList(one.text, path)] as const] : [],
    ),
  );

/** What the system itself leaves open: a database that is not there, or says nothing, lists no package that may have a hole. */
const addSystemGaps = ({ databases, distribution }: Systems, gaps: GapList): void => {
  if (distribution === undefined) {
    for (const { path } of databases) gaps.add('os-unknown', 'a package database without a system', path);
    return;
  }
  const supported = supportedDistributions.find(({ id }) => id === distribution.id);
  for (const { found, path } of databases) {
    if (found.kind === 'unreadable-database') gaps.add('packages-missing', found.why, path);
    else if (found.kind === 'database' && supported !== undefined && found.manager !== supported.database)
      gaps.add('ecosystem-unsupported', `packages of ${found.manager} in ${supported.name}`, path);
  }
  const isListed = databases.some(
    ({ found }) =>
      found.kind === 'database' &&
      found.manager === supported?.database &&
      found.database.packages.length > 0,
  );
  if (supported !== undefined && !isListed)
    gaps.add('packages-missing', `no package of ${supported.database}`, distribution.name ?? supported.name);
};

const addUnknown = ({ unknown }: PackageDatabase, path: string, gaps: GapList): void => {
  for (const name of unknown) gaps.add('version-unknown', `packages in ${path}`, name);
};

/**
 * The packages of the system. Those of a system that is not judged are not listed: that it is unknown is told when the list
 * is judged (`distributionGap`).
 */
export const systemPackages = (systems: Systems, gaps: GapList): readonly OwningPackage[] => {
  addSystemGaps(systems, gaps);
  const { layers, found, databases, distribution } = systems;
  const ecosystem = distribution && supportedRelease(distribution)?.ecosystem;
  const database = supportedDistributions.find(({ id }) => id === distribution?.id)?.database;
  if (distribution === undefined || ecosystem === undefined) return [];
  const lists = fileListsOf(found);
  return databases.flatMap(({ found: one, path, layer }) => {
    if (one.kind !== 'database' || one.manager !== database) return [];
    addUnknown(one.database, path, gaps);
    const origins = originsIn(layers, path);
    return one.database.packages.map((listed) => ({
      package: packageOf(
        listed,
        { manager: one.manager, distribution, ecosystem },
        path,
        origins.get(keyOf(listed)) ?? layers[layer],
      ),
      files: listed.files ?? lists.get(listed.name) ?? [],
    }));
  });
};
