import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { optionalText } from '../text/json/field-names.ts';
import { shown } from '../text/shown-text.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';
import { ok, type Result } from '../result.ts';
import { isCheckpoint } from './checkpoint.ts';
import { readDescriptor, type Descriptor } from './descriptor.ts';
import { readIndex, type ImageIndex } from './image-index.ts';
import { readLabels, type ImageLabels } from './labels.ts';
import type { OciLimits } from './limits.ts';
import { readManifestDocument } from './manifest-document.ts';
import { manifestTypes } from './media-types.ts';
import { createdOf } from './time.ts';

/** What an image says it was built on (`org.opencontainers.image.base.*`); a claim of its builder. */
export interface BaseImage {
  readonly name?: string;
  readonly digest?: string;
}

/** OCI image-spec, "Image Manifest Specification"; Docker schema 2 has the same fields. */
export interface ImageManifest {
  readonly kind: 'image';
  readonly config: Descriptor;
  /** Number of layers. */
  readonly layers: number;
  /** Bytes of config and layers, as the descriptors say. */
  readonly size: number;
  readonly base: BaseImage;
  /** Its annotation, milliseconds since 1970. */
  readonly created?: number;
  /** The artifact that it is if its config is no image config; absent when its annotations cannot be read. */
  readonly otherwise?: Pick<ArtifactManifest, 'type' | 'annotations'>;
}
/** OCI image-spec, "Guidelines for Artifact Usage": a manifest with another config than that of an image, or with none. */
export interface ArtifactManifest {
  readonly kind: 'artifact';
  /** Its `artifactType`, else the media type of its config; safe to show. */
  readonly type: string;
  /** Absent: it names none. */
  readonly config?: Descriptor;
  readonly layers: number;
  readonly size: number;
  readonly annotations: ImageLabels;
  readonly created?: number;
  /** CRI-O refuses it by its types (containers/image oci.go, `OCIConfig`), which a Docker manifest has not. */
  readonly isOci: boolean;
}
const [ociManifestType] = manifestTypes.image;

const configTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

const readBase = (annotations: JsonValue | undefined): BaseImage => {
  if (!isJsonObject(annotations)) return {};
  const name = annotations['org.opencontainers.image.base.name'];
  const digest = annotations['org.opencontainers.image.base.digest'];
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(typeof digest === 'string' && digest !== '' ? { digest } : {}),
  };
};

/** The config; `undefined` where the manifest has none, so that no runtime can start it. */
const readConfigDescriptor = (manifest: JsonObject): Result<Descriptor | undefined, Unreadable> => {
  const config = manifest['config'];
  return config === undefined || config === null ? ok(undefined) : readDescriptor(config, 'its config');
};

/** Number and bytes of config and layers. */
const readContents = (
  manifest: JsonObject,
  config: Descriptor | undefined,
  limits: OciLimits,
): Result<Pick<ImageManifest, 'layers' | 'size'>, Unreadable> => {
  const list = manifest['layers'];
  if (!Array.isArray(list)) return invalidBytes('it has no list of layers');
  if (list.length > limits.layers) return tooMuch(`it has more than ${limits.layers} layers`);
  let size = config?.size ?? 0;
  for (const entry of list) {
    const layer = readDescriptor(entry, 'a layer');
    if (!layer.ok) return layer;
    size += layer.value.size;
  }
  if (!Number.isSafeInteger(size)) return invalidBytes('the sizes of its layers add up to nonsense');
  return ok({ layers: list.length, size });
};

const readImage = (
  manifest: JsonObject,
  limits: OciLimits,
): Result<ImageManifest | ArtifactManifest, Unreadable> => {
  const config = readConfigDescriptor(manifest);
  if (!config.ok) return config;
  const contents = readContents(manifest, config.value, limits);
  if (!contents.ok) return contents;
  const annotations = readLabels(manifest['annotations'], 'annotation', limits);
  const mediaType = config.value?.mediaType ?? 'unknown, without a config';
  const type = shown(optionalText(manifest['artifactType']) || mediaType);
  const created = createdOf(manifest['annotations']);
  if (config.value !== undefined && configTypes.has(mediaType)) {
    const base = readBase(manifest['annotations']);
    const otherwise = annotations.ok ? { otherwise: { type, annotations: annotations.value } } : {};
    return ok({ kind: 'image', config: config.value, ...contents.value, base, ...created, ...otherwise });
  }
  if (!annotations.ok) return annotations;
  return ok({
    kind: 'artifact',
    type,
    annotations: annotations.value,
    ...(config.value === undefined ? {} : { config: config.value }),
    ...contents.value,
    ...created,
    isOci: (manifest['mediaType'] ?? ociManifestType) === ociManifestType,
  });
};

export type AnyManifest = ImageManifest | ImageIndex | ArtifactManifest;

/** Reads an image manifest, an index or the manifest of an artifact, OCI or Docker. */
export const readManifest = (bytes: Uint8Array, limits: OciLimits): Result<AnyManifest, Unreadable> => {
  const document = readManifestDocument(bytes);
  if (!document.ok) return document;
  const { shape, object } = document.value;
  if (isCheckpoint(object)) {
    return invalidBytes(
      'it is the checkpoint of a container: a node goes on with what was saved, not with what its config says',
    );
  }
  return shape === 'index' ? readIndex(object, limits) : readImage(object, limits);
};
