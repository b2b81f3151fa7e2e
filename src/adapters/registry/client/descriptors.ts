import { parseDigest } from '../../../core/image/digest.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Descriptor } from '../../../evidence/ports.ts';

// RFC 6838, section 4.2: type and subtype have at most 127 characters each.
const mediaType = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
/** Annotations are hints; more than this is no hint. In keys and UTF-16 units. */
const maxAnnotations = 64;
const maxAnnotationText = 8192;
const maxWord = 128;

const isMediaType = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && mediaType.test(value);
const isWord = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && value !== '' && value.length <= maxWord;

const annotationsOf = (value: JsonValue | undefined): Readonly<Record<string, string>> | undefined => {
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value);
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const length = texts.reduce((sum, [key, text]) => sum + key.length + text.length, 0);
  const fits =
    texts.length === entries.length && entries.length <= maxAnnotations && length <= maxAnnotationText;
  return fits ? Object.fromEntries(texts) : undefined;
};

const platformOf = (value: JsonValue | undefined): Descriptor['platform'] => {
  if (!isJsonObject(value)) return undefined;
  const { os, architecture, variant } = value;
  if (!isWord(os) || !isWord(architecture)) return undefined;
  return { os, architecture, ...(isWord(variant) && { variant }) };
};

/**
 * One entry of a list of referrers. Undefined when it names nothing that could be fetched (no digest, no size, no media
 * type): it is no evidence for anything then. Annotations, platform and artifactType are hints and left out when they
 * are not what the specification says.
 * @see OCI image-spec 1.1, "OCI Content Descriptors"
 */
const readDescriptor = (value: JsonValue): Descriptor | undefined => {
  if (!isJsonObject(value)) return undefined;
  const { digest, size, mediaType: type, artifactType } = value;
  if (typeof digest !== 'string' || !parseDigest(digest).ok || !isMediaType(type)) return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  const annotations = annotationsOf(value['annotations']);
  const platform = platformOf(value['platform']);
  return {
    mediaType: type,
    digest,
    size,
    ...(isMediaType(artifactType) && { artifactType }),
    ...(annotations && { annotations }),
    ...(platform && { platform }),
  };
};

/** The entries of an index that can be fetched. */
export const descriptorsOf = (index: JsonObject): Result<readonly Descriptor[], string> => {
  const { manifests } = index;
  // Go writes an empty list as null.
  if (manifests === null) return ok([]);
  if (!Array.isArray(manifests)) return fail('it is not an index');
  const read = (manifests as readonly JsonValue[]).map(readDescriptor);
  return ok(read.filter((descriptor) => descriptor !== undefined));
};
