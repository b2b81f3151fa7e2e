import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { Platform, PlatformImage } from '../../core/facts/image-facts.ts';
import { parseDigest } from '../../core/image/digest.ts';
import { manifestTypes, shapeOfType } from '../../core/image/media-types.ts';
import { ok, type Result } from '../../core/result.ts';
import { shown } from '../../core/decision/shown-text.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { Descriptor } from '../ports.ts';
import { readJsonObject } from '../json-document.ts';
import { foreignSpelling, optionalText } from '../json-fields.ts';
import { descriptorFields, manifestFields, platformFields } from '../manifest-fields.ts';
import { invalid, tooMuch, type Unreadable } from '../unreadable.ts';
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
}
/** OCI image-spec, "Image Index Specification"; a Docker manifest list has the same fields. */
export interface ImageIndex {
  readonly kind: 'index';
  /** What may run somewhere; attachments (`unknown/unknown`) are left out. */
  readonly children: readonly Descriptor[];
}

const configTypes = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

const misspelt = (name: string): Result<never, Unreadable> =>
  invalid(`it holds ${JSON.stringify(shown(name))}, which runtimes read as another field than we would`);

/** Absent when a part is empty: containerd then looks into the config, so nothing may be concluded from it. */
const readPlatform = (value: JsonValue | undefined): Result<Platform | undefined, Unreadable> => {
  if (value === undefined || value === null) return ok(undefined);
  if (!isJsonObject(value)) return invalid('a platform in it is not an object');
  const stranger = foreignSpelling(value, platformFields);
  if (stranger !== undefined) return misspelt(stranger);
  const parts = ['os', 'architecture', 'variant'].map((name) => optionalText(value[name]) ?? '');
  if (parts.includes(false)) return invalid('a platform in it is not made of texts');
  const [os, architecture, variant] = parts as [string, string, string];
  if (os === '' || architecture === '') return ok(undefined);
  return ok(variant === '' ? { os, architecture } : { os, architecture, variant });
};

const isSize = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const readDescriptor = (value: JsonValue | undefined, what: string): Result<Descriptor, Unreadable> => {
  if (!isJsonObject(value)) return invalid(`${what} is not a descriptor`);
  const stranger = foreignSpelling(value, descriptorFields);
  if (stranger !== undefined) return misspelt(stranger);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isSize(size)) {
    return invalid(`${what} lacks a media type, a digest or a size`);
  }
  const parsed = parseDigest(digest);
  if (!parsed.ok) return invalid(`${what}: ${parsed.error}`);
  const platform = readPlatform(value['platform']);
  if (!platform.ok) return platform;
  const descriptor = { mediaType, digest, size };
  return ok(platform.value === undefined ? descriptor : { ...descriptor, platform: platform.value });
};

const readBase = (annotations: JsonValue | undefined): Base => {
  if (!isJsonObject(annotations)) return {};
  const name = annotations['org.opencontainers.image.base.name'];
  const digest = annotations['org.opencontainers.image.base.digest'];
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(typeof digest === 'string' && digest !== '' ? { digest } : {}),
  };
};

const readIndex = (manifest: JsonObject, limits: EvidenceLimits): Result<ImageIndex, Unreadable> => {
  const list = manifest['manifests'];
  if (!Array.isArray(list)) return invalid('it is an index without a list of images');
  const children: Descriptor[] = [];
  for (const entry of list) {
    const child = readDescriptor(entry, 'an image of the index');
    if (!child.ok) return child;
    if (child.value.platform !== undefined && isNoPlatform(child.value.platform)) continue;
    children.push(child.value);
    if (children.length > limits.indexChildren) {
      return tooMuch(`it is an index of more than ${limits.indexChildren} images`);
    }
  }
  return ok({ kind: 'index', children });
};

/** What it is instead, for people: Helm charts, signatures and the like lie in registries as well. */
const notAnImage = (type: string): Result<never, Unreadable> =>
  invalid(`it is an artifact of type ${shown(type)}, not a container image`);

const readImage = (manifest: JsonObject, limits: EvidenceLimits): Result<ImageManifest, Unreadable> => {
  const config = readDescriptor(manifest['config'], 'its config');
  if (!config.ok) return config;
  if (!configTypes.has(config.value.mediaType)) {
    const artifactType = optionalText(manifest['artifactType']);
    return notAnImage(
      artifactType === undefined || artifactType === false ? config.value.mediaType : artifactType,
    );
  }
  const list = manifest['layers'];
  if (!Array.isArray(list)) return invalid('it has no list of layers');
  if (list.length > limits.layers) return tooMuch(`it has more than ${limits.layers} layers`);
  let size = config.value.size;
  for (const entry of list) {
    const layer = readDescriptor(entry, 'a layer');
    if (!layer.ok) return layer;
    size += layer.value.size;
  }
  if (!Number.isSafeInteger(size)) return invalid('the sizes of its layers add up to nonsense');
  return ok({
    kind: 'image',
    config: config.value,
    layers: list.length,
    size,
    base: readBase(manifest['annotations']),
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

/** Reads an image manifest or an index, OCI or Docker. */
export const readManifest = (
  bytes: Uint8Array,
  limits: EvidenceLimits,
): Result<ImageManifest | ImageIndex, Unreadable> => {
  const object = readJsonObject(bytes);
  if (!object.ok) return object;
  const stranger = foreignSpelling(object.value, manifestFields);
  if (stranger !== undefined) return misspelt(stranger);
  const kind = kindOf(object.value);
  if (!kind.ok) return kind;
  return kind.value === 'index' ? readIndex(object.value, limits) : readImage(object.value, limits);
};
