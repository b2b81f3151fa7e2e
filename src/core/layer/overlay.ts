import { ok, type Result } from '../result.ts';
import { invalidBytes, type Failed, type Unreadable } from '../text/unreadable.ts';
import type { LayerDirectory, LayerLeaf } from './layer-tree.ts';
import { maxResolutionSteps, pathParts, resolvePath, type Tree } from './resolve-path.ts';

/** A file of an image, by where it lies and which layer brought it. */
export interface ImageFile<T> {
  /** Without a slash at its beginning, and without links. */
  readonly path: string;
  /** From the lowest, 0. */
  readonly layer: number;
  /** Its number in that layer. */
  readonly entry: number;
  /** `undefined`: nothing, or nobody wanted to read it. */
  readonly found: T | undefined;
}

interface Directory<T> {
  readonly kind: 'directory';
  readonly children: Map<string, Node<T>>;
}
interface Leaf<T> {
  readonly kind: 'leaf';
  readonly leaf: LayerLeaf<T>;
  readonly layer: number;
}
type Node<T> = Directory<T> | Leaf<T>;

export interface ImageFiles<T> {
  /** Every file, and every hard link to it. */
  readonly allFiles: () => Generator<ImageFile<T>>;
  /** Those in which something was found. */
  readonly files: () => Generator<ImageFile<T> & { readonly found: T }>;
  /** The file that a path leads to, through links; `undefined`: there is none. An error: its links lead in a circle. */
  readonly fileAt: (path: string) => Result<ImageFile<T> | undefined, Unreadable>;
  /** Where a folder lies, without links; a part that is not there stays as it is. */
  readonly realFolder: (path: string) => Result<string, Unreadable>;
  /** The paths of symbolic links. */
  readonly links: () => Generator<string>;
  /** The names in the folder that a path leads to. */
  readonly namesAt: (path: string) => readonly string[];
}

const fileOf = <T>({ leaf, layer }: Leaf<T>, path: string): ImageFile<T> | undefined => {
  if (typeof leaf === 'number') return { path, layer, entry: leaf, found: undefined };
  return leaf.kind === 'file' ? { path, layer, entry: leaf.entry, found: leaf.found } : undefined;
};

/** Of a symbolic link. */
const targetOf = <T>({ leaf }: Leaf<T>): string | undefined =>
  typeof leaf === 'object' && leaf.kind === 'symlink' ? leaf.target : undefined;

const missingLink: Failed = invalidBytes('a hard link of a layer leads to a file that is not there');

/** The files to which a layer links in those below, looked up before the layer hides any of them. */
type LinkedFiles<T> = ReadonlyMap<string, Leaf<T>>;

const addLinks = <T>(
  tree: Tree<Node<T>>,
  directory: LayerDirectory<T>,
  linked: Map<string, Leaf<T>>,
): Failed | undefined => {
  for (const node of directory.children.values()) {
    if (typeof node === 'number') continue;
    if (node.kind === 'hardlink') {
      const target = resolvePath(tree, pathParts(node.target), 'keep');
      if (!target.ok) return target;
      if (target.value.node?.kind !== 'leaf') return missingLink;
      linked.set(node.target, target.value.node);
    }
    const error = node.kind === 'directory' ? addLinks(tree, node, linked) : undefined;
    if (error !== undefined) return error;
  }
  return undefined;
};

/** Lays one directory of a layer over what the layers below have left. */
const lay = <T>(
  below: Directory<T>,
  above: LayerDirectory<T>,
  layer: number,
  linked: LinkedFiles<T>,
): void => {
  if (above.isOpaque) below.children.clear();
  for (const name of above.whiteouts) below.children.delete(name);
  for (const [name, node] of above.children) {
    if (typeof node === 'number' || node.kind !== 'directory') {
      const link = typeof node === 'object' && node.kind === 'hardlink' ? linked.get(node.target) : undefined;
      below.children.set(name, link ?? { kind: 'leaf', leaf: node, layer });
      continue;
    }
    const there = below.children.get(name);
    const isDirectory = there?.kind === 'directory';
    const directory: Directory<T> = isDirectory ? there : { kind: 'directory', children: new Map() };
    if (!isDirectory) below.children.set(name, directory);
    lay(directory, node, layer, linked);
  }
};

/** What stands at the leaves of a folder and below, where it is wanted. */
// oxlint-disable-next-line func-style -- a generator has no arrow form
function* leavesIn<T, R>(
  directory: Directory<T>,
  prefix: string,
  read: (leaf: Leaf<T>, path: string) => R | undefined,
): Generator<R> {
  for (const [name, node] of directory.children) {
    const path = `${prefix}${name}`;
    if (node.kind === 'directory') {
      yield* leavesIn(node, `${path}/`, read);
      continue;
    }
    const found = read(node, path);
    if (found !== undefined) yield found;
  }
}

// oxlint-disable-next-line func-style -- a generator has no arrow form
function* foundIn<T>(files: Iterable<ImageFile<T>>): Generator<ImageFile<T> & { readonly found: T }> {
  for (const file of files) if (file.found !== undefined) yield { ...file, found: file.found };
}

/**
 * Attack: take away all layers below by a mark at the root. A runtime that copies files does so; an overlay mount never reads the
 * mark of a root, and what nobody would have looked at runs.
 */
const opaqueRoot = invalidBytes(
  'a layer takes away all below it by a mark at the root, which many runtimes do not read',
);

/** The files of an image: its layers, the lowest first, laid over one another as an overlay mount shows them. */
export const layOver = <T>(layers: readonly LayerDirectory<T>[]): Result<ImageFiles<T>, Unreadable> => {
  const root: Directory<T> = { kind: 'directory', children: new Map() };
  const tree: Tree<Node<T>> = {
    root,
    childOf: (node, name) => (node.kind === 'directory' ? node.children.get(name) : undefined),
    linkOf: (node) => (node.kind === 'leaf' ? targetOf(node) : undefined),
    steps: { left: maxResolutionSteps },
  };
  for (const [at, layer] of layers.entries()) {
    if (layer.isOpaque && root.children.size > 0) return opaqueRoot;
    const linked = new Map<string, Leaf<T>>();
    const error = addLinks(tree, layer, linked);
    if (error !== undefined) return error;
    lay(root, layer, at, linked);
  }
  return ok({
    allFiles: () => leavesIn(root, '', fileOf),
    files: () => foundIn(leavesIn(root, '', fileOf)),
    links: () => leavesIn(root, '', (leaf, path) => (targetOf(leaf) === undefined ? undefined : path)),
    fileAt: (path) => {
      const there = resolvePath(tree, pathParts(path), 'follow');
      if (!there.ok) return there;
      const { node, parts } = there.value;
      return ok(node?.kind === 'leaf' ? fileOf(node, parts.join('/')) : undefined);
    },
    realFolder: (path) => {
      const there = resolvePath(tree, pathParts(path), 'follow');
      return there.ok ? ok(there.value.parts.join('/')) : there;
    },
    namesAt: (path) => {
      const there = resolvePath(tree, pathParts(path), 'follow');
      return there.ok && there.value.node?.kind === 'directory' ? [...there.value.node.children.keys()] : [];
    },
  });
};
