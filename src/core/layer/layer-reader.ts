import { fail, ok, type Result } from '../result.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';
import {
  countName,
  maxTreeBytes,
  newDirectory,
  type LayerDirectory,
  type LayerLeaf,
  type LayerNode,
  type TreeBudget,
} from './layer-tree.ts';
import { maxResolutionSteps, pathParts, resolvePath, type Tree } from './resolve-path.ts';
import type { TarBody, TarEntry } from './tar/tar-entry.ts';
import { createTarReader } from './tar/tar-reader.ts';
import type { TarLimits } from './tar/tar-steps.ts';

/** Takes the bytes of one file, and says at their end what was found in them. */
export interface FileReader<T> {
  readonly body: TarBody;
  readonly found: () => Result<T | undefined, Unreadable>;
}
/**
 * Who wants the bytes of a file; `undefined`: nobody. The path begins without a slash, and no link of the layer is in it.
 * `number`: of the entry, by which the file is found again in another reading.
 */
export type ChooseFile<T> = (path: string, entry: TarEntry, number: number) => FileReader<T> | undefined;

export interface LayerReader<T> {
  write(chunk: Uint8Array): Result<undefined, Unreadable>;
  /** No more chunks come. */
  end(): Result<LayerDirectory<T>, Unreadable>;
}

interface Placing<T> {
  readonly tree: Tree<LayerNode<T>>;
  readonly root: LayerDirectory<T>;
  readonly limits: TarLimits;
  readonly choose: ChooseFile<T>;
  readonly budget: TreeBudget;
  entries: number;
  failure: Unreadable | undefined;
}

const notDirectory = invalidBytes('a file of a layer lies in something that is no directory');

/** The directory at a path without links; what is missing of it is made. */
const directoryAt = <T>(
  { root, budget }: Placing<T>,
  parts: readonly string[],
): Result<LayerDirectory<T>, Unreadable> => {
  let directory = root;
  for (const part of parts) {
    let child = directory.children.get(part);
    if (child === undefined) {
      const tooMany = countName(budget, part);
      if (tooMany !== undefined) return tooMany;
      directory.children.set(part, (child = newDirectory<T>()));
    }
    if (typeof child === 'number' || child.kind !== 'directory') return notDirectory;
    directory = child;
  }
  return ok(directory);
};

const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';
/** Names at the root that an old storage driver kept its own files under; runtimes leave them out. */
const foreignPrefix = '.wh..wh.';

/** Puts a node at a name. What a layer brings, it does not take away: a runtime replaces its own whiteout (containerd, Docker). */
const put = <T>(directory: LayerDirectory<T>, base: string, node: LayerNode<T>): void => {
  directory.children.set(base, node);
  directory.whiteouts.delete(base);
};

/** Takes note of what an entry takes away from the layers below. */
const whiteout = <T>(
  { budget }: Placing<T>,
  directory: LayerDirectory<T>,
  base: string,
): Result<undefined, Unreadable> => {
  if (base === opaqueName) {
    directory.isOpaque = true;
    return ok(undefined);
  }
  const name = base.slice(whiteoutPrefix.length);
  if (name === '' || name === '.' || name === '..')
    return invalidBytes('a whiteout of a layer names nothing');
  if (!directory.children.has(name)) directory.whiteouts.add(name);
  return countName(budget, name) ?? ok(undefined);
};

/** The file that a hard link names: the same node when this layer holds it. */
const linkedLeaf = <T>({ tree }: Placing<T>, link: string): Result<LayerLeaf<T>, Unreadable> => {
  const target = resolvePath(tree, pathParts(link), 'keep');
  if (!target.ok) return target;
  const { node } = target.value;
  if (node === undefined) return ok({ kind: 'hardlink', target: target.value.parts.join('/') });
  if (typeof node !== 'number' && node.kind === 'directory')
    return invalidBytes('a hard link of a layer leads to a directory');
  return ok(node);
};

const leafOf = <T>(placing: Placing<T>, { kind, link }: TarEntry): Result<LayerLeaf<T>, Unreadable> => {
  if (kind === 'hardlink') return linkedLeaf(placing, link);
  if (kind === 'symlink') return ok({ kind: 'symlink', target: link });
  return ok(kind === 'file' ? placing.entries : { kind: 'other' });
};

/** Hands the bytes of a file to who wants them, and keeps what was found. */
const readFile = <T>(
  placing: Placing<T>,
  directory: LayerDirectory<T>,
  base: string,
  reader: FileReader<T>,
): TarBody => {
  const entry = placing.entries;
  return {
    write: (chunk) => reader.body.write(chunk),
    hole: (length) => reader.body.hole(length),
    end: () => {
      reader.body.end();
      const found = reader.found();
      if (!found.ok) placing.failure ??= found.error;
      else if (found.value !== undefined)
        directory.children.set(base, { kind: 'file', entry, found: found.value });
    },
  };
};

/** Puts an entry into its directory. */
const placeIn = <T>(
  placing: Placing<T>,
  directory: LayerDirectory<T>,
  path: string,
  entry: TarEntry,
): Result<TarBody | undefined, Unreadable> => {
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (base.startsWith(whiteoutPrefix)) return whiteout(placing, directory, base);
  const tooMany = countName(placing.budget, base, entry.link);
  if (tooMany !== undefined) return tooMany;
  if (entry.kind === 'directory') {
    const there = directory.children.get(base);
    if (typeof there !== 'object' || there.kind !== 'directory') put(directory, base, newDirectory<T>());
    return ok(undefined);
  }
  const leaf = leafOf(placing, entry);
  if (!leaf.ok) return leaf;
  put(directory, base, leaf.value);
  const reader = entry.kind === 'file' ? placing.choose(path, entry, placing.entries) : undefined;
  return ok(reader && readFile(placing, directory, base, reader));
};

/**
 * Puts an entry where the runtime puts it: the name is cleaned as text, links of this layer lead to its directory, and
 * what stands there is replaced (V4). Layers below are not looked at: a runtime unpacks each layer into a directory of its
 * own.
 */
const place = <T>(placing: Placing<T>, entry: TarEntry): Result<TarBody | undefined, Unreadable> => {
  placing.entries += 1;
  if (placing.failure !== undefined) return fail(placing.failure);
  const parts = pathParts(entry.name);
  const base = parts.pop();
  if (base === undefined) return ok(undefined);
  if ((parts[0] ?? base).startsWith(foreignPrefix) && base !== opaqueName) return ok(undefined);
  const parent = resolvePath(placing.tree, parts, 'follow');
  if (!parent.ok) return parent;
  const path = [...parent.value.parts, base].join('/');
  const { name: maxLength } = placing.limits;
  if (path.length > maxLength) return tooMuch(`a path in a layer is longer than ${maxLength} characters`);
  const directory = directoryAt(placing, parent.value.parts);
  return directory.ok ? placeIn(placing, directory.value, path, entry) : directory;
};

/** Reads the unpacked bytes of a layer. A limit or a fault ends it; what had been found until then does not count. */
export const createLayerReader = <T>(limits: TarLimits, choose: ChooseFile<T>): LayerReader<T> => {
  const root = newDirectory<T>();
  const placing: Placing<T> = {
    tree: {
      root,
      childOf: (node, name) =>
        typeof node === 'object' && node.kind === 'directory' ? node.children.get(name) : undefined,
      linkOf: (node) => (typeof node === 'object' && node.kind === 'symlink' ? node.target : undefined),
      steps: { left: maxResolutionSteps },
    },
    root,
    limits,
    choose,
    budget: { left: maxTreeBytes },
    entries: 0,
    failure: undefined,
  };
  const tar = createTarReader(limits, (entry) => place(placing, entry));
  const outcome = (read: Result<undefined, Unreadable>): Result<undefined, Unreadable> =>
    placing.failure === undefined ? read : fail(placing.failure);
  return {
    write: (chunk) => outcome(tar.write(chunk)),
    end: () => {
      const read = outcome(tar.end());
      return read.ok ? ok(root) : read;
    },
  };
};
