import { tooMuch, type Failed } from '../text/unreadable.ts';

/** What one layer puts at a path. `T`: what was found in a file that somebody is interested in. */
export type LayerNode<T> = LayerDirectory<T> | LayerLeaf<T>;

export interface LayerDirectory<T> {
  readonly kind: 'directory';
  readonly children: Map<string, LayerNode<T>>;
  /** Names that this layer takes away from the layers below. */
  readonly whiteouts: Set<string>;
  /** Nothing of the layers below is in it. */
  isOpaque: boolean;
}

export type LayerLeaf<T> =
  /** A file in which nothing was found, by the number of its entry: most files are such. */
  | number
  | { readonly kind: 'file'; readonly entry: number; readonly found: T }
  | { readonly kind: 'symlink'; readonly target: string }
  /** A hard link to a file of a layer below. */
  | { readonly kind: 'hardlink'; readonly target: string }
  | { readonly kind: 'other' };

export const newDirectory = <T>(): LayerDirectory<T> => ({
  kind: 'directory',
  children: new Map(),
  whiteouts: new Set(),
  isOpaque: false,
});

/** Memory that a tree may take, in bytes as they are counted here: names of a stranger, and links that are long. */
export interface TreeBudget {
  left: number;
}
export const maxTreeBytes = 134_217_728;
const nodeBytes = 100;

/** Counts a name before it is kept. */
export const countName = (budget: TreeBudget, ...texts: readonly string[]): Failed | undefined => {
  budget.left -= nodeBytes;
  for (const text of texts) budget.left -= text.length;
  return budget.left < 0 ? tooMuch('the names in it take more memory than a layer may') : undefined;
};
