import { shown } from '../text/shown-text.ts';
import { readJsonObject } from '../text/json/json-document.ts';
import { fieldNames, foreignSpelling, type FieldNames } from '../text/json/field-names.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../text/json/json.ts';
import { fail, ok, type Result } from '../result.ts';
import { invalidBytes, type Unreadable } from '../text/unreadable.ts';
import { manifestTypes, shapeOfType, type ManifestShape } from './media-types.ts';

/** Fields of manifests and indexes (OCI image-spec; Docker schemas 1 and 2). */
const manifestFields = fieldNames(
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'fsLayers',
);
/** OCI image-spec, "Content Descriptors". */
const descriptorFields = fieldNames(
  'mediaType',
  'digest',
  'size',
  'urls',
  'data',
  'artifactType',
  'platform',
  'annotations',
);
/** `platform` of a descriptor of an index. */
const platformFields = fieldNames('os', 'os.version', 'os.features', 'architecture', 'variant');

const schema1Types = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/;
const schema1 =
  'it is of the old Docker schema 1, which is not read; push the image again with a current tool, or ask its publisher to';

const misspelled = (value: JsonValue | undefined, known: FieldNames): string | undefined =>
  isJsonObject(value) ? foreignSpelling(value, known) : undefined;

const misspelledIn = (descriptor: JsonValue): string | undefined =>
  isJsonObject(descriptor)
    ? (foreignSpelling(descriptor, descriptorFields) ?? misspelled(descriptor['platform'], platformFields))
    : undefined;

/** A key that differs from one of the specification in nothing but case. */
const misspelledKey = (document: JsonObject): string | undefined => {
  const { config, subject, layers, manifests } = document;
  const key = foreignSpelling(document, manifestFields);
  if (key !== undefined) return key;
  for (const value of [config, subject, layers, manifests]) {
    for (const descriptor of Array.isArray(value) ? (value as readonly JsonValue[]) : [value ?? null]) {
      const found = misspelledIn(descriptor);
      if (found !== undefined) return found;
    }
  }
  return undefined;
};

/** Why a reader that folds case would see another document than we do. */
export const whyMisspelled = (document: JsonObject): string | undefined => {
  const key = misspelledKey(document);
  return key === undefined
    ? undefined
    : `its key ${shown(key)} is spelled otherwise than the specification does`;
};

/** Go writes an empty list as null. */
const has = (document: JsonObject, key: string): boolean =>
  document[key] !== undefined && document[key] !== null;

/** The type of the document by its keys. CVE-2021-41190: readers disagree about a document that is both. */
const shapeOf = (document: JsonObject): Result<ManifestShape | undefined, string> => {
  const { schemaVersion, manifests, config, layers } = document;
  if (has(document, 'fsLayers') || schemaVersion === 1) return fail(schema1);
  if (manifests !== undefined && (config !== undefined || layers !== undefined))
    return fail('it is an index and a manifest at the same time (CVE-2021-41190)');
  if (schemaVersion !== 2) return fail('its schemaVersion is not 2');
  if (has(document, 'manifests')) return ok('index');
  return ok(has(document, 'config') || has(document, 'layers') ? 'image' : undefined);
};

/** What the field `mediaType` says it is, else the keys. */
const typeOf = (document: JsonObject): Result<Omit<ManifestDocument, 'object'>, string> => {
  const shape = shapeOf(document);
  if (!shape.ok) return shape;
  const said = document['mediaType'];
  if (said === undefined || said === null) {
    if (shape.value === undefined) return fail('it is neither an index nor a manifest');
    return ok({ shape: shape.value, mediaType: manifestTypes[shape.value][0], isSilent: true });
  }
  if (typeof said !== 'string') return fail('its mediaType is no text');
  if (schema1Types.test(said)) return fail(schema1);
  const wanted = shapeOfType(said);
  if (wanted === undefined) return fail(`its media type ${shown(said)} is not one that images have`);
  const found = document['manifests'] === null ? 'index' : shape.value;
  if (found !== wanted) return fail(`its media type says ${wanted}, its content does not`);
  return ok({ shape: wanted, mediaType: said, isSilent: false });
};

const whyParts = (document: JsonObject, shape: ManifestShape): string | undefined => {
  const list = shape === 'index' ? 'manifests' : 'layers';
  if (has(document, list) && !Array.isArray(document[list])) return `its ${list} is no list`;
  // Without a config it is no image. The code that reads further says so.
  if (has(document, 'config') && !isJsonObject(document['config'])) return 'its config is no object';
  return undefined;
};

/** Bytes of which it is settled whether they are a manifest or an index. */
export interface ManifestDocument {
  readonly shape: ManifestShape;
  /** Its field `mediaType`, else the type by its keys. */
  readonly mediaType: string;
  /** It has no field `mediaType`. */
  readonly isSilent: boolean;
  readonly object: JsonObject;
}

/**
 * Reads the bytes of a manifest or an index as far as every reader must agree on: which of the two they are. Refused are
 * Docker schema 1, a document that is both, and keys that another reader could understand differently. The registry
 * adapter asks this before it hands out bytes, and `readManifest` before it reads further.
 * @returns why they cannot be read, in words that follow `the manifest cannot be read:`
 */
export const readManifestDocument = (bytes: Uint8Array): Result<ManifestDocument, Unreadable> => {
  const object = readJsonObject(bytes);
  if (!object.ok) return object;
  const misspelt = whyMisspelled(object.value);
  if (misspelt !== undefined) return invalidBytes(misspelt);
  const type = typeOf(object.value);
  if (!type.ok) return invalidBytes(type.error);
  const why = whyParts(object.value, type.value.shape);
  return why === undefined ? ok({ ...type.value, object: object.value }) : invalidBytes(why);
};
