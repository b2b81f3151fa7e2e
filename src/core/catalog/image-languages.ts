import type { ImageFiles } from '../layer/overlay.ts';
import type { Package } from '../vulnerability/package.ts';
import { formatPurl } from '../vulnerability/purl.ts';
import type { CatalogedFile } from './cataloged-file.ts';
import type { GapList } from '../vulnerability/gap-list.ts';
import type { CatalogedLayer, FoundFile } from './cataloged-layer.ts';
import type { OwningPackage } from './image-systems.ts';
import type { LanguagePackage, LanguagePackages } from './language/language-package.ts';

interface Languages {
  readonly layers: readonly CatalogedLayer[];
  readonly found: readonly FoundFile[];
  readonly image: ImageFiles<CatalogedFile>;
  readonly systems: readonly OwningPackage[];
}

/** Packages that a file names, and the folder that belongs to them. */
const languageOf = (found: CatalogedFile): LanguagePackages | undefined => {
  if (found.kind === 'language') return found.packages;
  return found.kind === 'program' ? found.program : undefined;
};

/** Where folders lie, each looked up once. One whose links lead in a circle holds no file that could be owned. */
const createFolders = (image: ImageFiles<CatalogedFile>): ((folder: string) => string) => {
  const known = new Map<string, string>();
  return (folder) => {
    const seen = known.get(folder);
    if (seen !== undefined) return seen;
    const resolved = image.realFolder(folder);
    const real = resolved.ok ? resolved.value : folder;
    known.set(folder, real);
    return real;
  };
};

/**
 * The packages of the system that own files, by the paths where these lie: a database may name a file through a link, as
 * Debian's says `/bin/sh` of `usr/bin/sh`.
 */
const ownersOf = ({ found, image, systems }: Languages): ReadonlyMap<string, Package> => {
  const asked = new Set(found.filter((one) => languageOf(one.found) !== undefined).map(({ path }) => path));
  const owners = new Map<string, Package>();
  const realFolder = createFolders(image);
  for (const { package: owner, files } of systems)
    for (const file of files) {
      const slash = file.lastIndexOf('/');
      const real = realFolder(file.slice(0, Math.max(slash, 0)));
      const path = real === '' ? file.slice(slash + 1) : `${real}/${file.slice(slash + 1)}`;
      if (asked.has(path) && !owners.has(path)) owners.set(path, owner);
    }
  return owners;
};

const purlTypes: ReadonlyMap<string, string> = new Map([
  ['npm', 'npm'],
  ['PyPI', 'pypi'],
  ['Go', 'golang'],
]);

const purlOf = ({ ecosystem, name, version }: LanguagePackage): { readonly purl?: string } => {
  const type = purlTypes.get(ecosystem);
  if (type === undefined) return {};
  const slash = name.lastIndexOf('/');
  const namespace = slash < 0 ? {} : { namespace: name.slice(0, slash) };
  return {
    purl: formatPurl({ type, ...namespace, name: name.slice(slash + 1), version, qualifiers: new Map() }),
  };
};

/** Whether a folder above the path is one of these. */
const liesIn = (folders: ReadonlySet<string>, path: string): boolean => {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    if (folders.has(path.slice(0, at))) return true;
  return false;
};

/** The folders that belong to a package: of one behind a link, the folder where it lies. */
const foldersOf = ({ path, found }: FoundFile): readonly string[] => {
  if (found.kind !== 'language') return [];
  return path.endsWith('/package.json')
    ? [found.folder, path.slice(0, -'/package.json'.length)]
    : [found.folder];
};

const addGaps = ({ path, found }: FoundFile, isOwned: boolean, gaps: GapList): void => {
  if (found.kind === 'unsupported') gaps.add('ecosystem-unsupported', found.form, path);
  for (const name of languageOf(found)?.unknown ?? [])
    gaps.add('version-unknown', found.kind === 'program' ? 'Go modules' : 'packages', `${name} in ${path}`);
  if (found.kind === 'program' && !found.program.isTelling && !isOwned) gaps.add('unowned-binary', '', path);
};

/** The packages of languages, with the package of the system that owns their files (V13), and programs that say nothing (V1). */
export const languagePackages = (languages: Languages, gaps: GapList): readonly Package[] => {
  const owners = ownersOf(languages);
  const { found, layers } = languages;
  const folders = new Set(found.flatMap(foldersOf));
  const packages: Package[] = [];
  for (const file of found) {
    const { path, layer } = file;
    const owner = owners.get(path);
    addGaps(file, owner !== undefined || liesIn(folders, path), gaps);
    const brought = layers[layer];
    for (const one of languageOf(file.found)?.packages ?? [])
      packages.push({
        ...one,
        ...purlOf(one),
        ...(owner === undefined ? {} : { owner }),
        path,
        ...(brought === undefined ? {} : { layer: brought.digest }),
        ...(brought?.createdBy === undefined ? {} : { createdBy: brought.createdBy }),
      });
  }
  return packages;
};
