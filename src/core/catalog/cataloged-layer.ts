import type { Digest } from '../image/digest.ts';
import type { LayerDirectory } from '../layer/layer-tree.ts';
import type { ImageFile } from '../layer/overlay.ts';
import type { CatalogedFile } from './cataloged-file.ts';

/** A layer that was read, the lowest of an image first. */
export interface CatalogedLayer {
  readonly digest: Digest;
  /** The build step that made it. */
  readonly createdBy?: string;
  readonly root: LayerDirectory<CatalogedFile>;
  /** Some runtimes believe a table of contents in it, and not the files that were read (V3). */
  readonly isLazy: boolean;
}

/** A file of an image, as far as its package list is concerned. */
export type FoundFile = ImageFile<CatalogedFile> & { readonly found: CatalogedFile };
