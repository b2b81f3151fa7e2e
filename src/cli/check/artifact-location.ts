import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { shown } from '../../core/text/shown-text.ts';

/** The `artifactLocation` of SARIF: relative to its base, whatever was typed to name the file. */
interface ArtifactLocation {
  readonly uri: string;
  readonly uriBaseId?: string;
}

export interface ArtifactLocations {
  readonly baseIds: Readonly<Record<string, ArtifactLocation>>;
  /** @param file - the file of a decision, as it is shown */
  readonly locationOf: (file: string) => ArtifactLocation;
}

/** The name that code-scanning pages know for the folder that was checked out. */
const rootId = '%SRCROOT%';

/** The folder of the repository around the working folder, or the working folder itself. */
const rootAround = (cwd: string): string => {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return cwd;
  }
};

const below = (root: string, path: string): string | undefined => {
  const way = relative(root, path);
  return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way;
};

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    // A file that went away since it was read has no other name.
    return path;
  }
};

const locate = (root: string, path: string): ArtifactLocation => {
  const way = below(root, path) ?? below(realPath(root), realPath(path));
  if (way === undefined) return { uri: pathToFileURL(path).href };
  const uri = way
    .split(sep)
    .map((step) => encodeURIComponent(step.toWellFormed()))
    .join('/');
  return { uri, uriBaseId: rootId };
};

/**
 * Names files for a program that reads the result elsewhere: relative to the root of the repository if there is one,
 * else to the working folder. A file outside of both is named in full. Text that is no file (`stdin`) has no base.
 */
export const createArtifactLocations = (cwd: string, files: readonly string[]): ArtifactLocations => {
  const root = rootAround(cwd);
  const paths = new Map(files.map((file) => [shown(file), file]));
  const known = new Map<string, ArtifactLocation>();
  return {
    baseIds: { [rootId]: { uri: pathToFileURL(`${root}${sep}`).href } },
    locationOf: (file) => {
      const path = paths.get(file);
      const location =
        known.get(file) ??
        (path === undefined
          ? { uri: encodeURIComponent(file.toWellFormed()) }
          : locate(root, resolve(cwd, path)));
      known.set(file, location);
      return location;
    },
  };
};
