import type { Digest } from '../image/digest.ts';
import type { BaseImage } from '../oci/manifest.ts';
import type { Platform } from '../oci/platform.ts';

/** What the manifest and the config of one image for one platform say, or what an artifact says. */
export interface PlatformImage {
  /** Digest of its manifest. */
  readonly digest: Digest;
  /** What the index names, because nodes choose by that; what the config says where it names none. */
  readonly platform: Platform;
  /**
   * Present when it is no image but an artifact of this type (a model, a chart, a signature). An artifact may be
   * mounted and never runs. It has no user and no entrypoint, and its labels are the annotations of its manifest.
   */
  readonly artifact?: string;
  /** An index names no platform for it: some runtimes run it everywhere, whatever its config says. */
  readonly unnamed?: true;
  /**
   * When its builder says that it was made, in milliseconds since 1970: config, annotation of the manifest, label,
   * annotation of the index, in this order. Only times that can be read; reproducible builds write times that cannot
   * be true.
   */
  readonly times: readonly number[];
  /** `config.User` as written; empty when absent, which means root. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Number of layers. */
  readonly layers: number;
  /** Compressed bytes of config and layers, as the manifest describes them. */
  readonly size: number;
  /** What the image says it was built on (`org.opencontainers.image.base.*`); a claim of its builder. */
  readonly base?: BaseImage;
}

/** Which images behind an index are read: all of them, or those of the named platforms (`linux/amd64`). */
export type PlatformChoice = 'all' | readonly string[];

/** What is asked of manifest and config. */
export interface ImageNeed {
  readonly platforms: PlatformChoice;
}

/** What is known about a pinned image. An index has one entry for each platform that was asked for. */
export interface ImageFacts {
  readonly digest: Digest;
  readonly isIndex: boolean;
  readonly platforms: readonly PlatformImage[];
}
