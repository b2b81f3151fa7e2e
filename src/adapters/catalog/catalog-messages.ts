import type { CatalogedLayer } from '../../core/catalog/cataloged-layer.ts';
import type { ImageCatalog } from '../../core/catalog/image-catalog.ts';
import type { Result } from '../../core/result.ts';
import type { Unreadable } from '../../core/text/unreadable.ts';
import type { LayerReading } from './read-layer.ts';

/** What a layer is called in a list; what is in it, its bytes say. */
export type LayerPlace = Pick<CatalogedLayer, 'digest' | 'createdBy' | 'isLazy'>;

/** What a thread is asked. Layers come one after another, the lowest first. */
export type CatalogRequest =
  | {
      readonly kind: 'begin';
      readonly place: LayerPlace;
      readonly reading: LayerReading;
      readonly at: number;
    }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  /** A layer that was read before, as its thread wrote it down. */
  | { readonly kind: 'known'; readonly place: LayerPlace; readonly layer: Uint8Array; readonly at: number }
  | { readonly kind: 'catalog' };

/** A layer, written down for the next image that has it. */
export interface WrittenLayer {
  readonly bytes: Uint8Array;
  /** How long the layer is when it is unpacked. */
  readonly unpacked: number;
}

export type CatalogReply =
  /** A chunk was taken: another one may come, in its memory too. */
  | { readonly kind: 'taken'; readonly memory: ArrayBuffer }
  /** Of one that is known it is empty. */
  | { readonly kind: 'layer'; readonly read: Result<WrittenLayer, Unreadable> }
  | { readonly kind: 'catalog'; readonly catalog: Result<ImageCatalog, Unreadable> }
  /** A defect. */
  | { readonly kind: 'failed'; readonly why: string };
