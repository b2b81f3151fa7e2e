import type { Digest } from '../image/digest.ts';
import { ok, type Result } from '../result.ts';
import { isJsonObject, objectOf, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';
import { readDescriptor, type Descriptor } from './descriptor.ts';
import { readLabels, type ImageLabels } from './labels.ts';
import type { OciLimits } from './limits.ts';
import { readManifestDocument } from './manifest-document.ts';

/** A layer with its annotations: cosign 2 keeps signature and certificate there. */
export interface CandidateLayerDescriptor extends Pick<Descriptor, 'mediaType' | 'digest' | 'size'> {
  readonly annotations: ImageLabels;
}

/** The manifest of something that may speak for an image (OCI image-spec, "Image Manifest Specification"). */
export interface CandidateManifest {
  /** What it says that it refers to. */
  readonly subject?: Digest;
  /** Its own word, else the media type of its config. */
  readonly artifactType?: string;
  readonly annotations: ImageLabels;
  readonly layers: readonly CandidateLayerDescriptor[];
}

const readLayer = (value: JsonValue, limits: OciLimits): Result<CandidateLayerDescriptor, Unreadable> => {
  const descriptor = readDescriptor(value, 'a layer');
  if (!descriptor.ok) return descriptor;
  if (!isJsonObject(value)) return invalidBytes('a layer is not a descriptor');
  const annotations = readLabels(value['annotations'], 'annotation', limits);
  if (!annotations.ok) return annotations;
  const { mediaType, digest, size } = descriptor.value;
  return ok({ mediaType, digest, size, annotations: annotations.value });
};

const readLayers = (
  { layers }: JsonObject,
  limits: OciLimits,
): Result<readonly CandidateLayerDescriptor[], Unreadable> => {
  if (!Array.isArray(layers)) return invalidBytes('it has no list of layers');
  if (layers.length > limits.layers) return tooMuch(`it has more than ${limits.layers} layers`);
  const read: CandidateLayerDescriptor[] = [];
  for (const value of layers as readonly JsonValue[]) {
    const layer = readLayer(value, limits);
    if (!layer.ok) return layer;
    read.push(layer.value);
  }
  return ok(read);
};

/** Reads the manifest of a signature or an attestation: its layers, and the image that it says it refers to. */
export const readCandidateManifest = (
  bytes: Uint8Array,
  limits: OciLimits,
): Result<CandidateManifest, Unreadable> => {
  const document = readManifestDocument(bytes);
  if (!document.ok) return document;
  const { shape, object } = document.value;
  if (shape === 'index') return invalidBytes('it is an index, which signs nothing');
  const { subject } = object;
  const refersTo =
    subject === undefined || subject === null ? undefined : readDescriptor(subject, 'its subject');
  if (refersTo?.ok === false) return refersTo;
  const annotations = readLabels(object['annotations'], 'annotation', limits);
  if (!annotations.ok) return annotations;
  const layers = readLayers(object, limits);
  if (!layers.ok) return layers;
  const { artifactType = objectOf(object['config'])['mediaType'] } = object;
  return ok({
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(refersTo === undefined ? {} : { subject: refersTo.value.digest }),
    annotations: annotations.value,
    layers: layers.value,
  });
};
