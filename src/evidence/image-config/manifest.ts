import { isJsonObject, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import type { PlatformImage } from '../../core/facts/image-facts.ts';
import { manifestTypes, shapeOfType } from '../../core/image/media-types.ts';
import { ok, type Result } from '../../core/result.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { Descriptor } from '../ports.ts';
import { readJsonObject } from '../json/json-document.ts';
import { foreignSpelling, optionalText } from '../json/json-fields.ts';
import { manifestFields } from '../json/manifest-fields.ts';
import { isCheckpoint } from './checkpoint.ts';
import { misspelt, readDescriptor } from './descriptor.ts';
import { readLabels, type Labels } from './labels.ts';
import { createdAnnotation, readTime } from './time.ts';
import { invalid, tooMuch, type Unreadable } from '../text/unreadable.ts';
import { isNoPlatform } from '../../core/facts/platform.ts';

export type Base = NonNullable<PlatformImage['base']>;

/** OCI image-spec, "Image Manifest Specification"; Docker schema 2 has the same fields. */
export interface ImageManifest {
  readonly kind: 'image';
  readonly config: Descriptor;
  /** Number of layers. */
  readonly layers: number;
  /** Bytes of config and layers, as the descriptors say. */
  readonly size: number;
  readonly base: Base;
  /** Its annotation, milliseconds since 1970. */
  readonly created?: number;
  /** What it is when its config turns out to be none; absent: its annotations cannot be read. */
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
  readonly annotations: Labels;
  readonly created?: number;
  /** CRI-O refuses it by its types (containers/image oci.go, `OCIConfig`), which a Docker manifest has not. */
  readonly isOci: boolean;
}
/** An entry of an index. */
export interface IndexEntry extends Descriptor {
  /** Its platform, letter by letter: where two are equal, every runtime sees them alike. Absent: none is written. */
  readonly spelling?: string;
  /** Its annotation, milliseconds since 1970. */
  readonly created?: number;
}
/** OCI image-spec, "Image Index Specification"; a Docker manifest list has the same fields. */
export interface ImageIndex {
  readonly kind: 'index';
  /** What may run somewhere; attachments (`unknown/unknown`) are left out. */
  readonly children: readonly IndexEntry[];
  /** Its annotation, milliseconds since 1970. */
  readonly created?: number;
}

const [ociManifestType] = manifestTypes.image;

const configTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

const readBase = (annotations: JsonValue | undefined): Base => {
  if (!isJsonObject(annotations)) return {};
  const name = annotations['org.opencontainers.image.base.name'];
  const digest = annotations['org.opencontainers.image.base.digest'];
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(typeof digest === 'string' && digest !== '' ? { digest } : {}),
  };
};

const createdOf = (annotations: JsonValue | undefined): { readonly created?: number } => {
  const created = isJsonObject(annotations) ? readTime(annotations[createdAnnotation]) : undefined;
  return created === undefined ? {} : { created };
};

/** The fields of {@link platformFields} as they are written, in one text. */
const spellingOf = (platform: JsonValue | undefined): { readonly spelling?: string } => {
  if (platform === undefined || !isJsonObject(platform)) return {};
  const fields = ['os', 'architecture', 'variant', 'os.version', 'os.features'];
  return { spelling: JSON.stringify(fields.map((name) => platform[name] ?? null)) };
};

const readEntry = (value: JsonValue): Result<IndexEntry, Unreadable> => {
  const entry = readDescriptor(value, 'an image of the index');
  if (!entry.ok || !isJsonObject(value)) return entry;
  return ok({ ...entry.value, ...spellingOf(value['platform']), ...createdOf(value['annotations']) });
};

const readIndex = (manifest: JsonObject, limits: EvidenceLimits): Result<ImageIndex, Unreadable> => {
  const list = manifest['manifests'];
  if (!Array.isArray(list)) return invalid('it is an index without a list of images');
  const children: IndexEntry[] = [];
  for (const entry of list) {
    const child = readEntry(entry);
    if (!child.ok) return child;
    if (child.value.platform !== undefined && isNoPlatform(child.value.platform)) continue;
    children.push(child.value);
    if (children.length > limits.indexChildren) {
      return tooMuch(`it is an index of more than ${limits.indexChildren} images`);
    }
  }
  return ok({ kind: 'index', children, ...createdOf(manifest['annotations']) });
};

/** Helm charts, signatures and the like lie in registries as well. */
const notAnImage = (type: string): Result<never, Unreadable> =>
  invalid(`it is an artifact of type ${shown(type)}, not a container image`);

/** The config; `undefined` where the manifest has none, so that no runtime can start it. */
const readConfigDescriptor = (manifest: JsonObject): Result<Descriptor | undefined, Unreadable> => {
  const config = manifest['config'];
  return config === undefined || config === null ? ok(undefined) : readDescriptor(config, 'its config');
};

/** Number and bytes of config and layers. */
const readContents = (
  manifest: JsonObject,
  config: Descriptor | undefined,
  limits: EvidenceLimits,
): Result<Pick<ImageManifest, 'layers' | 'size'>, Unreadable> => {
  const list = manifest['layers'];
  if (!Array.isArray(list)) return invalid('it has no list of layers');
  if (list.length > limits.layers) return tooMuch(`it has more than ${limits.layers} layers`);
  let size = config?.size ?? 0;
  for (const entry of list) {
    const layer = readDescriptor(entry, 'a layer');
    if (!layer.ok) return layer;
    size += layer.value.size;
  }
  if (!Number.isSafeInteger(size)) return invalid('the sizes of its layers add up to nonsense');
  return ok({ layers: list.length, size });
};

const readImage = (
  manifest: JsonObject,
  limits: EvidenceLimits,
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

/**
 * What the bytes are, whatever a header says. Bytes that could be read as both an index and an image are refused
 * (CVE-2021-41190): two readers would run two different things.
 */
const kindOf = (manifest: JsonObject): Result<'image' | 'index', Unreadable> => {
  if (manifest['schemaVersion'] === 1) {
    return invalid('it is a Docker schema 1 manifest, which runtimes no longer run: push it again');
  }
  if (manifest['schemaVersion'] !== 2) return invalid('its schemaVersion is not 2');
  const asIndex = manifest['manifests'] !== undefined;
  const asImage = manifest['config'] !== undefined || manifest['layers'] !== undefined;
  if (asIndex && asImage) return invalid('it can be read as an index and as an image');
  const kind = asIndex ? 'index' : 'image';
  const type = manifest['mediaType'] ?? manifestTypes[kind][0];
  if (typeof type !== 'string') return invalid('its mediaType is not a text');
  const said = shapeOfType(type);
  if (said === undefined) return notAnImage(type);
  return said === kind ? ok(kind) : invalid(`it calls itself ${type} and is something else`);
};

export type AnyManifest = ImageManifest | ImageIndex | ArtifactManifest;

/** Reads an image manifest, an index or the manifest of an artifact, OCI or Docker. */
export const readManifest = (bytes: Uint8Array, limits: EvidenceLimits): Result<AnyManifest, Unreadable> => {
  const object = readJsonObject(bytes);
  if (!object.ok) return object;
  const stranger = foreignSpelling(object.value, manifestFields);
  if (stranger !== undefined) return misspelt(stranger);
  if (isCheckpoint(object.value)) {
    return invalid(
      'it is the checkpoint of a container: a node goes on with what was saved, not with what its config says',
    );
  }
  const kind = kindOf(object.value);
  if (!kind.ok) return kind;
  return kind.value === 'index' ? readIndex(object.value, limits) : readImage(object.value, limits);
};
