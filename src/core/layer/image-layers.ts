import { parseDigest, type Digest } from '../image/digest.ts';
import { ok, type Result } from '../result.ts';
import { fieldNames, foreignSpelling } from '../text/json/field-names.ts';
import { readJsonObject } from '../text/json/json-document.ts';
import { isJsonObject, objectOf, textOf, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { invalidBytes, type Failed, type Unreadable } from '../text/unreadable.ts';
import { readDescriptor, type Descriptor } from '../oci/descriptor.ts';
import { readManifestDocument } from '../oci/manifest-document.ts';

/** A layer of an image, by what its manifest and its config say of it. */
export interface ImageLayer extends Pick<Descriptor, 'mediaType' | 'digest' | 'size'> {
  readonly annotations: Readonly<Record<string, string>>;
  /** What it unpacks to. */
  readonly diffId: Digest;
  /** The build step that made it, as the builder tells it. */
  readonly createdBy?: string;
}

const maxStepLength = 1024;

const configFields = fieldNames('rootfs', 'history');
const rootFields = fieldNames('type', 'diff_ids');

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

const readDiffIds = (config: JsonObject): Result<readonly Digest[], Unreadable> => {
  const root = objectOf(config['rootfs']);
  // A runtime that reads names in any case would unpack other layers than those that were looked at.
  if ((foreignSpelling(config, configFields) ?? foreignSpelling(root, rootFields)) !== undefined)
    return invalidBytes('its config names its layers in a spelling that runtimes read as another');
  const digests: Digest[] = [];
  for (const text of listOf(root['diff_ids'])) {
    const digest = parseDigest(textOf(text));
    if (!digest.ok) return invalidBytes(`its config names a layer by no digest: ${digest.error}`);
    digests.push(digest.value);
  }
  return ok(digests);
};

/** The steps that made a layer; a history that does not fit to the layers says nothing of them. */
const stepsOf = (config: JsonObject, layers: number): readonly string[] => {
  const made = listOf(config['history'])
    .map(objectOf)
    .filter((step) => step['empty_layer'] !== true);
  if (made.length !== layers) return [];
  return made.map((step) => textOf(step['created_by']).slice(0, maxStepLength));
};

const annotationsOf = (value: JsonValue): Readonly<Record<string, string>> => {
  const annotations = objectOf(isJsonObject(value) ? value['annotations'] : undefined);
  return Object.fromEntries(Object.entries(annotations).map(([key, text]) => [key, textOf(text)]));
};

/** What a config says of a layer. */
type ConfiguredLayer = Pick<ImageLayer, 'diffId' | 'createdBy'>;

/** The layers of a config, the lowest first. */
export const readConfiguredLayers = (config: Uint8Array): Result<readonly ConfiguredLayer[], Unreadable> => {
  const object = readJsonObject(config);
  if (!object.ok) return object;
  const diffIds = readDiffIds(object.value);
  if (!diffIds.ok) return diffIds;
  const steps = stepsOf(object.value, diffIds.value.length);
  return ok(
    diffIds.value.map((diffId, at) => {
      const createdBy = steps[at] ?? '';
      return { diffId, ...(createdBy === '' ? {} : { createdBy }) };
    }),
  );
};

export const countsDiffer = (layers: number, configured: number): Failed =>
  invalidBytes(`it has ${layers} layers, and its config names ${configured}`);

/**
 * The layers of an image, the lowest first. Manifest and config have to agree on their number: a runtime refuses the image
 * otherwise.
 */
export const readImageLayers = (
  manifest: Uint8Array,
  config: Uint8Array,
): Result<readonly ImageLayer[], Unreadable> => {
  const document = readManifestDocument(manifest);
  if (!document.ok) return document;
  const configured = readConfiguredLayers(config);
  if (!configured.ok) return configured;
  const entries = listOf(document.value.object['layers']);
  if (entries.length !== configured.value.length)
    return countsDiffer(entries.length, configured.value.length);
  const layers: ImageLayer[] = [];
  for (const [at, ofConfig] of configured.value.entries()) {
    const entry = entries[at] ?? null;
    const layer = readDescriptor(entry, 'a layer');
    if (!layer.ok) return layer;
    const { mediaType, digest, size } = layer.value;
    layers.push({ mediaType, digest, size, annotations: annotationsOf(entry), ...ofConfig });
  }
  return ok(layers);
};
