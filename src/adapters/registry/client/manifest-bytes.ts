import { shown } from '../../../core/text/shown-text.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { manifestTypes, shapeOfType } from '../../../core/image/media-types.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { readJsonObject } from '../../../evidence/json/json-document.ts';
import { type FieldNames, foreignSpelling } from '../../../evidence/json/json-fields.ts';
import { descriptorFields, manifestFields, platformFields } from '../../../evidence/json/manifest-fields.ts';

type Shape = 'image' | 'index';

/** What we ask for: everything that we read. A registry that converts finds no reason to (distribution does, to schema 1). */
export const manifestAccept = [...manifestTypes.image, ...manifestTypes.index].join(', ');

/** Largest manifest or index that is read: the limit that registries set (distribution-spec, "Pushing Manifests"). */
export const manifestLimit = 4 * 1024 * 1024;

const schema1Types = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/;
/** Says nothing about what the bytes are. */
const plainTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/octet-stream',
  'text/plain',
]);

const schema1 =
  'it is of the old Docker schema 1, which is not read; push the image again with a current tool, or ask its publisher to';

const misspelled = (value: JsonValue | undefined, known: FieldNames): string | undefined =>
  isJsonObject(value) ? foreignSpelling(value, known) : undefined;

const misspelledIn = (descriptor: JsonValue | undefined): string | undefined =>
  misspelled(descriptor, descriptorFields) ??
  (isJsonObject(descriptor) ? misspelled(descriptor['platform'], platformFields) : undefined);

/** A key that differs from one of the specification in nothing but case. */
const misspelledKey = (document: JsonObject): string | undefined => {
  const lists = [document['layers'], document['manifests']].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  const descriptors = [document['config'], document['subject'], ...(lists as readonly JsonValue[])];
  const top = misspelled(document, manifestFields);
  if (top !== undefined) return top;
  for (const descriptor of descriptors) {
    const found = misspelledIn(descriptor);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Go writes an empty list as null. */
const has = (document: JsonObject, key: string): boolean =>
  document[key] !== undefined && document[key] !== null;

/** What the keys say it is. CVE-2021-41190: one that is both is read as either, by whoever reads it. */
const shapeOf = (document: JsonObject): Result<Shape | undefined, string> => {
  if (has(document, 'fsLayers') || document['schemaVersion'] === 1) return fail(schema1);
  const isIndex = has(document, 'manifests');
  const isManifest = has(document, 'config') || has(document, 'layers');
  if (isIndex && isManifest) return fail('it is an index and a manifest at the same time (CVE-2021-41190)');
  if (document['schemaVersion'] !== 2) return fail('its schemaVersion is not 2');
  if (isIndex) return ok('index');
  return ok(isManifest ? 'image' : undefined);
};

const whyParts = (document: JsonObject, shape: Shape): string | undefined => {
  const list = shape === 'index' ? 'manifests' : 'layers';
  if (has(document, list) && !Array.isArray(document[list])) return `its ${list} is no list`;
  // Without one it is no image; that it is none is for those to say who read further.
  if (has(document, 'config') && !isJsonObject(document['config'])) return 'its config is no object';
  return undefined;
};

const typeOf = (
  document: JsonObject,
): Result<{ readonly mediaType: string; readonly said: boolean }, string> => {
  const shape = shapeOf(document);
  if (!shape.ok) return shape;
  const said = document['mediaType'];
  if (said === undefined || said === null) {
    if (shape.value === undefined) return fail('it is neither an index nor a manifest');
    return ok({ mediaType: manifestTypes[shape.value][0], said: false });
  }
  if (typeof said !== 'string') return fail('its mediaType is no text');
  if (schema1Types.test(said)) return fail(schema1);
  const wanted = shapeOfType(said);
  if (wanted === undefined) return fail(`its media type ${shown(said)} is not one that images have`);
  // An index without entries has no key that shows it: Go leaves the list null.
  if ((shape.value ?? 'index') !== wanted) return fail(`its media type says ${wanted}, its content does not`);
  return ok({ mediaType: said, said: true });
};

/** Why the header says something else than the bytes (CVE-2021-41190). */
const whyHeaderDisagrees = (
  header: string | undefined,
  { mediaType, said }: { readonly mediaType: string; readonly said: boolean },
): string | undefined => {
  const named = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (named === '' || named === mediaType || plainTypes.has(named)) return undefined;
  if (!said && shapeOfType(named) === shapeOfType(mediaType)) return undefined;
  return `its Content-Type ${shown(named)} and its bytes (${mediaType}) disagree (CVE-2021-41190)`;
};

export interface ReadManifest {
  readonly mediaType: string;
  readonly isIndex: boolean;
  readonly document: JsonObject;
}

/**
 * Reads the bytes of a manifest or an index. The media type is what they say: their field `mediaType`, else their
 * keys. Refused are Docker schema 1, a document that is both, a header that disagrees, and keys that another reader
 * could understand differently.
 * @param contentType - the header `Content-Type`, if there was one
 * @returns why they cannot be read, in words that follow `the manifest cannot be read:`
 */
export const readManifest = (
  bytes: Uint8Array,
  contentType: string | undefined,
): Result<ReadManifest, string> => {
  const document = readJsonObject(bytes);
  if (!document.ok) return fail(document.error.why);
  const key = misspelledKey(document.value);
  if (key !== undefined)
    return fail(`its key ${shown(key)} is spelled otherwise than the specification does`);
  const type = typeOf(document.value);
  if (!type.ok) return type;
  const isIndex = shapeOfType(type.value.mediaType) === 'index';
  const why =
    whyParts(document.value, isIndex ? 'index' : 'image') ?? whyHeaderDisagrees(contentType, type.value);
  if (why !== undefined) return fail(why);
  return ok({ mediaType: type.value.mediaType, isIndex, document: document.value });
};
