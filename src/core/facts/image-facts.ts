/** Where an image runs: the words of the OCI image specification, "Platform". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** What the manifest and the config of one image for one platform say. */
export interface PlatformImage {
  /** Digest of its manifest, `sha256:…`. */
  readonly digest: string;
  /** What the index names, because nodes choose by that; what the config says where it names none. */
  readonly platform: Platform;
  /** An index names no platform for it: some runtimes run it everywhere, whatever its config says. */
  readonly unnamed?: true;
  /** Milliseconds since 1970; absent when the config names no time, or one that cannot be read. */
  readonly created?: number;
  /** `config.User` as written; empty when absent, which means root. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Number of layers. */
  readonly layers: number;
  /** Compressed bytes of config and layers, as the manifest describes them. */
  readonly size: number;
  /** What the image says it was built on (`org.opencontainers.image.base.*`); a claim of its builder. */
  readonly base?: { readonly name?: string; readonly digest?: string };
}

/** What is known about a pinned image. An index has one entry for each platform that was asked for. */
export interface ImageFacts {
  readonly digest: string;
  readonly isIndex: boolean;
  readonly platforms: readonly PlatformImage[];
}

/** `linux/arm64/v8` */
export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  variant === undefined || variant === '' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
