import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Digest } from '../../../src/core/image/digest.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export interface FakePlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}
export interface FakeDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: FakePlatform;
}
export interface FakeBlob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
}
/** A manifest or index with everything that it points to, ready to be pushed. */
export interface FakeManifest extends FakeBlob {
  readonly descriptor: FakeDescriptor;
  readonly blobs: readonly FakeBlob[];
  readonly children: readonly FakeManifest[];
  /** Of an image: its config, as a blob. */
  readonly config?: FakeBlob;
}

export const digestOf = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

export const blob = (content: string | Uint8Array, mediaType: string): FakeBlob => {
  const bytes = Buffer.from(content as Uint8Array);
  return { mediaType, bytes, digest: digestOf(bytes) };
};

export const describeBlob = ({ mediaType, digest, bytes }: FakeBlob): FakeDescriptor => ({
  mediaType,
  digest,
  size: bytes.length,
});

export interface ManifestParts {
  readonly blobs?: readonly FakeBlob[];
  readonly children?: readonly FakeManifest[];
  readonly config?: FakeBlob;
  readonly platform?: FakePlatform;
}

/** Any bytes as a manifest; a value is written as JSON. Nothing is checked: it may be wrong on purpose. */
export const rawManifest = (content: unknown, mediaType: string, parts: ManifestParts = {}): FakeManifest => {
  const text =
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
  const made = blob(text, mediaType);
  return {
    ...made,
    descriptor: { ...describeBlob(made), ...(parts.platform && { platform: parts.platform }) },
    blobs: parts.blobs ?? [],
    children: parts.children ?? [],
    ...(parts.config && { config: parts.config }),
  };
};

export interface ImageOptions {
  /** `config.User`; absent: the key is not there. */
  readonly user?: string;
  /** RFC 3339; absent: the key is not there. */
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  /** Content of each layer, gzipped; one layer unless told. */
  readonly layers?: readonly (string | Uint8Array)[];
  /** `linux/amd64` unless told. */
  readonly platform?: FakePlatform;
  readonly format?: 'oci' | 'docker';
  readonly annotations?: Readonly<Record<string, string>>;
  /** Written over the config: keys that the other options do not name. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** An image with a config and gzipped layers, every digest and size right. */
export const image = (options: ImageOptions = {}): FakeManifest => {
  const docker = options.format === 'docker';
  const platform = options.platform ?? { os: 'linux', architecture: 'amd64' };
  const plain = (options.layers ?? ['a layer']).map((layer) => Buffer.from(layer as Uint8Array));
  const layers = plain.map((bytes) =>
    blob(gzipSync(bytes), docker ? mediaTypes.dockerLayer : mediaTypes.ociLayer),
  );
  const config = blob(
    JSON.stringify({
      ...(options.created !== undefined && { created: options.created }),
      ...platform,
      config: {
        ...(options.user !== undefined && { User: options.user }),
        ...(options.entrypoint && { Entrypoint: options.entrypoint }),
        ...(options.labels && { Labels: options.labels }),
      },
      rootfs: { type: 'layers', diff_ids: plain.map(digestOf) },
      ...options.config,
    }),
    docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
  );
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: describeBlob(config),
    layers: layers.map(describeBlob),
    ...(options.annotations && { annotations: options.annotations }),
  };
  return rawManifest(manifest, mediaType, { blobs: [config, ...layers], config, platform });
};

export interface IndexOptions {
  readonly format?: 'oci' | 'docker';
  readonly artifactType?: string;
  readonly subject?: FakeDescriptor;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Instead of the children's own descriptors: an index that lies about what it holds. */
  readonly descriptors?: readonly FakeDescriptor[];
}

/** An image index (or Docker manifest list) of these, each with its platform. */
export const index = (children: readonly FakeManifest[], options: IndexOptions = {}): FakeManifest => {
  const mediaType = options.format === 'docker' ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const content = {
    schemaVersion: 2,
    mediaType,
    ...(options.artifactType !== undefined && { artifactType: options.artifactType }),
    manifests: options.descriptors ?? children.map(({ descriptor }) => descriptor),
    ...(options.subject && { subject: options.subject }),
    ...(options.annotations && { annotations: options.annotations }),
  };
  return rawManifest(content, mediaType, { children });
};

export interface ArtifactOptions {
  readonly subject?: FakeDescriptor;
  readonly artifactType?: string;
  readonly layers?: readonly FakeBlob[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** The empty config (OCI image-spec 1.1, "Guidelines for Artifact Usage") unless told. */
  readonly config?: FakeBlob;
}

/** A referrer: a signature, an attestation, an SBOM. */
export const artifact = (options: ArtifactOptions = {}): FakeManifest => {
  const config = options.config ?? blob('{}', mediaTypes.ociEmpty);
  const layers = options.layers ?? [blob('evidence', 'application/octet-stream')];
  const content = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(options.artifactType !== undefined && { artifactType: options.artifactType }),
    config: describeBlob(config),
    layers: layers.map(describeBlob),
    ...(options.subject && { subject: options.subject }),
    ...(options.annotations && { annotations: options.annotations }),
  };
  return rawManifest(content, mediaTypes.ociManifest, { blobs: [config, ...layers], config });
};
