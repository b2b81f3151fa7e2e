import type { Digest } from '../core/image/digest.ts';
import type { VersionRange } from '../core/vulnerability/advisory.ts';
import type { Distribution } from '../core/vulnerability/distribution.ts';
import type { Package } from '../core/vulnerability/package.ts';
import type { PackageList } from '../core/vulnerability/package-list.ts';
import type { Store } from './store.ts';

/** What is written down about one image: that it was asked for, and what was found in it. */
export interface InventoryEntry {
  /** The digest of a platform's manifest. */
  readonly image: Digest;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
  /** `host`: the registry that has delivered the image. */
  readonly found?: { readonly cataloger: string; readonly list: PackageList; readonly host: string };
}

/** An image with its list, as one version of the cataloger made it. */
export interface ListedImage {
  readonly image: Digest;
  readonly cataloger: string;
  readonly listedAt: number;
  readonly usedAt: number;
  readonly distribution?: Distribution;
}

/** Where a page ended. Its numbers mean something to the store alone. */
export type InventoryPosition = readonly number[];

/** A page may hold fewer rows than there are: `next` is absent on the last one alone. */
export interface InventoryPage<Row> {
  readonly rows: readonly Row[];
  readonly next?: InventoryPosition;
}

/** A name as advisories write it (`packageKeyName`), of a source or of a binary package. */
export interface PackageName {
  readonly ecosystem: string;
  readonly name: string;
}

export interface HoldingQuery {
  /** Any of these; an ecosystem without a release is all of its releases. */
  readonly names: readonly PackageName[];
  /** Only versions in this range, and those that nobody can compare with it (V7). */
  readonly range?: VersionRange;
}

/** A package in an image. */
export interface Holding extends Pick<ListedImage, 'image' | 'cataloger'> {
  readonly package: Package;
}

/**
 * Which packages are in which images. By age and by size the images leave that nobody has asked for longest, with all that
 * was found in them.
 */
export interface Inventory extends Store<InventoryEntry> {
  /**
   * `undefined`: there is none, or only a part of it is left.
   * @param host - only if this host has delivered the image (V6)
   */
  list(image: Digest, cataloger: string, host?: string): Promise<PackageList | undefined>;
  listed(after?: InventoryPosition): Promise<InventoryPage<ListedImage>>;
  holding(query: HoldingQuery, after?: InventoryPosition): Promise<InventoryPage<Holding>>;
  /** Images that were asked for, of which this version of the cataloger has made no list. */
  lacking(cataloger: string, after?: InventoryPosition): Promise<InventoryPage<Digest>>;
}
