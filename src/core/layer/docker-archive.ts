import { ok, type Result } from '../result.ts';
import { fieldNames, foreignSpelling } from '../text/json/field-names.ts';
import { readJsonList } from '../text/json/json-document.ts';
import { isJsonObject, type JsonValue } from '../text/json/json.ts';
import { invalidBytes, tooMuch, type Unreadable } from '../text/unreadable.ts';
import type { OciLimits } from '../oci/limits.ts';

/** An image of `docker save`: the names of its files in the archive. */
export interface ArchivedImage {
  readonly config: string;
  /** The lowest first. */
  readonly layers: readonly string[];
}

const fields = fieldNames('Config', 'RepoTags', 'Layers', 'Parent', 'LayerSources');

const readImage = (value: JsonValue, limits: OciLimits): Result<ArchivedImage, Unreadable> => {
  if (!isJsonObject(value)) return invalidBytes('an image in it is no object');
  if (foreignSpelling(value, fields) !== undefined)
    return invalidBytes('it names files in a spelling that readers take for another');
  const { Config: config, Layers: list } = value;
  // Go writes an empty list as null.
  const layers: readonly JsonValue[] = Array.isArray(list) ? list : [];
  if (typeof config !== 'string' || !(Array.isArray(list) || list === null))
    return invalidBytes('an image in it lacks a config or layers');
  if (!layers.every((name) => typeof name === 'string')) return invalidBytes('a layer in it has no name');
  if (layers.length > limits.layers) return tooMuch(`an image in it has more than ${limits.layers} layers`);
  return ok({ config, layers });
};

/**
 * Reads the `manifest.json` of an archive of `docker save`.
 * @see https://github.com/moby/docker-image-spec/blob/main/spec.md "Combined Image JSON + Filesystem Changeset Format"
 */
export const readDockerArchive = (
  bytes: Uint8Array,
  limits: OciLimits,
): Result<readonly ArchivedImage[], Unreadable> => {
  const list = readJsonList(bytes);
  if (!list.ok) return list;
  if (list.value.length > limits.indexChildren)
    return tooMuch(`it names more than ${limits.indexChildren} images`);
  const images: ArchivedImage[] = [];
  for (const value of list.value) {
    const image = readImage(value, limits);
    if (!image.ok) return image;
    images.push(image.value);
  }
  return ok(images);
};
